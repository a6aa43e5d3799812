//! A build without the lake: it can say what is missing.

use bytes::Bytes;
use headwater_primitives::filter::Filter;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Error, ErrorKind, Namespace, Result, Sequence, Transaction};

use super::Later;
use crate::id::DocumentId;

/// The lake's side of one collection, which this build cannot open.
pub(crate) struct View;

impl View {
    pub(crate) fn of(_: &Namespace, _: &Connection, collection: &str) -> Result<View> {
        Err(without(collection))
    }

    pub(crate) fn whole(_: &Namespace, _: &Connection, collection: &str) -> Result<View> {
        Err(without(collection))
    }

    pub(crate) fn fetch(&self, _: Vec<(DocumentId, Sequence)>) -> Later<Vec<Option<Bytes>>> {
        unreachable!("no view was made")
    }

    pub(crate) fn fold<S: Send + 'static>(
        &self,
        _: &Filter,
        _: S,
        _: impl FnMut(&mut S, DocumentId, Sequence, &[u8]) -> Result<()> + Send + 'static,
    ) -> Later<S> {
        unreachable!("no view was made")
    }
}

/// The change log goes back as far as the hot tier has it.
pub(crate) fn reach_back(_: &Namespace, _: &Connection) -> Result<()> {
    Ok(())
}

pub(crate) fn tombstone(
    _: &Transaction<'_>,
    collection: &str,
    _: &DocumentId,
    _: Sequence,
) -> Result<()> {
    Err(without(collection))
}

fn without(collection: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "collection {collection:?} has documents in the lake: build with the feature `tiering`"
        ),
    )
}
