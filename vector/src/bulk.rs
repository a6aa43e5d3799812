//! Many rows in one transaction.

use std::panic::resume_unwind;
use std::sync::Arc;

use headwater_primitives::{Commit, Result, WriteOptions};

use crate::encoded::Encoded;
use crate::record::Embedded;
use crate::store::{Inner, last_sequence};
use crate::written::BulkWritten;

/// Fewer rows than this are not worth a thread.
const WORTH_A_THREAD: usize = 1024;

pub(crate) fn insert<'a, T: Embedded>(
    inner: &Arc<Inner>,
    rows: impl IntoIterator<Item = &'a T>,
) -> Commit<BulkWritten> {
    let batches = match encode(inner, rows) {
        Ok(batches) => batches,
        Err(error) => return Commit::refused(error),
    };
    let inner = inner.clone();
    let namespace = inner.namespace.clone();
    namespace.transaction_with(WriteOptions::default(), move |tx| {
        let writing = inner.in_transaction(tx);
        let first = inner.changes.next_sequence(tx);
        for (place, row) in batches.into_iter().flatten().enumerate() {
            let insert = writing.insert(row);
            insert.map_err(|error| error.context(format!("row {place} of the bulk insert")))?;
        }
        let last = last_sequence(&inner.changes, tx);
        Ok(BulkWritten { count: last.0 + 1 - first.0, first, last })
    })
}

/// Encodes the rows, on all cores when there are many.
fn encode<'a, T: Embedded>(
    inner: &Inner,
    rows: impl IntoIterator<Item = &'a T>,
) -> Result<Vec<Vec<Encoded>>> {
    let rows: Vec<&T> = rows.into_iter().collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = rows.len().div_ceil(cores.min(8)).max(WORTH_A_THREAD);
    let encode = |(first, share): (usize, &[&T])| {
        let numbered = share.iter().enumerate();
        let encoded = numbered.map(|(offset, row)| {
            Encoded::new(&inner.table, *row).map_err(|error| {
                error.context(format!("row {} of the bulk insert", first + offset))
            })
        });
        encoded.collect::<Result<Vec<Encoded>>>()
    };
    let shares = rows.chunks(share).enumerate().map(|(nth, part)| (nth * share, part));
    if rows.len() <= WORTH_A_THREAD {
        return shares.map(encode).collect();
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = shares.map(|share| scope.spawn(move || encode(share))).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|batch| batch.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}
