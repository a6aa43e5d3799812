//! Letting go of snapshots, and of the files that only they reach.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use headwater_primitives::{Result, block_on, fail};
use iceberg::TableUpdate;

use super::kept::Kept;
use super::report::Report;
use super::{UpkeepProgress, unreachable};
use crate::cold::ColdTable;
use crate::commit::{self, Expiry, Prepared};
use crate::job::Cancel;

/// Snapshots on their way out. Await it, or [`wait`](Expiration::wait) for it; writers and readers go on
/// meanwhile.
///
/// Files that no remaining snapshot reaches are deleted after a grace, by this expiration or a later one,
/// and never while a reader of this process may come to them. Other processes that read the lake have
/// the grace to end.
#[must_use = "nothing expires until this is awaited or waited for"]
pub struct Expiration {
    job: Kept,
    expiry: Expiry,
    grace: Duration,
    report: Report,
}

/// What an expiration did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Snapshots that the table had.
    pub snapshots: u64,
    /// Files that nothing reaches since.
    pub unreachable: u64,
    /// Files deleted, of this expiration and earlier ones.
    pub deleted: u64,
}

/// How long files stay that nothing reaches, when nobody says otherwise.
const GRACE: Duration = Duration::from_secs(3600);

impl Expiration {
    pub(crate) fn new(job: Kept, expiry: Expiry) -> Expiration {
        Expiration { job, expiry, grace: GRACE, report: Report::default() }
    }

    /// How long files stay once nothing reaches them: an hour, unless this says otherwise. Longer than
    /// any other process reads at one snapshot.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
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

    /// Lets the snapshots go, and blocks until that is done.
    ///
    /// # Errors
    /// What the object store or SQLite failed with; `Cancelled`; `Conflict` when another engine changed
    /// the lake's table meanwhile; `Unsupported` when the table's property `gc.enabled` forbids it.
    pub fn wait(self) -> Result<Expired> {
        block_on(self.into_future())
    }

    async fn run(mut self) -> Result<Expired> {
        let job = self.job.clone();
        let _changing = job.tier.lake.changing.lock().await;
        let Some((tiered, cold)) = job.current().await? else { return Ok(Expired::default()) };
        let mut expired = self.commit(tiered, &cold).await?;
        let report = |files| self.report.add(files, 0);
        expired.deleted = unreachable::delete(&job, (tiered, &cold), self.grace, report).await?;
        Ok(expired)
    }

    async fn commit(&self, tiered: i64, cold: &ColdTable) -> Result<Expired> {
        let (prepared, unreachable) = commit::expire(&cold.table, &self.expiry).await?;
        let Prepared { requirements, updates, .. } = prepared;
        if updates.is_empty() {
            return Ok(Expired::default());
        }
        self.job.cancelled.check()?;
        let snapshots = updates.iter().map(|update| match update {
            TableUpdate::RemoveSnapshots { snapshot_ids } => snapshot_ids.len() as u64,
            _ => 0,
        });
        let expired = Expired {
            snapshots: snapshots.sum(),
            unreachable: unreachable.len() as u64,
            deleted: 0,
        };
        let table = cold.table.identifier().clone();
        let now = self.job.tier.namespace().clock().now();
        let files: Vec<String> = unreachable.into_locations().collect();
        let note = {
            let table = table.clone();
            move |tx: &headwater_primitives::Transaction<'_>| {
                unreachable::note(tx, tiered, &table, now, &files)?;
                fail::point("tier.expire.commit")
            }
        };
        self.job.tier.catalog()?.commit_with(&table, requirements, updates, note).await?;
        fail::point("tier.expire.committed")?;
        Ok(expired)
    }
}

impl IntoFuture for Expiration {
    type Output = Result<Expired>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Expired>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let runtime = self.job.tier.lake.runtime.clone();
        runtime.run(self.run())
    }
}
