//! Small files into larger ones, without the rows that are gone.

use std::collections::HashSet;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use headwater_primitives::{Result, Sequence, block_on, fail};
use iceberg::spec::Operation;

use super::UpkeepProgress;
use super::choose::{self, Group};
use super::kept::Kept;
use super::merge::{self, Merged};
use super::report::Report;
use crate::cold::ColdTable;
use crate::commit::Prepared;
use crate::files::{
    FileNames, FileOptions, FilePlace, FileWriter, WrittenFile, read_position_deletes,
};
use crate::job::Cancel;
use crate::tier::Lake;
use crate::tombstones::{self, Tombstones};

/// Small files of a table on their way into larger ones. Await it, or [`wait`](Compaction::wait) for it;
/// writers and readers go on meanwhile.
///
/// Of each partition, files that are smaller than half of the wanted size, and larger ones that lost a
/// tenth of their rows, are merged into files sorted by id. Rows that position deletes or tombstones
/// took away are left out, and the deletes that are about no other file go with them. Of the change log,
/// small files are merged whose events follow each other. When it fails, is
/// cancelled or the process ends, the table is as it was, or as it was to be.
///
/// Memory: a row group of each of the files that are merged at once, 128 MiB of them at most, and what
/// [`FileWriter`] takes. The old files stay until their snapshots expire.
#[must_use = "nothing is compacted until this is awaited or waited for"]
pub struct Compaction {
    job: Kept,
    files: FileOptions,
    report: Report,
}

/// What a compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Data files that were merged.
    pub merged: u64,
    /// Data files written in their place.
    pub written: u64,
    /// Rows in these.
    pub rows: u64,
    /// Rows that were left out, since they are gone.
    pub dropped: u64,
    /// The Iceberg snapshot, when there was anything to do.
    pub snapshot: Option<i64>,
}

impl Compaction {
    pub(crate) fn new(job: Kept) -> Compaction {
        Compaction { job, files: FileOptions::default(), report: Report::default() }
    }

    /// How files are cut.
    pub fn files(mut self, options: FileOptions) -> Self {
        self.files = options;
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

    /// Compacts, and blocks until that is done.
    ///
    /// # Errors
    /// What the object store or SQLite failed with; `Cancelled`; `Conflict` when another engine changed
    /// the lake's table meanwhile; `Unsupported` for files of other engines that are not read here.
    pub fn wait(self) -> Result<Compacted> {
        block_on(self.into_future())
    }

    async fn run(mut self) -> Result<Compacted> {
        let job = self.job.clone();
        let lake = &job.tier.lake;
        let _changing = lake.changing.lock().await;
        let Some((tiered, cold)) = job.current().await? else { return Ok(Compacted::default()) };
        cold.files.check_readable()?;
        let over = job.tier.namespace().query(|sql| tombstones::load(sql, tiered))?;
        let groups = match job.is_log() {
            true => choose::runs(&cold, &self.files)?,
            false => choose::choose(lake, &cold, &over, &self.files).await?,
        };
        if groups.is_empty() {
            return Ok(Compacted::default());
        }
        let merged = self.merge(&cold, &groups, &over).await?;
        fail::point("tier.compact.files")?;
        let prepared = prepare(&job, &cold, &groups, &merged).await?;
        fail::point("tier.compact.snapshot")?;
        job.cancelled.check()?;
        let compacted = summary(&groups, &merged, prepared.snapshot_id);
        let folded = merged.folded;
        let note = move |tx: &headwater_primitives::Transaction<'_>| {
            tombstones::remove(tx, tiered, &folded)?;
            fail::point("tier.compact.commit")
        };
        let Prepared { requirements, updates, .. } = prepared;
        let catalog = job.tier.catalog()?;
        catalog.commit_with(cold.table.identifier(), requirements, updates, note).await?;
        fail::point("tier.compact.committed")?;
        Ok(compacted)
    }

