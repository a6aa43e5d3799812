//! Gets by id: from the row cache, else from the hot tier.

use headwater_primitives::rusqlite::{Connection, OptionalExtension, Row};
use headwater_primitives::{CachedRow, Error, Read, Result, Sequence, Snapshot, Timestamp, jsonb};

use crate::catalog::Table;
use crate::document::Document;
use crate::id::{DocumentId, ToId};
use crate::store::{Collection, DocumentStore};
use crate::write::check_kind;
use crate::written::Versioned;

impl<T: Document> DocumentStore<T> {
    /// The document under `id`.
    pub fn get(&self, id: impl ToId) -> Read<Option<T>> {
        self.read(id, |_, row| decode(&row.body))
    }

    /// The document under `id` with its version.
    pub fn get_versioned(&self, id: impl ToId) -> Read<Option<Versioned<T>>> {
        self.read(id, |id, row| {
            Ok(Versioned { id, version: row.version, document: decode(&row.body)? })
        })
    }

    /// The document under `id` as it is stored: SQLite's JSONB, shared with the row cache.
    pub fn get_raw(&self, id: impl ToId) -> Read<Option<CachedRow>> {
        self.read(id, |_, row| Ok(row))
    }

    /// The document under `id` as JSON text.
    pub fn get_json(&self, id: impl ToId) -> Read<Option<String>> {
        self.read(id, |_, row| jsonb::to_json(&row.body))
    }

    /// The documents under `ids`, in their order, as one consistent view.
    pub fn get_many<I: ToId>(&self, ids: impl IntoIterator<Item = I>) -> Read<Vec<Option<T>>> {
        let ids: Result<Vec<DocumentId>> = ids.into_iter().map(|id| id.to_id()).collect();
        let collection = self.collection.clone();
        match ids {
            Err(error) => Read::ready(Err(error)),
            Ok(ids) => Read::new(move || {
                let Some(table) = collection.table()? else {
                    return Ok(ids.iter().map(|_| None).collect());
                };
                ids.iter().try_for_each(|id| check_kind(table, id))?;
                let now = collection.namespace.clock().now();
                collection.namespace.snapshot(|snapshot| {
                    ids.iter()
                        .map(|id| {
                            let row = select(snapshot.sql(), table, id, || now)?;
                            row.map(|row| decode(&row.body)).transpose()
                        })
                        .collect()
                })
            }),
        }
    }

    /// The document under `id` as `snapshot` sees it.
    ///
    /// # Errors
    /// `InvalidInput` for an id of the wrong kind, or when the document does not fit `T`; `Corrupt`.
    pub fn get_at(&self, snapshot: &Snapshot<'_>, id: impl ToId) -> Result<Option<T>> {
        let id = id.to_id()?;
        let Some(table) = self.collection.table()? else { return Ok(None) };
        check_kind(table, &id)?;
        let now = self.collection.namespace.clock().now();
        select(snapshot.sql(), table, &id, || now)?.map(|row| decode(&row.body)).transpose()
    }

    fn read<R: 'static>(
        &self,
        id: impl ToId,
        finish: impl FnOnce(DocumentId, CachedRow) -> Result<R> + Send + 'static,
    ) -> Read<Option<R>> {
        let id = match id.to_id() {
            Ok(id) => id,
            Err(error) => return Read::ready(Err(error)),
        };
        let collection = self.collection.clone();
        Read::new(move || match collection.get(&id)? {
            Some(row) => finish(id, row).map(Some),
            None => Ok(None),
        })
    }
}

impl Collection {
    /// The live row under `id`.
    pub(crate) fn get(&self, id: &DocumentId) -> Result<Option<CachedRow>> {
        let Some(table) = self.table()? else { return Ok(None) };
        check_kind(table, id)?;
        let (cache, clock) = (self.namespace.cache(), self.namespace.clock());
        if let Some(row) = cache.get(table.table_id(), id.row_key(), || clock.now()) {
            return Ok(Some(row));
        }
        let mark = cache.mark();
        let row = self.namespace.query(|sql| select(sql, table, id, || clock.now()))?;
        if let Some(row) = &row {
            cache.fill(table.table_id(), id.row_key(), mark, row);
        }
        Ok(row)
    }
}

fn select(
    sql: &Connection,
    table: &Table,
    id: &DocumentId,
    now: impl FnOnce() -> Timestamp,
) -> Result<Option<CachedRow>> {
    let found = sql
        .prepare_cached(&table.sql.get)?
        .query_row([id], |row| Ok(cached_row(row)))
        .optional()?
        .transpose()?;
    Ok(found.filter(|row| row.expires.is_none_or(|end| end > now())))
}

/// The columns version, expires and body.
fn cached_row(row: &Row<'_>) -> Result<CachedRow> {
    let body = row.get_ref(2)?.as_blob().map_err(|_| Error::corrupt("a document is no blob"))?;
    Ok(CachedRow {
        version: Sequence(row.get::<_, i64>(0)? as u64),
        expires: row.get::<_, Option<i64>>(1)?.map(Timestamp),
        body: body.into(),
    })
}

/// Decodes a stored document into the user's type.
pub(crate) fn decode<T: Document>(body: &[u8]) -> Result<T> {
    jsonb::from_slice(body).map_err(|error| {
        error.context(format!("a document of {:?} does not fit its type", T::collection()))
    })
}
