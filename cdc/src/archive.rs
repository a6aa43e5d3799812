//! Events that left the hot log for an archive: what reads them there, and how it is found.

use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Namespace, Result, Sequence, Timestamp};

use crate::event::UnifiedEvent;
use crate::log::ChangeLog;

/// Where events are that retention has taken out of the hot log, or will. Subscriptions go on there
/// where the hot log no longer reaches back.
pub trait Archive: Send + Sync {
    /// The first and the last sequence that it has, without a gap between them, as `sql` sees it; `None`
    /// while it has none.
    ///
    /// # Errors
    /// SQLite's errors.
    fn range(&self, sql: &Connection) -> Result<Option<RangeInclusive<Sequence>>>;

    /// Reads the events after `after`, which is in the range or right before it.
    ///
    /// # Errors
    /// SQLite's errors.
    fn read(&self, namespace: &Namespace, after: Sequence) -> Result<Box<dyn ArchiveReader>>;

    /// The last sequence that was committed at `time` or before; `None` when the first one is younger.
    /// Blocks.
    ///
    /// # Errors
    /// What the archive fails with.
    fn last_at(&self, sql: &Connection, time: Timestamp) -> Result<Option<Sequence>>;
}

/// A place in an archive that moves forward.
pub trait ArchiveReader: Send {
    /// The next events, until they pass `bytes`.
    fn next(self: Box<Self>, bytes: usize) -> NextArchived;
}

/// Events from an archive that are on their way.
pub type NextArchived = Pin<Box<dyn Future<Output = Result<Archived>> + Send>>;

/// Some events of an archive.
pub struct Archived {
    /// The events, in order and without a gap.
    pub events: Vec<UnifiedEvent>,
    /// Where to go on; `None` after the last one.
    pub rest: Option<Box<dyn ArchiveReader>>,
}

/// The archive of a namespace's change log, once somebody has attached one.
#[derive(Default)]
struct Attached(RwLock<Option<Arc<dyn Archive>>>);

impl ChangeLog {
    /// Lets all subscriptions of the namespace go on in `archive` where the hot log no longer reaches.
    pub fn attach_archive(&self, archive: Arc<dyn Archive>) {
        let attached = self.namespace().extension(Attached::default);
        *attached.0.write().unwrap_or_else(PoisonError::into_inner) = Some(archive);
    }

    /// The archive that is attached.
    pub(crate) fn archive(&self) -> Option<Arc<dyn Archive>> {
        let attached = self.namespace().extension(Attached::default);
        attached.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the archive has, as far as the hot log goes on after it.
    pub(crate) fn archived(&self, sql: &Connection) -> Result<Option<RangeInclusive<Sequence>>> {
        let Some(archive) = self.archive() else { return Ok(None) };
        let start = self.segments().start_in(sql)?;
        Ok(archive.range(sql)?.filter(|range| range.end().next() >= start))
    }

    /// A reader of the archive from the event `next` on, when it has that one.
    pub(crate) fn read_archive(&self, next: Sequence) -> Result<Option<Box<dyn ArchiveReader>>> {
        let Some(archive) = self.archive() else { return Ok(None) };
        let range = self.namespace().query(|sql| self.archived(sql))?;
        match range {
            Some(range) if range.contains(&next) => {
                let after = Sequence(next.0.saturating_sub(1));
                archive.read(self.namespace(), after).map(Some)
            }
            _ => Ok(None),
        }
    }
}
