//! Hand-offs that the lake's own catalog has, and whose end the hot tier has missed.
//!
//! The snapshot says which versions it took, and its files which rows: that is all the hot tier has to
//! note. Tombstones that it has taken up stay, and are in no file when the next hand-off looks for them.

use headwater_cdc::ChangeLog;
use headwater_primitives::rusqlite::params;
use headwater_primitives::{Error, Result, Sequence, Transaction};
use iceberg::spec::Snapshot;

use super::release;
use super::stage::note_release;
use crate::catalog::Missed;
use crate::cold::table_ident;
use crate::job::Job;
use crate::manifests::FileSet;
use crate::tombstones;

/// The log position that a snapshot of ours goes up to.
pub(crate) struct Reached {
    epoch: u64,
    pub(crate) after: Sequence,
    pub(crate) until: Sequence,
}

impl Reached {
    /// `None` for a snapshot of another engine's, or one that moved nothing.
    pub(crate) fn of(snapshot: &Snapshot) -> Option<Reached> {
        let properties = &snapshot.summary().additional_properties;
        let number = |name: &str| properties.get(name)?.parse().ok();
        Some(Reached {
            epoch: number("headwater.epoch")?,
            after: Sequence(number("headwater.after")?),
            until: Sequence(number("headwater.until")?),
        })
    }

    /// Checks that the hot tier has what this snapshot took.
    pub(crate) fn check(&self, changes: &ChangeLog, table: &iceberg::TableIdent) -> Result<()> {
        let Reached { epoch, until, .. } = *self;
        if changes.namespace().knows_position(changes.segments(), epoch, until)? {
            return Ok(());
        }
        Err(Error::corrupt(format!(
            "table {table} in the lake's catalog goes up to {epoch}-{until}, which this hot.db does not \
             have: it was restored from before, or is another namespace's; rebuild it from the lake"
        )))
    }
}

/// Takes over what became of the table in its catalog since the hot tier last knew, if that is another one.
pub(crate) async fn take_over(job: &Job) -> Result<()> {
    let ident = table_ident(job.table.store(), job.table.name());
    let catalog = job.tier.catalog()?;
    while let Some(missed) =
        catalog.missed(&ident, |snapshot| Reached::of(snapshot).is_some()).await?
    {
        job.cancelled.check()?;
        match missed.snapshot {
            Some(snapshot) => end(job, &missed, snapshot).await?,
            None => catalog.take_over(&missed, |_| Ok(())).await?,
        }
    }
    Ok(())
}

/// Ends a hand-off as it would have ended.
async fn end(job: &Job, missed: &Missed, id: i64) -> Result<()> {
    let metadata = missed.table.metadata();
    let reached = metadata.snapshot_by_id(id).and_then(|snapshot| Reached::of(snapshot));
    let reached = reached.ok_or_else(|| Error::corrupt(format!("snapshot {id} is gone")))?;
    let changes = ChangeLog::open(job.tier.namespace())?;
    reached.check(&changes, missed.table.identifier())?;
    let files = FileSet::load(&missed.table, Some(id)).await?;
    let files = files.data().iter().filter(|file| file.snapshot_id == id);
    let files: Vec<_> =
        files.map(|file| (file.location.to_string(), file.bytes, file.records)).collect();
    let (store, name) = (job.table.store(), job.table.name().to_owned());
    let note = move |tx: &Transaction<'_>| {
        let tiered = tombstones::number(tx, store, &name)?;
        tx.sql()
            .prepare_cached("UPDATE tiering_tables SET watermark = max(watermark, ?) WHERE id = ?")?
            .execute(params![reached.until.0.cast_signed(), tiered])?;
        note_release(tx, tiered, id, &files)
    };
    job.tier.catalog()?.take_over(missed, note).await?;
    release::go_on(job, |_| ()).await
}
