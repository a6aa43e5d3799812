//! What is asked of a demotion, and what it answers.

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use headwater_primitives::{Commit, Error, ErrorKind, Result};

use super::demotion::{Demotion, Progress};
use super::place::WarmTier;
use super::registered::settle;
use crate::record::Embedded;
use crate::store::{Inner, VectorStore};
use crate::table::place;

/// Which embeddings leave the hot tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demote {
    pub(super) age: Option<Duration>,
    pub(super) keep: u64,
}

impl Demote {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Demote::default()
    }

    /// Those of rows that were not written for so long. The change log tells, so it must reach back as
    /// far.
    #[must_use]
    pub fn older_than(age: Duration) -> Self {
        Demote { age: Some(age), keep: 0 }
    }

    /// All but those of the `rows` that were written last.
    #[must_use]
    pub fn keep(rows: u64) -> Self {
        Demote { age: None, keep: rows }
    }

    /// The same, but none of the `rows` that were written last.
    #[must_use]
    pub fn but_keep(mut self, rows: u64) -> Self {
        self.keep = rows;
        self
    }
}

/// How far a demotion has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DemoteProgress {
    /// Embeddings to move: those there were at the beginning.
    pub total: u64,
    /// Those that are in the dataset.
    pub written: u64,
    /// Those that have left the hot tier.
    pub moved: u64,
}

/// What a demotion has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DemoteReport {
    /// Embeddings that have left the hot tier.
    pub moved: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Stale entries that were removed from the dataset.
    pub removed: u64,
    /// The dataset's version that readers have now; 0 when there is no dataset.
    pub version: u64,
    /// Whether `progress` has ended it early.
    pub cancelled: bool,
}

impl<T: Embedded> VectorStore<T> {
    /// Says where embeddings go that leave the hot tier; [`WarmTier::local`] unless this is called. A
    /// warm tier that has embeddings stays where it is, and only its options can change.
    pub fn set_warm_tier(&self, tier: WarmTier) -> Commit<()> {
        if let Err(error) = tier.check(&self.inner.namespace) {
            return Commit::refused(error.context(place(self.name())));
        }
        let inner = self.inner.clone();
        inner.warm.announce();
        self.inner.namespace.transaction(move |tx| settle(tx, &inner.table, tier).map(drop))
    }

    /// Moves embeddings out of the hot tier into the store's warm tier, from where they are found and
    /// read as before, only slower. The rows stay, as do their texts and metadata; no event is written,
    /// since no row changes.
    ///
    /// `progress` is called after each step; `Break` ends the demotion there: what has moved by then
    /// stays moved. Writes go on meanwhile, and a row that is written stays hot. Blocks until all is
    /// done, so async code runs it on a thread for blocking work.
    ///
    /// Cost: one pass over the rows; a write of each embedding that moves, and another one in
    /// transactions of a thousand rows. Memory: a few batches of 4 MiB, 16 bytes per row of a
    /// quarter of a GiB of embeddings, and what training the dataset's index takes.
    ///
    /// # Errors
    /// `InvalidInput` for an age that the change log does not reach; `ReadOnly`; `AlreadyExists` when
    /// somebody else's dataset is in the place; those of the object store. What has moved by then stays
    /// moved.
    pub fn demote(
        &self,
        demote: Demote,
        mut progress: impl FnMut(DemoteProgress) -> ControlFlow<()>,
    ) -> Result<DemoteReport> {
        run(&self.inner, demote, &mut progress).map_err(|error| error.context(place(self.name())))
    }
}

fn run(inner: &Arc<Inner>, demote: Demote, progress: Progress<'_>) -> Result<DemoteReport> {
    if inner.namespace.is_read_only() {
        let reason = "a read-only namespace: its owner moves embeddings";
        return Err(Error::new(ErrorKind::ReadOnly, reason));
    }
    let _turn = inner.warm.tier.demoting.lock().unwrap_or_else(PoisonError::into_inner);
    Demotion::begin(inner, demote, progress)?.run()
}
