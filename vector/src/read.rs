//! Gets by id, and counts.

use headwater_primitives::filter::Filter;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Read, RecordId, Result, Snapshot, ToId};

use crate::filters::matching_rows;
use crate::record::Embedded;
use crate::rows::{self, StoredRow};
use crate::store::{Inner, VectorStore};
use crate::table::place;
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
            Ok(ids) => self.inner.namespace.read(move |snapshot| {
                let row = |id| inner.find(snapshot.sql(), id)?.map(|row| row.decode()).transpose();
                ids.iter().map(row).collect()
            }),
        }
    }

    /// The row under `id` as `snapshot` sees it.
    ///
    /// # Errors
    /// `InvalidInput` for an id of the wrong kind, or when the row does not fit `T`; `Corrupt`.
    pub fn get_at(&self, snapshot: &Snapshot<'_>, id: impl ToId) -> Result<Option<T>> {
        self.inner.find(snapshot.sql(), &id.to_id()?)?.map(|row| row.decode()).transpose()
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

    fn read<R: 'static>(
        &self,
        id: impl ToId,
        finish: impl FnOnce(StoredRow) -> Result<R> + Send + 'static,
    ) -> Read<Option<R>> {
        let id = match self.inner.checked_id(id) {
            Ok(id) => id,
            Err(error) => return Read::ready(Err(error)),
        };
        let inner = self.inner.clone();
        Read::new(move || {
            let found = inner.namespace.query(|sql| inner.find(sql, &id))?;
            found.map(finish).transpose().map_err(|error| error.context(place(&inner.table.name)))
        })
    }
}

impl Inner {
    /// The row under `id` as `sql` sees it.
    pub(crate) fn find(&self, sql: &Connection, id: &RecordId) -> Result<Option<StoredRow>> {
        match self.table.kind_in(sql)? {
            Some(kind) => check_kind(&self.table, kind, id)?,
            None => return Ok(None),
        }
        rows::find(sql, &self.table, id)
    }
}

pub(crate) fn versioned<T: Embedded>(row: StoredRow) -> Result<Versioned<T>> {
    let value = row.decode()?;
    Ok(Versioned { id: row.id, version: row.version, row: value })
}
