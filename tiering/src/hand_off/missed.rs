//! Hand-offs that the lake's own catalog has, and whose end the hot tier has missed.
//!
//! The snapshot says which versions it took, and its files which rows: that is all the hot tier has to
//! note. Tombstones that it has taken up stay, and are in no file when the next hand-off looks for them.

use headwater_primitives::rusqlite::params;
use headwater_primitives::{Result, Sequence, Transaction};
use iceberg::spec::Snapshot;

use super::release;
use super::stage::note_release;
use crate::catalog::Missed;
use crate::cold::table_ident;
use crate::job::Job;
use crate::manifests::FileSet;
use crate::tombstones;

/// The log positions between which a snapshot of ours moved what was written.
pub(crate) struct Moved {
    pub(crate) after: Sequence,
    pub(crate) until: Sequence,
}

impl Moved {
    /// `None` for a snapshot that moved nothing, such as a compaction's.
    pub(crate) fn of(snapshot: &Snapshot) -> Option<Moved> {
        let properties = &snapshot.summary().additional_properties;
        let sequence = |name: &str| properties.get(name)?.parse().ok().map(Sequence);
        Some(Moved { after: sequence("headwater.after")?, until: sequence("headwater.until")? })
    }
}

impl Missed {
    /// What it moved, if it is of ours and moved anything.
    pub(crate) fn moved(&self) -> Option<(i64, Moved)> {
        let id = self.snapshot?;
        Some((id, Moved::of(self.table.metadata().snapshot_by_id(id)?)?))
    }
}

/// Takes over what became of the table in its catalog since the hot tier last knew, if that is another one.
pub(crate) async fn take_over(job: &Job) -> Result<()> {
    let ident = table_ident(job.table.store(), job.table.name());
    let catalog = job.tier.catalog()?;
    while let Some(missed) = catalog.missed(&ident).await? {
        job.cancelled.check()?;
        match missed.moved() {
            Some((snapshot, moved)) => end(job, &missed, snapshot, moved.until).await?,
            None => catalog.take_over(&missed, |_| Ok(())).await?,
        }
    }
    Ok(())
}

/// Ends a hand-off as it would have ended.
async fn end(job: &Job, missed: &Missed, id: i64, until: Sequence) -> Result<()> {
    let files = FileSet::load(&missed.table, Some(id)).await?;
    let files = files.data().iter().filter(|file| file.snapshot_id == id);
    let files: Vec<_> =
        files.map(|file| (file.location.to_string(), file.bytes, file.records)).collect();
    let (store, name) = (job.table.store(), job.table.name().to_owned());
    let note = move |tx: &Transaction<'_>| {
        let tiered = tombstones::number(tx, store, &name)?;
        tx.sql()
            .prepare_cached("UPDATE tiering_tables SET watermark = max(watermark, ?) WHERE id = ?")?
            .execute(params![until.0.cast_signed(), tiered])?;
        note_release(tx, tiered, id, &files)
    };
    job.tier.catalog()?.take_over(missed, note).await?;
    release::go_on(job, |_| ()).await
}