    /// Writes the groups, one after the other, and reads back what was written.
    async fn merge(
        &mut self,
        cold: &ColdTable,
        groups: &[Group<'_>],
        over: &Tombstones,
    ) -> Result<Merged> {
        let (job, lake) = (self.job.clone(), &self.job.tier.lake);
        let namespace = job.tier.namespace();
        let metadata = cold.table.metadata();
        let folder = lake.storage.root().path(metadata.location())?;
        let attempt = namespace.ids().next(namespace.clock().now());
        let until = newest(cold, groups);
        let names = FileNames::new(folder, metadata.location(), Sequence(0), until, attempt);
        let mut all = Merged::default();
        for group in groups {
            job.cancelled.check()?;
            let writer = FileWriter::new(
                lake.storage.store().clone(),
                names.clone(),
                cold.schema.clone(),
                (group.day, metadata.default_partition_spec_id()),
                self.files,
            )?;
            let Merged { files, folded } = merge::merge(&job, cold, group, over, writer).await?;
            for file in &files {
                lake.tables.check(&lake.storage, &cold.schema, file).await?;
            }
            fail::point("tier.compact.file")?;
            self.report.add(files.len() as u64, rows(&files));
            all.files.extend(files);
            all.folded.extend(folded);
        }
        Ok(all)
    }
}

impl IntoFuture for Compaction {
    type Output = Result<Compacted>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Compacted>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let runtime = self.job.tier.lake.runtime.clone();
        runtime.run(self.run())
    }
}

async fn prepare(
    job: &Kept,
    cold: &ColdTable,
    groups: &[Group<'_>],
    merged: &Merged,
) -> Result<Prepared> {
    let gone: HashSet<&str> =
        groups.iter().flat_map(|group| &group.files).map(|file| &*file.location).collect();
    let spent = spent_deletes(&job.tier.lake, cold, &gone).await?;
    // Rows whose tombstones are folded were there for other engines: the table changes for them.
    let operation =
        if merged.folded.is_empty() { Operation::Replace } else { Operation::Overwrite };
    job.tier
        .catalog()?
        .new_snapshot(&cold.table)
        .add_data(merged.files.iter().map(|file| file.data_file.clone()))
        .remove_data(gone)
        .remove_deletes(spent)
        .operation(operation)
        .property("headwater.epoch", job.tier.namespace().epoch().to_string())
        .write()
        .await
}

/// The files of position deletes that are about none but the data files `gone` and such as went earlier.
async fn spent_deletes(lake: &Lake, cold: &ColdTable, gone: &HashSet<&str>) -> Result<Vec<String>> {
    let stays = |data: &str| !gone.contains(data) && cold.file(data).is_some();
    let mut spent = Vec::new();
    for file in cold.files.deletes() {
        let is_needed = match &file.referenced {
            Some(only) => stays(only),
            None => {
                let path = lake.storage.root().path(&file.location)?;
                let place = FilePlace { path, url: file.location.to_string() };
                let store = lake.storage.store().clone();
                let about = read_position_deletes(store, &place, file.bytes, None).await?;
                about.keys().any(|data| stays(data))
            }
        };
        if !is_needed {
            spent.push(file.location.to_string());
        }
    }
    Ok(spent)
}

fn summary(groups: &[Group<'_>], merged: &Merged, snapshot: Option<i64>) -> Compacted {
    let old = || groups.iter().flat_map(|group| &group.files);
    let rows = rows(&merged.files);
    Compacted {
        merged: old().count() as u64,
        written: merged.files.len() as u64,
        rows,
        dropped: old().map(|file| file.records).sum::<u64>().saturating_sub(rows),
        snapshot,
    }
}

/// The newest version of any row in the groups, as far as the manifests say.
fn newest(cold: &ColdTable, groups: &[Group<'_>]) -> Sequence {
    use iceberg::spec::PrimitiveLiteral::Long;
    let version = cold.schema.system().version;
    let files = groups.iter().flat_map(|group| &group.files);
    let upper = |file: &&crate::manifests::LiveFile| match file
        .bounds(version)?
        .upper
        .as_ref()?
        .literal()
    {
        Long(version) => Some(Sequence(version.cast_unsigned())),
        _ => None,
    };
    files.filter_map(upper).max().unwrap_or_default()
}

fn rows(files: &[WrittenFile]) -> u64 {
    files.iter().map(|file| file.rows).sum()
}
