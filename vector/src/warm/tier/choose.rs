//! Which rows a demotion takes.

use std::time::Duration;

use headwater_cdc::ChangeLog;
use headwater_primitives::rusqlite::{Connection, OptionalExtension};
use headwater_primitives::{Error, Namespace, Result};

use super::super::Generation;
use super::demote::Demote;
use crate::embedding;
use crate::table::Table;

/// A batch is not filled further once its embeddings have so many bytes, or it has so many rows.
const BATCH_BYTES: usize = 4 << 20;
const BATCH_ROWS: usize = 4096;

/// A row whose embedding is to leave, as it is now.
pub(super) struct Chosen {
    pub(super) row: i64,
    pub(super) generation: Generation,
    pub(super) vector: Vec<f32>,
}

/// The version up to which rows are taken: those that were not written since.
pub(super) fn cutoff(
    namespace: &Namespace,
    changes: &ChangeLog,
    table: &Table,
    demote: &Demote,
) -> Result<i64> {
    let mut cutoff = changes.head().0 as i64;
    if let Some(age) = demote.age {
        cutoff = cutoff.min(written_before(namespace, changes, age)?);
    }
    if demote.keep > 0 {
        cutoff = cutoff.min(namespace.query(|sql| below_newest(sql, table, demote.keep))?);
    }
    Ok(cutoff)
}

/// The last version that is `age` old.
fn written_before(namespace: &Namespace, changes: &ChangeLog, age: Duration) -> Result<i64> {
    let time = namespace.clock().now().before(age);
    let log = changes.segments();
    let first = namespace.query(|sql| log.first_at(sql, time))?;
    let start = changes.start();
    if start.0 > 1 && first <= start {
        return Err(Error::invalid(format!(
            "which rows are older than that is not known: the change log goes back to sequence \
             {start}, which is younger. Say less, keep more of the log, or say how many rows to keep"
        )));
    }
    // The segment of `first` may begin earlier, so a few rows more stay than would have to.
    Ok(first.0 as i64 - 1)
}

/// The version below which all hot embeddings but the `keep` newest are; 0 when there are no more.
fn below_newest(sql: &Connection, table: &Table, keep: u64) -> Result<i64> {
    let select = format!(
        "SELECT version FROM {} WHERE typeof(embedding) = 'blob' \
         ORDER BY version DESC LIMIT 1 OFFSET ?",
        table.sql.table
    );
    let offset = i64::try_from(keep).unwrap_or(i64::MAX);
    Ok(sql.query_row(&select, [offset], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// How many rows there are to take.
pub(super) fn count(sql: &Connection, table: &Table, cutoff: i64) -> Result<u64> {
    let select = format!(
        "SELECT count(*) FROM {} WHERE version <= ? AND typeof(embedding) = 'blob'",
        table.sql.table
    );
    let count: i64 = sql.query_row(&select, [cutoff], |row| row.get(0))?;
    Ok(count as u64)
}

/// The next rows to take after the number `after`, as they are now.
pub(super) fn batch(
    sql: &Connection,
    table: &Table,
    cutoff: i64,
    after: i64,
) -> Result<Vec<Chosen>> {
    let mut select = sql.prepare_cached(&format!(
        "SELECT row, version, embedding FROM {} \
         WHERE row > ? AND version <= ? AND typeof(embedding) = 'blob' ORDER BY row",
        table.sql.table
    ))?;
    let mut rows = select.query((after, cutoff))?;
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while batch.len() < BATCH_ROWS
        && bytes < BATCH_BYTES
        && let Some(row) = rows.next()?
    {
        let blob =
            row.get_ref(2)?.as_blob().map_err(|_| Error::corrupt("an embedding is no blob"))?;
        bytes += blob.len();
        let vector = embedding::decode(blob)?;
        // One of another length would make the whole batch fail; `verify` names it.
        if vector.len() == table.options.dimensions {
            let (row, generation) = (row.get(0)?, Generation(row.get(1)?));
            batch.push(Chosen { row, generation, vector });
        }
    }
    Ok(batch)
}
