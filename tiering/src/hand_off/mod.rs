//! Moving rows from the hot tier to the lake, without losing one.
//!
//! 1. *Freeze*: a range of versions. Rows are read as they are now; one that is written again later is
//!    a newer row, and stays hot.
//! 2. *Write*: files under names of range and attempt. Nothing is ever overwritten; what a crash leaves
//!    is an orphan that no table names.
//! 3. *Read back*: count and content hash of every file.
//! 4. *Commit*: one transaction of the hot tier swaps the catalog's pointer, sets the watermark, takes
//!    the tombstones out that the new snapshot has as position deletes, and notes the files to release.
//! 5. *Release*: in short transactions, each row that is still at its frozen version becomes a stub; for
//!    each that is not, a tombstone says that the lake's copy is over.
//!
//! With a catalog elsewhere step 4 is two: the commit there, then the transaction without the swap. What ends
//! between them is found in the table's history, and ended as it would have been (`missed.rs`).
//!
//! Until its release a row is read from the hot tier, and the lake's copy does not count; from then on it
//! is the other way round. Both change in one transaction, so every reader sees each row once.

mod boundary;
mod columns;
mod freeze;
pub(crate) mod missed;
mod policy;
pub(crate) mod release;
mod stage;
mod write;

pub use policy::Policy;

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_primitives::{Result, Sequence, block_on};

use crate::files::FileOptions;
use crate::job::{Cancel, Job};
use crate::schema::Column;
use crate::table::TieredTable;
use crate::tier::Tier;

/// Rows on their way to the lake. Await it, or [`wait`](HandOff::wait) for it; writers and readers go on
/// meanwhile. When it fails, is cancelled or the process ends, every row is where it was or where it
/// was to go, and the next one goes on from there.
#[must_use = "nothing moves until this is awaited or waited for"]
pub struct HandOff {
    pub(crate) tier: Tier,
    pub(crate) table: Arc<dyn TieredTable>,
    pub(crate) policy: Policy,
    pub(crate) declared: Vec<Column>,
    pub(crate) files: FileOptions,
    pub(crate) report: Report,
    pub(crate) cancelled: Cancel,
}

/// How far a hand-off has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandOffProgress {
    /// Rows written to files. Back at zero when they are written once more, for columns that the first ones
    /// did not have.
    pub written: u64,
    /// Rows released from the hot tier.
    pub released: u64,
}

/// What a hand-off did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandedOff {
    /// Rows that went to the lake.
    pub rows: u64,
    /// Data files written.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Rows of the lake that were over and are deleted there now.
    pub deleted: u64,
    /// Every row of a version up to this one was handed off, or may not be.
    pub watermark: Sequence,
    /// The Iceberg snapshot, when there was anything to commit.
    pub snapshot: Option<i64>,
}

/// A twentieth of a hand-off's time less than with level 3, for files that are a seventieth larger. Compaction keeps to
/// the default.
const ZSTD_LEVEL: i32 = 1;

type OnProgress = Box<dyn FnMut(HandOffProgress) + Send>;

/// Who wants to know how far it has come.
#[derive(Default)]
pub(crate) struct Report {
    progress: HandOffProgress,
    /// In a mutex only so that the hand-off can be shared while it awaits.
    to: Option<Mutex<OnProgress>>,
}

impl Report {
    pub(crate) fn written(&mut self, rows: u64) {
        self.progress.written += rows;
        self.tell();
    }

    pub(crate) fn written_anew(&mut self) {
        self.progress.written = 0;
        self.tell();
    }

    pub(crate) fn released(&mut self, rows: u64) {
        self.progress.released += rows;
        self.tell();
    }

    fn tell(&mut self) {
        if let Some(to) = &mut self.to {
            to.get_mut().unwrap_or_else(PoisonError::into_inner)(self.progress);
        }
    }
}

impl HandOff {
    pub(crate) fn new(tier: Tier, table: Arc<dyn TieredTable>, policy: Policy) -> HandOff {
        HandOff {
            tier,
            table,
            policy,
            declared: Vec::new(),
            files: FileOptions { zstd_level: ZSTD_LEVEL, ..FileOptions::default() },
            report: Report::default(),
            cancelled: Cancel::default(),
        }
    }

    /// Declares a column. What is not declared is inferred from the rows. Said once, with the first hand-off
    /// that moves rows: it makes the lake's table, which keeps its columns.
    pub fn column(mut self, column: Column) -> Self {
        self.declared.push(column);
        self
    }

    /// How files are cut. Without it as by default, but with zstd's level 1.
    pub fn files(mut self, options: FileOptions) -> Self {
        self.files = options;
        self
    }

    /// Calls `report` now and then.
    pub fn on_progress(mut self, report: impl FnMut(HandOffProgress) + Send + 'static) -> Self {
        self.report.to = Some(Mutex::new(Box::new(report)));
        self
    }

    /// Lets `cancel` end it.
    pub fn cancelled_by(mut self, cancel: &Cancel) -> Self {
        self.cancelled = cancel.clone();
        self
    }

    /// Moves the rows, and blocks until that is done.
    ///
    /// # Errors
    /// What the object store or SQLite failed with; `Cancelled`; `Conflict` when another engine
    /// changed the lake's table meanwhile.
    pub fn wait(self) -> Result<HandedOff> {
        block_on(self.into_future())
    }

    fn job(&self) -> Job {
        let (tier, table) = (self.tier.clone(), self.table.clone());
        Job { tier, table, cancelled: self.cancelled.clone() }
    }

    async fn run(mut self) -> Result<HandedOff> {
        let tier = self.tier.clone();
        let _changing = tier.lake.changing.lock().await;
        // What an earlier one left is released first, so that there is never more than one.
        release::go_on(&self.job(), |rows| self.report.released(rows)).await?;
        missed::take_over(&self.job()).await?;
        let Some(range) = self.range()? else { return self.nothing() };
        let staged = stage::stage(&mut self, range).await?;
        let handed_off = stage::commit(&self, staged).await?;
        release::go_on(&self.job(), |rows| self.report.released(rows)).await?;
        Ok(handed_off)
    }
}

impl IntoFuture for HandOff {
    type Output = Result<HandedOff>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<HandedOff>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let runtime = self.tier.lake.runtime.clone();
        runtime.run(self.run())
    }
}
