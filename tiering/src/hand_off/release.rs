//! Making stubs of rows that the lake has.

use futures_util::StreamExt;
use headwater_primitives::rusqlite::{OptionalExtension, params};
use headwater_primitives::{Error, RecordId, Result, Sequence, Transaction, fail};

use crate::cold::table_ident;
use crate::job::Job;
use crate::tombstones;

/// Rows released in one transaction: a few milliseconds for those who wait behind it.
const BATCH: usize = 1000;

/// Where a release has come.
struct Reached {
    tiered: i64,
    file: i64,
    position: u64,
}

/// Releases what is left of the hand-off that was committed last, if anything is. `released` is told of
/// rows.
pub(crate) async fn go_on(job: &Job, mut released: impl FnMut(u64)) -> Result<()> {
    let Some(reached) = reached(job)? else { return Ok(()) };
    let table = job.table.clone();
    job.tier.namespace().transaction(move |tx| table.begin_release(tx)).await?;
    let ident = table_ident(job.table.store(), job.table.name());
    let current = job.tier.catalog()?.load(&ident).await?;
    let lake = job.tier.lake.clone();
    let cold = lake.tables.of(&current).await?;
    for (number, location) in files(job, &reached)? {
        let file = cold.file(&location).ok_or_else(|| {
            Error::corrupt(format!("file {location} has rows that are to be released, and is gone"))
        })?;
        let from = if number == reached.file { reached.position } else { 0 };
        let mut keys = cold.open(&lake, file).await?.without([]).keys()?;
        while let Some(batch) = keys.next().await {
            let batch = batch?;
            let rows = (0..batch.len()).filter(|index| batch.position(*index) >= from);
            let rows: Vec<_> = rows.map(|index| (batch.key(index), batch.version(index))).collect();
            let begin = batch.len() - rows.len();
            for (nth, part) in rows.chunks(BATCH).enumerate() {
                job.cancelled.check()?;
                let last = begin + nth * BATCH + part.len() - 1;
                let next = Reached { file: number, position: batch.position(last) + 1, ..reached };
                release(job, next, part.to_vec()).await?;
                released(part.len() as u64);
                fail::point("tier.release")?;
            }
        }
    }
    let tiered = reached.tiered;
    job.tier.namespace().transaction(move |tx| end(tx, tiered)).await
}

async fn release(job: &Job, next: Reached, rows: Vec<(RecordId, Sequence)>) -> Result<()> {
    let table = job.table.clone();
    let work = move |tx: &Transaction<'_>| {
        for (id, version) in table.release(tx, &rows)? {
            tombstones::add(tx, next.tiered, &id, version)?;
        }
        tx.sql()
            .prepare_cached("UPDATE tiering_releases SET file = ?, position = ? WHERE tiered = ?")?
            .execute(params![next.file, next.position as i64, next.tiered])?;
        Ok(())
    };
    job.tier.namespace().transaction(work).await
}

fn end(tx: &Transaction<'_>, tiered: i64) -> Result<()> {
    tx.sql().execute("DELETE FROM tiering_releases WHERE tiered = ?", [tiered])?;
    tx.sql().execute("DELETE FROM tiering_release_files WHERE tiered = ?", [tiered])?;
    Ok(())
}

fn reached(job: &Job) -> Result<Option<Reached>> {
    let (store, name) = (job.table.store(), job.table.name());
    job.tier.namespace().query(|sql| {
        let Some(tiered) = tombstones::table_number(sql, store, name)? else { return Ok(None) };
        let select = "SELECT file, position FROM tiering_releases WHERE tiered = ?";
        let found: Option<(i64, i64)> = sql
            .prepare_cached(select)?
            .query_row([tiered], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found.map(|(file, position)| Reached { tiered, file, position: position as u64 }))
    })
}

/// The files that are left, by number.
fn files(job: &Job, reached: &Reached) -> Result<Vec<(i64, String)>> {
    let select = "SELECT number, path FROM tiering_release_files \
                  WHERE tiered = ? AND number >= ? ORDER BY number";
    job.tier.namespace().query(|sql| {
        let mut statement = sql.prepare_cached(select)?;
        let files = statement.query_map(params![reached.tiered, reached.file], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(files.collect::<std::result::Result<_, _>>()?)
    })
}
