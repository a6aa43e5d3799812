//! Deleting what crashed and refused attempts left behind.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use headwater_objects::{DurableLocal, Sync};
use headwater_primitives::{Result, Timestamp, block_on, fail};

use super::kept::Kept;
use super::report::Report;
use super::{UpkeepProgress, unreachable};
use crate::cold::ColdTable;
use crate::commit::orphans;
use crate::error::{from_objects, from_store};
use crate::job::Cancel;

/// Files of a table that nothing names, on their way out. Await it, or [`wait`](Cleaning::wait) for it;
/// writers and readers go on meanwhile.
///
/// Those are files of attempts that failed or crashed, metadata files that fell out of the table's
/// metadata log, and what expired snapshots left. While it is not known whether a catalog elsewhere has made a
/// commit, only the last of these go. Cost: reads all manifests of all snapshots and lists
/// all files of the table; memory goes with the number of files.
#[must_use = "nothing is deleted until this is awaited or waited for"]
pub struct Cleaning {
    job: Kept,
    age: Duration,
    report: Report,
}

/// What a cleaning did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Files deleted.
    pub files: u64,
    /// The bytes of those that nothing had ever named, or named no longer.
    pub bytes: u64,
}

/// How old a file has to be, when nobody says otherwise.
const AGE: Duration = Duration::from_secs(24 * 3600);
const BATCH: usize = 1000;

impl Cleaning {
    pub(crate) fn new(job: Kept) -> Cleaning {
        Cleaning { job, age: AGE, report: Report::default() }
    }

    /// How old files have to be: a day, unless this says otherwise. The age is by the object store's
    /// clock, and protects whoever commits to the table past this crate's operations.
    pub fn older_than(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// Calls `report` now and then.
    pub fn on_progress(mut self, report: impl FnMut(UpkeepProgress) + Send + 'static) -> Self {
        self.report = Report::to(report);
        self
    }

    /// Lets `cancel` end it.
    pub fn cancelled_by(mut self, cancel: &Cancel) -> Self {
        self.job.cancelled = cancel.clone();
        self
    }

    /// Deletes the files, and blocks until that is done.
    ///
    /// # Errors
    /// What the object store or SQLite failed with; `Cancelled`.
    pub fn wait(self) -> Result<Cleaned> {
        block_on(self.into_future())
    }

    async fn run(mut self) -> Result<Cleaned> {
        let job = self.job.clone();
        let _changing = job.tier.lake.changing.lock().await;
        let Some((tiered, cold)) = job.current().await? else { return Ok(Cleaned::default()) };
        let before = job.tier.namespace().clock().now().before(self.age);
        let report = |files| self.report.add(files, 0);
        let files = unreachable::delete(&job, (tiered, &cold), self.age, report).await?;
        let mut cleaned = Cleaned { files, bytes: 0 };
        // A commit that a catalog elsewhere may still make names files that are orphans until then.
        if !job.tier.catalog()?.has_pending(cold.table.identifier())? {
            self.delete_orphans((tiered, &cold), before, &mut cleaned).await?;
        }
        if let Some(folder) = &job.tier.lake.folder {
            // What a crash left of a file that was being written has no name yet.
            let store = DurableLocal::open_with(folder, Sync::Off).map_err(from_objects)?;
            store.sweep().await.map_err(|error| from_store(error, job.tier.location()))?;
        }
        Ok(cleaned)
    }

    async fn delete_orphans(
        &mut self,
        (tiered, cold): (i64, &ColdTable),
        before: Timestamp,
        cleaned: &mut Cleaned,
    ) -> Result<()> {
        let lake = self.job.tier.lake.clone();
        let mut spared = unreachable::noted(&self.job, tiered)?;
        spared.extend(lake.pins.pinned());
        let mut found = orphans(&cold.table, &lake.storage, before).await?;
        found.retain(|orphan| !spared.contains(&orphan.location));
        for batch in found.chunks(BATCH) {
            self.job.cancelled.check()?;
            lake.storage.delete_all(batch.iter().map(|orphan| orphan.location.clone())).await?;
            fail::point("tier.clean.delete")?;
            cleaned.files += batch.len() as u64;
            cleaned.bytes += batch.iter().map(|orphan| orphan.bytes).sum::<u64>();
            self.report.add(batch.len() as u64, 0);
        }
        Ok(())
    }
}

impl IntoFuture for Cleaning {
    type Output = Result<Cleaned>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Cleaned>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let runtime = self.job.tier.lake.runtime.clone();
        runtime.run(self.run())
    }
}
