//! Merging small segments into large compressed ones, while writers go on.

use std::sync::Arc;

use super::format::{Codec, SegmentBuilder};
use super::{LogState, MERGED, Segment, first_of, row_id};
use crate::error::Result;
use crate::namespace::Namespace;

/// Below this many segments a run that is still too small waits for more.
const ENOUGH: usize = 256;

/// Stored segments of this size are left as they are.
const LARGE: i64 = 64 << 10;

/// Merges what can be merged in every log with new segments. Returns how many rows went.
pub(crate) fn merge_all(namespace: &Namespace) -> Result<u64> {
    let mut merged = 0;
    for log in namespace.shared().all_logs() {
        if log.small() < 32 {
            continue;
        }
        log.take_small();
        while let Some(run) = next_run(namespace, &log)? {
            merged += replace(namespace, &log, run)?;
        }
    }
    Ok(merged)
}

/// Neighbouring segments to be made one, oldest first.
struct Run {
    first_id: i64,
    last_id: i64,
    rows: usize,
    /// The log is merged up to here once the run is replaced.
    merged_to: u64,
    /// What replaces the rows; `None` when they stay as they are.
    data: Option<(i64, Vec<u8>)>,
}

fn next_run(namespace: &Namespace, log: &Arc<LogState>) -> Result<Option<Run>> {
    namespace.shared().readers.with(|connection| {
        let merged: i64 = connection
            .prepare_cached("SELECT merged FROM segment_logs WHERE id = ?")?
            .query_row([log.id()], |row| row.get(0))?;
        // SQLite knows a blob's length without reading it, so what is large costs nothing here.
        let mut statement = connection.prepare_cached(
            "SELECT id, CASE WHEN length(data) < ? THEN data END FROM segments \
             WHERE id >= ? AND id < ? ORDER BY id",
        )?;
        let range = (LARGE, row_id(log.id(), merged as u64), row_id(log.id() + 1, 0));
        let mut rows = statement.query(range)?;
        let mut builder = SegmentBuilder::default();
        let (mut ids, mut count, mut passed) = ((0, 0), 0, merged as u64);
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let Some(data) = row.get_ref(1)?.as_blob_or_null().unwrap_or_default() else {
                if count == 0 {
                    passed = first_of(id);
                    continue;
                }
                return Ok(Some(finish(builder, ids, count, first_of(id))));
            };
            let segment = Segment::decode(data)
                .map_err(|error| error.context(format!("merging log {:?}", log.name())))?;
            let large = segment.header().raw_len as usize > MERGED / 2;
            if large && count == 0 {
                // Already as large as a merge would make it: step over it.
                passed = segment.first().0;
                continue;
            }
            if large {
                // Nothing can join the run any more, however small it is.
                let merged_to = segment.first().0;
                return Ok(Some(finish(builder, ids, count, merged_to)));
            }
            if count == 0 {
                ids.0 = id;
            }
            ids.1 = id;
            count += 1;
            add(&mut builder, &segment)?;
            if builder.len() >= MERGED {
                return Ok(Some(finish(builder, ids, count, segment.last().0 + 1)));
            }
        }
        if count >= ENOUGH {
            // A run that is still small is taken up again when more has come.
            let merged_to = builder.first();
            return Ok(Some(finish(builder, ids, count, merged_to)));
        }
        let run = Run { first_id: 0, last_id: 0, rows: 0, merged_to: passed, data: None };
        Ok((passed > merged as u64).then_some(run))
    })
}

fn finish(builder: SegmentBuilder, ids: (i64, i64), rows: usize, merged_to: u64) -> Run {
    let latest = builder.latest().0;
    // A segment alone stays as it is.
    let data = (rows > 1).then(|| (latest, builder.finish(Codec::Lz4)));
    Run { first_id: ids.0, last_id: ids.1, rows, merged_to, data }
}

/// Appends the units of `segment`.
fn add(builder: &mut SegmentBuilder, segment: &Segment) -> Result<()> {
    for unit in segment.units() {
        let (piece, records) = unit?;
        builder.push(&piece, segment.tags(), records)?;
    }
    Ok(())
}

fn replace(namespace: &Namespace, log: &Arc<LogState>, run: Run) -> Result<u64> {
    let log = log.id();
    namespace
        .transaction(move |tx| -> Result<u64> {
            let mut gone = 0;
            if let Some((latest, data)) = &run.data {
                let rows: i64 = tx
                    .sql()
                    .prepare_cached("SELECT count(*) FROM segments WHERE id BETWEEN ? AND ?")?
                    .query_row((run.first_id, run.last_id), |row| row.get(0))?;
                if rows != run.rows as i64 {
                    // Retention took part of the run meanwhile.
                    return Ok(0);
                }
                crate::fail::point("merge.before-delete")?;
                gone = tx
                    .sql()
                    .prepare_cached("DELETE FROM segments WHERE id BETWEEN ? AND ?")?
                    .execute((run.first_id, run.last_id))? as u64;
                crate::fail::point("merge.before-insert")?;
                tx.sql()
                    .prepare_cached("INSERT INTO segments(id, time, data) VALUES (?, ?, ?)")?
                    .execute((run.first_id, latest, data))?;
            }
            tx.sql()
                .prepare_cached("UPDATE segment_logs SET merged = max(merged, ?) WHERE id = ?")?
                .execute((run.merged_to as i64, log))?;
            Ok(gone)
        })
        .wait()
}
