//! The lake's side of a collection.

use bytes::Bytes;
use headwater_primitives::filter::Filter;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Namespace, Result, Sequence, Transaction};
use headwater_tiering::{ColdView, Tier};

use super::Later;
use crate::id::DocumentId;

/// Lets the change log go back into the lake, if it has events.
pub(crate) fn reach_back(namespace: &Namespace, sql: &Connection) -> Result<()> {
    if Tier::archives_events(sql)? {
        Tier::of(namespace)?;
    }
    Ok(())
}

/// What the lake has of one collection, at one state of the hot tier.
pub(crate) struct View(ColdView);

impl View {
    /// The lake as `sql` sees it.
    pub(crate) fn of(namespace: &Namespace, sql: &Connection, collection: &str) -> Result<View> {
        Tier::of(namespace)?.view(sql, headwater_cdc::Store::Document, collection).map(View)
    }

    /// The same for [`fold`](View::fold).
    pub(crate) fn whole(namespace: &Namespace, sql: &Connection, collection: &str) -> Result<View> {
        Tier::of(namespace)?.whole_view(sql, headwater_cdc::Store::Document, collection).map(View)
    }

    /// The bodies of the documents at these versions, in their order; `None` where the lake has none.
    pub(crate) fn fetch(&self, keys: Vec<(DocumentId, Sequence)>) -> Later<Vec<Option<Bytes>>> {
        self.0.fetch(keys)
    }

    /// Hands `each` the live documents of the lake that `filter` does not rule out.
    pub(crate) fn fold<S: Send + 'static>(
        &self,
        filter: &Filter,
        state: S,
        each: impl FnMut(&mut S, DocumentId, Sequence, &[u8]) -> Result<()> + Send + 'static,
    ) -> Later<S> {
        self.0.fold(filter, state, each)
    }
}

/// Notes that the lake's copy of a document is over.
pub(crate) fn tombstone(
    tx: &Transaction<'_>,
    collection: &str,
    id: &DocumentId,
    version: Sequence,
) -> Result<()> {
    headwater_tiering::tombstone(tx, headwater_cdc::Store::Document, collection, id, version)
}
