//! The change log in the lake: events become rows of the Iceberg table `log.events`, and subscriptions
//! read them there where the hot log no longer reaches back.
//!
//! Files, snapshot and the note of how far the archive has come follow the protocol of a hand-off: files
//! are written and read back, and one transaction swaps the catalog's pointer, notes the last event and
//! moves the floor below which retention may delete.

mod read;
mod table;
mod write;

use std::future::{Future, IntoFuture};
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::time::Duration;

use headwater_cdc::ChangeLog;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Commit, Read, Result, Sequence, block_on};

pub(crate) use read::{LakeArchive, bounds, reader_of, run_of};
pub(crate) use table::{LOG, current, ident};
pub(crate) use write::take_over;

use crate::files::FileOptions;
use crate::job::Cancel;
use crate::tier::Tier;

/// Keeps retention from what is still to be archived.
const FLOOR: &str = "lake";

/// Events on their way to the lake. Await it, or [`wait`](ArchiveEvents::wait) for it; writers and readers
/// go on meanwhile. When it fails, is cancelled or the process ends, the next one goes on after the last
/// event that was committed.
///
/// From the first one on retention leaves every event that is not archived yet:
/// [`Tier::end_archive`] ends that. Memory: a row group, and 4 MiB of the log.
#[must_use = "nothing is archived until this is awaited or waited for"]
pub struct ArchiveEvents {
    tier: Tier,
    older_than: Option<Duration>,
    files: FileOptions,
    report: Option<OnProgress>,
    cancelled: Cancel,
}

/// What was archived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventsArchived {
    /// Events that went to the lake.
    pub events: u64,
    /// Data files written.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The last event in the lake; zero while there is none.
    pub last: Sequence,
    /// The Iceberg snapshot, when there was anything to commit: the last one, if there were several.
    pub snapshot: Option<i64>,
}

type OnProgress = Box<dyn FnMut(u64) + Send + Sync>;

impl Tier {
    /// Describes archiving the change log. See [`ArchiveEvents`].
    pub fn archive_events(&self) -> ArchiveEvents {
        ArchiveEvents {
            tier: self.clone(),
            older_than: None,
            files: FileOptions::default(),
            report: None,
            cancelled: Cancel::default(),
        }
    }

    /// The first and the last event that the lake has, with all between them.
    pub fn archived_events(&self) -> Read<Option<RangeInclusive<Sequence>>> {
        self.namespace().read(|snapshot| table::range(snapshot.sql()))
    }

    /// Whether the lake of this namespace has events of the change log, as `sql` sees it. Subscriptions find
    /// them once the lake is open.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn archives_events(sql: &Connection) -> Result<bool> {
        let table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tiering_events'";
        Ok(sql.prepare_cached(table)?.exists([])? && table::range(sql)?.is_some())
    }

    /// Lets retention delete events that are not archived; whether it was kept from that. What is
    /// archived stays. Archiving that begins again begins with what the hot log has by then.
    pub fn end_archive(&self) -> Commit<bool> {
        match ChangeLog::open(self.namespace()) {
            Ok(changes) => self.namespace().transaction(move |tx| changes.remove_floor(tx, FLOOR)),
            Err(error) => Commit::refused(error),
        }
    }
}

impl ArchiveEvents {
    /// Only events that were committed so long ago. Default: all of them.
    pub fn older_than(mut self, age: Duration) -> Self {
        self.older_than = Some(age);
        self
    }

    /// How files are cut.
    pub fn files(mut self, options: FileOptions) -> Self {
        self.files = options;
        self
    }

    /// Calls `report` with the number of events written, now and then.
    pub fn on_progress(mut self, report: impl FnMut(u64) + Send + Sync + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// Lets `cancel` end it.
    pub fn cancelled_by(mut self, cancel: &Cancel) -> Self {
        self.cancelled = cancel.clone();
        self
    }

    /// Archives, and blocks until that is done.
    ///
    /// # Errors
    /// What the object store or SQLite failed with; `Cancelled`; `Conflict` when another engine changed
    /// the table meanwhile.
    pub fn wait(self) -> Result<EventsArchived> {
        block_on(self.into_future())
    }
}

impl IntoFuture for ArchiveEvents {
    type Output = Result<EventsArchived>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<EventsArchived>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let runtime = self.tier.lake.runtime.clone();
        runtime.run(write::run(self))
    }
}
