//! The warm tier in a build that cannot read it: what needs it says what is missing.

use std::sync::Arc;

use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Answer, Error, ErrorKind, Namespace, RecordId, Result};

use super::{Nearest, Pointer};
use crate::graph::{Graph, Neighbor};
use crate::rows::StoredRow;
use crate::store::Inner;
use crate::table::{Table, place};

/// Nothing that could read a warm tier.
#[derive(Default)]
pub(crate) struct Tier;

impl Tier {
    pub(super) fn later<R>(
        &self,
        _: &Namespace,
        work: impl FnOnce() -> Result<R> + Send + 'static,
    ) -> Answer<R> {
        Answer::Now(work())
    }

    pub(super) fn fill(&self, inner: &Inner, _: &Pointer, _: &mut [StoredRow]) -> Result<()> {
        Err(unsupported(&inner.table))
    }

    pub(crate) fn nearest(
        &self,
        inner: &Inner,
        _: &Graph,
        _: &Nearest<'_>,
    ) -> Result<Vec<Neighbor>> {
        Err(unsupported(&inner.table))
    }

    pub(crate) fn distances(
        &self,
        inner: &Inner,
        _: &Graph,
        _: &[f32],
        _: &[u64],
    ) -> Result<Vec<Option<f32>>> {
        Err(unsupported(&inner.table))
    }

    pub(crate) fn fetched(&self, _: &Arc<Inner>, _: &mut StoredRow) {}

    pub(crate) fn verify(
        &self,
        _: &Namespace,
        _: &Connection,
        table: &Table,
        _: &Pointer,
        _: &mut Vec<String>,
    ) -> Result<()> {
        Err(unsupported(table))
    }
}

/// What a read fails with that needs an embedding from there.
pub(crate) fn not_fetched(id: &RecordId) -> Error {
    lacking(format!("row {id} has its embedding"))
}

fn unsupported(table: &Table) -> Error {
    lacking(format!("{} has embeddings", place(&table.name)))
}

fn lacking(who: String) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "{who} in the warm tier, and this program was built without the feature `lance` of \
             headwater-vector, which reads it"
        ),
    )
}
