//! Gets by id, and counts.

use std::sync::Arc;

use headwater_primitives::filter::Filter;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Answer, Read, RecordId, Result, Snapshot, ToId};

use crate::filters::matching_rows;
use crate::record::Embedded;
use crate::rows::{self, StoredRow};
use crate::store::{Inner, VectorStore};
use crate::table::place;
use crate::warm::{Pointer, pointer_for};
use crate::write::check_kind;
use crate::written::Versioned;

impl<T: Embedded> VectorStore<T> {
    /// The row under `id`.
    pub fn get(&self, id: impl ToId) -> Read<Option<T>> {
        self.read(id, |row| row.decode())
    }

    /// The row under `id` with its version.
    pub fn get_versioned(&self, id: impl ToId) -> Read<Option<Versioned<T>>> {
        self.read(id, versioned)
    }

    /// The rows under `ids`, in their order, as one consistent view.
    pub fn get_many<I: ToId>(&self, ids: impl IntoIterator<Item = I>) -> Read<Vec<Option<T>>> {
        let ids: Result<Vec<RecordId>> = ids.into_iter().map(|id| id.to_id()).collect();
        let inner = self.inner.clone();
        match ids {
            Err(error) => Read::ready(Err(error)),
            Ok(ids) => Read::answered(move || match inner.find_each(&ids) {
                Err(error) => Answer::Now(Err(error)),
                Ok((found, None)) => Answer::Now(decode_each(found)),
                Ok((mut found, Some(pointer))) => inner.later(move |inner| {
                    inner.fill_each(&pointer, &mut found)?;
                    decode_each(found)
                }),
            }),
        }
    }

    /// The row under `id` as `snapshot` sees it. Waits for an embedding that is in the warm tier.
    ///
    /// # Errors
    /// `InvalidInput` for an id of the wrong kind, or when the row does not fit `T`; `Corrupt`.
    pub fn get_at(&self, snapshot: &Snapshot<'_>, id: impl ToId) -> Result<Option<T>> {
        let Some(mut row) = self.inner.find(snapshot.sql(), &id.to_id()?)? else { return Ok(None) };
        self.inner.fill_at(snapshot.sql(), std::slice::from_mut(&mut row))?;
        row.decode().map(Some)
    }

    /// How many rows there are.
    pub fn count(&self) -> Read<u64> {
        let inner = self.inner.clone();
        Read::new(move || {
            let select = format!("SELECT count(*) FROM {}", inner.table.sql.table);
            inner.namespace.query(|sql| {
                let count: i64 = sql.prepare_cached(&select)?.query_row([], |row| row.get(0))?;
                Ok(count as u64)
            })
        })
    }

    /// How many rows have metadata that `filter` matches. Cost: a search, where the filter bounds a
    /// declared filter field; otherwise a look at every row.
    pub fn count_where(&self, filter: Filter) -> Read<u64> {
        let inner = self.inner.clone();
        if let Err(error) = filter.check() {
            return Read::ready(Err(error));
        }
        self.inner.namespace.read(move |snapshot| {
            Ok(matching_rows(snapshot.sql(), &inner.table, &filter)?.len() as u64)
        })
    }

    fn read<R: Send + 'static>(
        &self,
        id: impl ToId,
        finish: impl FnOnce(StoredRow) -> Result<R> + Send + 'static,
    ) -> Read<Option<R>> {
        let id = match self.inner.checked_id(id) {
            Ok(id) => id,
            Err(error) => return Read::ready(Err(error)),
        };
        let name = self.inner.table.name.clone();
        let finish = move |row: Option<StoredRow>| {
            row.map(finish).transpose().map_err(|error| error.context(place(&name)))
        };
        self.inner.read_one(id).and_then(finish)
    }
}

/// Rows, each at its place, with what says where the embeddings are that they do not have.
type FoundEach = (Vec<Option<StoredRow>>, Option<Pointer>);

impl Inner {
    /// The whole row under `id`.
    pub(crate) fn read_one(self: &Arc<Self>, id: RecordId) -> Read<Option<StoredRow>> {
        let inner = self.clone();
        Read::answered(move || match inner.namespace.query(|sql| inner.find(sql, &id)) {
            Ok(Some(row)) if row.embedding.is_elsewhere() => inner.later(move |inner| {
                // Once more, as one view with where its embedding is.
                Ok(inner.find_whole(&[id])?.pop().flatten())
            }),
            found => Answer::Now(found),
        })
    }

    /// The whole rows under `ids`. Waits for what is in the warm tier.
    pub(crate) fn find_whole(&self, ids: &[RecordId]) -> Result<Vec<Option<StoredRow>>> {
        let (mut found, pointer) = self.find_each(ids)?;
        if let Some(pointer) = pointer {
            self.fill_each(&pointer, &mut found)?;
        }
        Ok(found)
    }

    /// The rows under `ids`, as one view.
    fn find_each(&self, ids: &[RecordId]) -> Result<FoundEach> {
        self.namespace.snapshot(|snapshot| {
            let sql = snapshot.sql();
            let find = |id| self.find(sql, id);
            let found: Vec<Option<StoredRow>> = ids.iter().map(find).collect::<Result<_>>()?;
            let elsewhere = |row: &Option<StoredRow>| {
                row.as_ref().is_some_and(|row| row.embedding.is_elsewhere())
            };
            let pointer = match found.iter().find(|row| elsewhere(row)) {
                Some(Some(row)) => pointer_for(sql, &self.table, std::slice::from_ref(row))?,
                _ => None,
            };
            Ok((found, pointer))
        })
    }

    /// [`fill`](Self::fill) for rows at their places.
    fn fill_each(&self, pointer: &Pointer, found: &mut [Option<StoredRow>]) -> Result<()> {
        let mut places = Vec::new();
        let mut rows = Vec::new();
        for (place, row) in found.iter_mut().enumerate() {
            if let Some(row) = row.take() {
                places.push(place);
                rows.push(row);
            }
        }
        self.fill(pointer, &mut rows)?;
        places.into_iter().zip(rows).for_each(|(place, row)| found[place] = Some(row));
        Ok(())
    }

    /// The row under `id` as `sql` sees it.
    pub(crate) fn find(&self, sql: &Connection, id: &RecordId) -> Result<Option<StoredRow>> {
        match self.table.kind_in(sql)? {
            Some(kind) => check_kind(&self.table, kind, id)?,
            None => return Ok(None),
        }
        rows::find(sql, &self.table, id)
    }
}

fn decode_each<T: Embedded>(rows: Vec<Option<StoredRow>>) -> Result<Vec<Option<T>>> {
    rows.into_iter().map(|row| row.map(|row| row.decode()).transpose()).collect()
}

pub(crate) fn versioned<T: Embedded>(row: StoredRow) -> Result<Versioned<T>> {
    let value = row.decode()?;
    Ok(Versioned { id: row.id, version: row.version, row: value })
}
