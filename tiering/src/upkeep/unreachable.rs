//! Files that nothing reaches any more: noted in the commit that made them so, deleted later.

use std::collections::HashSet;
use std::time::Duration;

use headwater_primitives::rusqlite::params;
use headwater_primitives::{Result, Timestamp, Transaction, fail};
use iceberg::TableIdent;

use super::kept::Kept;
use crate::catalog;
use crate::cold::ColdTable;

/// Files that are deleted before that is noted.
const BATCH: usize = 1000;

/// Notes, in the transaction that has just moved the pointer of `table`, that its metadata reaches the
/// files at `locations` no longer.
pub(super) fn note(
    tx: &Transaction<'_>,
    tiered: i64,
    table: &TableIdent,
    now: Timestamp,
    locations: &[String],
) -> Result<()> {
    let pointer = catalog::pointer_of(tx.sql(), table)?;
    // Without a number the file waits until nothing at all is being read.
    let metadata = pointer.and_then(|at| catalog::metadata_number(&at)).unwrap_or(i64::MAX);
    let mut insert = tx.sql().prepare_cached(
        "INSERT OR IGNORE INTO tiering_unreachable(tiered, location, metadata, since) \
         VALUES (?, ?, ?, ?)",
    )?;
    for location in locations {
        insert.execute(params![tiered, location, metadata, now.0])?;
    }
    Ok(())
}

/// Deletes the files that have been unreachable for `grace`, but for those that a view may come to.
/// Returns how many.
pub(super) async fn delete(
    job: &Kept,
    (tiered, cold): (i64, &ColdTable),
    grace: Duration,
    mut deleted: impl FnMut(u64),
) -> Result<u64> {
    let namespace = job.tier.namespace();
    let until = namespace.clock().now().before(grace);
    let mut total = 0;
    loop {
        job.cancelled.check()?;
        let oldest = oldest_read(job, cold);
        let batch: Vec<String> = namespace.query(|sql| -> Result<_> {
            let mut select = sql.prepare_cached(
                "SELECT location FROM tiering_unreachable \
                 WHERE tiered = ? AND since <= ? AND metadata <= ? LIMIT ?",
            )?;
            let most = BATCH as i64;
            let rows =
                select.query_map(params![tiered, until.0, oldest, most], |row| row.get(0))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })?;
        if batch.is_empty() {
            return Ok(total);
        }
        job.tier.lake.storage.delete_all(batch.iter().cloned()).await?;
        fail::point("tier.expire.delete")?;
        let count = batch.len() as u64;
        namespace.transaction(move |tx| forget(tx, tiered, &batch)).await?;
        total += count;
        deleted(count);
    }
}

/// The files of the table that are noted.
pub(super) fn noted(job: &Kept, tiered: i64) -> Result<HashSet<String>> {
    job.tier.namespace().query(|sql| {
        let select = "SELECT location FROM tiering_unreachable WHERE tiered = ?";
        let mut select = sql.prepare_cached(select)?;
        let rows = select.query_map([tiered], |row| row.get(0))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    })
}

fn forget(tx: &Transaction<'_>, tiered: i64, gone: &[String]) -> Result<()> {
    let mut delete = tx
        .sql()
        .prepare_cached("DELETE FROM tiering_unreachable WHERE tiered = ? AND location = ?")?;
    for location in gone {
        delete.execute(params![tiered, location])?;
    }
    Ok(())
}

/// The number of the oldest metadata file of the table that a view reads from.
fn oldest_read(job: &Kept, cold: &ColdTable) -> i64 {
    let folder = format!("{}/", cold.table.metadata().location());
    let pinned = job.tier.lake.pins.pinned().into_iter();
    let ours = pinned.filter(|location| location.starts_with(&folder));
    ours.map(|location| catalog::metadata_number(&location).unwrap_or(0)).min().unwrap_or(i64::MAX)
}
