//! Gets by id: from the row cache, else from the hot tier.

use headwater_primitives::rusqlite::{Connection, OptionalExtension, Row};
use headwater_primitives::{
    Answer, CachedRow, Error, Read, Result, Sequence, Snapshot, Timestamp, jsonb,
};

use crate::catalog::Table;
use crate::cold;
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
            Ok(ids) => Read::answered(move || {
                let rows = collection
                    .namespace
                    .snapshot(|snapshot| Ok(collection.rows_at(snapshot, &ids)))
                    .unwrap_or_else(|error: Error| Answer::Now(Err(error)));
                rows.and_then(|rows| {
                    let decode = |row: Option<CachedRow>| row.map(|row| decode(&row.body));
                    rows.into_iter().map(|row| decode(row).transpose()).collect()
                })
            }),
        }
    }

    /// The document under `id` as `snapshot` sees it.
    ///
    /// # Errors
    /// `InvalidInput` for an id of the wrong kind, or when the document does not fit `T`; `Corrupt`.
    /// A document in the lake is waited for.
    pub fn get_at(&self, snapshot: &Snapshot<'_>, id: impl ToId) -> Result<Option<T>> {
        let id = id.to_id()?;
        let answer = self.collection.rows_at(snapshot, std::slice::from_ref(&id));
        let mut rows = Read::answered(move || answer).wait()?;
        rows.pop().flatten().map(|row| decode(&row.body)).transpose()
    }

    fn read<R: 'static>(
        &self,
        id: impl ToId,
        finish: impl FnOnce(DocumentId, CachedRow) -> Result<R> + Send + 'static,
    ) -> Read<Option<R>>
    where
        R: Send,
    {
        let id = match id.to_id() {
            Ok(id) => id,
            Err(error) => return Read::ready(Err(error)),
        };
        let collection = self.collection.clone();
        Read::answered(move || match collection.get(&id) {
            Ok(Some(row)) if cold::is_archived(&row.body) => Answer::Later(Box::pin(async move {
                let row = cold::thaw(&collection.namespace, &collection.name, &id).await?;
                row.map(|row| finish(id, row)).transpose()
            })),
            Ok(row) => Answer::Now(row.map(|row| finish(id, row)).transpose()),
            Err(error) => Answer::Now(Err(error)),
        })
    }
}

impl Collection {
    /// The live row under `id`, without its body when that is in the lake.
    pub(crate) fn get(&self, id: &DocumentId) -> Result<Option<CachedRow>> {
        let Some(table) = self.table()? else { return Ok(None) };
        check_kind(table, id)?;
        let (cache, clock) = (self.namespace.cache(), self.namespace.clock());
        if let Some(row) = cache.get(table.table_id(), id.row_key(), || clock.now()) {
            return Ok(Some(row));
        }
        let mark = cache.mark();
        let row = self.namespace.query(|sql| select(sql, table, id, || clock.now()))?;
        if let Some(row) = row.as_ref().filter(|row| !cold::is_archived(&row.body)) {
            cache.fill(table.table_id(), id.row_key(), mark, row);
        }
        Ok(row)
    }

    /// The live rows under `ids` as `snapshot` sees them.
    fn rows_at(
        &self,
        snapshot: &Snapshot<'_>,
        ids: &[DocumentId],
    ) -> Answer<Vec<Option<CachedRow>>> {
        self.hot_rows_at(snapshot, ids).map_or_else(
            |error| Answer::Now(Err(error)),
            |(rows, archived)| match archived {
                None => Answer::Now(Ok(rows)),
                Some((view, keys)) => Answer::Later(Box::pin(complete(rows, view, keys))),
            },
        )
    }

    #[expect(
        clippy::type_complexity,
        reason = "two halves of one answer, for the caller above only"
    )]
    fn hot_rows_at(
        &self,
        snapshot: &Snapshot<'_>,
        ids: &[DocumentId],
    ) -> Result<(Vec<Option<CachedRow>>, Option<(cold::View, Vec<(DocumentId, Sequence)>)>)> {
        let Some(table) = self.table()? else { return Ok((vec![None; ids.len()], None)) };
        ids.iter().try_for_each(|id| check_kind(table, id))?;
        let now = self.namespace.clock().now();
        let rows: Vec<Option<CachedRow>> = ids
            .iter()
            .map(|id| select(snapshot.sql(), table, id, || now))
            .collect::<Result<_>>()?;
        let archived = |row: &&CachedRow| cold::is_archived(&row.body);
        let keys: Vec<_> = ids
            .iter()
            .zip(&rows)
            .filter_map(|(id, row)| {
                row.as_ref().filter(archived).map(|row| (id.clone(), row.version))
            })
            .collect();
        if keys.is_empty() {
            return Ok((rows, None));
        }
        let view = cold::View::of(&self.namespace, snapshot.sql(), &table.name)?;
        Ok((rows, Some((view, keys))))
    }
}

/// Puts into `rows` the bodies that are in the lake, under `keys`.
async fn complete(
    mut rows: Vec<Option<CachedRow>>,
    view: cold::View,
    keys: Vec<(DocumentId, Sequence)>,
) -> Result<Vec<Option<CachedRow>>> {
    let mut bodies = view.fetch(keys.clone()).await?.into_iter().zip(keys);
    for row in rows.iter_mut().flatten().filter(|row| cold::is_archived(&row.body)) {
        match bodies.next() {
            Some((Some(body), _)) => row.body = body.as_ref().into(),
            Some((None, (id, version))) => {
                return Err(Error::corrupt(format!(
                    "document {id} at version {version} is neither in the hot tier nor in the lake"
                )));
            }
            None => {}
        }
    }
    Ok(rows)
}

pub(crate) fn select(
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
