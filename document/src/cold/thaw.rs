//! Getting the body of an archived document: ahead of a write, in a read, or where a write needs it.

use std::sync::Arc;

use bytes::Bytes;
use headwater_primitives::{
    Answer, CachedRow, Error, ErrorKind, Namespace, Read, Result, Sequence, Transaction, block_on,
};

use super::{View, is_archived};
use crate::catalog::{Catalog, Table};
use crate::id::DocumentId;
use crate::read::select;

/// How often a document is looked up again that moves while it is looked for.
const ATTEMPTS: usize = 8;

/// The body of one archived document, fetched ahead.
#[derive(Clone)]
pub(crate) struct Thawed {
    pub(crate) version: Sequence,
    pub(crate) body: Bytes,
}

/// What to do where a body is missing after all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnArchived {
    /// Wait for the lake on the writer thread: for a single write whose document went to the lake
    /// between the look ahead and the write, which is rare.
    Wait,
    /// Fail with `NotFetched`, and fetch the body for the next try.
    Refuse,
}

/// How the writes of one caller come by archived bodies.
pub(crate) struct Thaw<'a> {
    pub(crate) namespace: &'a Namespace,
    pub(crate) ahead: Option<Thawed>,
    pub(crate) otherwise: OnArchived,
}

impl Thaw<'_> {
    /// The body of the document that `table` has under `id` at `version`, without its body.
    pub(crate) fn body(
        &self,
        tx: &Transaction<'_>,
        table: &Table,
        id: &DocumentId,
        version: Sequence,
    ) -> Result<Vec<u8>> {
        if let Some(ahead) = self.ahead.as_ref().filter(|ahead| ahead.version == version) {
            return Ok(ahead.body.to_vec());
        }
        let cached = self.namespace.cache().get(table.table_id(), id.row_key(), || tx.now());
        if let Some(row) = cached.filter(|row| row.version == version) {
            return Ok(row.body.to_vec());
        }
        if self.otherwise == OnArchived::Refuse {
            return Err(self.refused(&table.name, id));
        }
        let view = View::of(self.namespace, tx.sql(), &table.name)?;
        let mut bodies = block_on(view.fetch(vec![(id.clone(), version)]))?;
        match bodies.pop().flatten() {
            Some(body) => Ok(body.to_vec()),
            None => Err(nowhere(&table.name, id, version)),
        }
    }

    /// The refusal, with a fetch under way that fills the row cache.
    fn refused(&self, name: &Arc<str>, id: &DocumentId) -> Error {
        let (namespace, collection, wanted) = (self.namespace.clone(), name.clone(), id.clone());
        // A thread of its own, since this one must not wait; it is short, and refusals are rare.
        let fetch = move || drop(block_on(thaw(&namespace, &collection, &wanted)));
        let _ = std::thread::Builder::new().name("headwater-thaw".into()).spawn(fetch);
        Error::new(
            ErrorKind::NotFetched,
            format!(
                "collection {name:?}: document {id} is in the lake, and a transaction cannot wait for \
                 it: get it before the transaction, or try again"
            ),
        )
    }
}

/// The live row under `id`, from the lake if its body is there.
pub(crate) async fn thaw(
    namespace: &Namespace,
    collection: &str,
    id: &DocumentId,
) -> Result<Option<CachedRow>> {
    let mut version = Sequence(0);
    for _ in 0..ATTEMPTS {
        let Some(table) = Catalog::of(namespace).find(namespace, collection)? else {
            return Ok(None);
        };
        let cache = namespace.cache();
        let mark = cache.mark();
        let found = namespace.snapshot(|snapshot| -> Result<_> {
            let now = || namespace.clock().now();
            let Some(row) = select(snapshot.sql(), &table, id, now)? else { return Ok(None) };
            let view = match is_archived(&row.body) {
                true => Some(View::of(namespace, snapshot.sql(), &table.name)?),
                false => None,
            };
            Ok(Some((row, view)))
        })?;
        let Some((mut row, view)) = found else { return Ok(None) };
        let Some(view) = view else { return Ok(Some(row)) };
        version = row.version;
        let mut bodies = view.fetch(vec![(id.clone(), version)]).await?;
        if let Some(body) = bodies.pop().flatten() {
            row.body = body.as_ref().into();
            cache.fill(table.table_id(), id.row_key(), mark, &row);
            return Ok(Some(row));
        }
        // It was written over, and its old version is gone from the lake already.
    }
    Err(nowhere(collection, id, version))
}

/// Looks ahead of a write to the document under `id`: its body, if that is in the lake.
pub(crate) fn ahead(
    namespace: Namespace,
    table: Arc<Table>,
    id: DocumentId,
) -> Read<Option<Thawed>> {
    Read::answered(move || {
        let hot = namespace.query(|sql| -> Result<_> {
            let now = || namespace.clock().now();
            Ok(select(sql, &table, &id, now)?.is_none_or(|row| !is_archived(&row.body)))
        });
        match hot {
            Err(error) => Answer::Now(Err(error)),
            Ok(true) => Answer::Now(Ok(None)),
            Ok(false) => Answer::Later(Box::pin(async move {
                let row = thaw(&namespace, &table.name, &id).await?;
                let body = |row: CachedRow| Bytes::copy_from_slice(&row.body);
                Ok(row.map(|row| Thawed { version: row.version, body: body(row) }))
            })),
        }
    })
}

pub(crate) fn nowhere(collection: &str, id: &DocumentId, version: Sequence) -> Error {
    Error::corrupt(format!(
        "collection {collection:?}: document {id} at version {version} is neither in the hot tier nor \
         in the lake"
    ))
}
