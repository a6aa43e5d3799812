//! Reading the rows of a range, and cutting them by the days that they were written on.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::BytesMut;
use headwater_cdc::ChangeLog;
use headwater_primitives::{Namespace, Result, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::HandOff;
use crate::files::FileRow;
use crate::job::Cancel;
use crate::runtime::joined;
use crate::schema::{Inference, day_of};
use crate::table::{FrozenRow, TieredTable, Versions};
use crate::timeline::Timeline;

/// Bytes of rows read in one view of the hot tier.
const PAGE_BYTES: usize = 4 << 20;
/// Bytes of rows that are collected, over all days, before the largest day is sent on. As much again is
/// being written.
const COLLECTED: usize = 48 << 20;
/// The same where all are of one day and in the order of their ids, so that they go on where the ones before
/// them ended.
const IN_ORDER: usize = 4 << 20;
/// What a row takes beside its body.
const ROW_BYTES: usize = 96;
/// The most bytes that a day takes at once for bodies.
const BLOCK_BYTES: usize = 1 << 20;

/// Whoever reads the rows of a range.
#[derive(Clone)]
pub(super) struct Reader {
    namespace: Namespace,
    table: Arc<dyn TieredTable>,
    range: Versions,
    cancelled: Cancel,
}

impl Reader {
    pub(super) fn of(hand_off: &HandOff, range: Versions) -> Reader {
        Reader {
            namespace: hand_off.tier.namespace().clone(),
            table: hand_off.table.clone(),
            range,
            cancelled: hand_off.cancelled.clone(),
        }
    }

    /// Reads a page of rows, from row number `from` on, in a view of its own.
    fn page(
        &self,
        from: i64,
        each: &mut dyn FnMut(FrozenRow<'_>) -> Result<()>,
    ) -> Result<Option<i64>> {
        self.cancelled.check()?;
        self.namespace
            .snapshot(|snapshot| self.table.frozen(snapshot, self.range, from, PAGE_BYTES, each))
    }

    /// Looks at all rows for the columns that they make. Blocks.
    pub(super) fn infer(&self) -> Result<Inference> {
        let mut seen = Inference::new(Some(self.table.id_field()));
        let mut from = Some(i64::MIN);
        while let Some(start) = from {
            from = self.page(start, &mut |row| seen.observe(row.body))?;
        }
        Ok(seen)
    }

    /// Reads all rows in a thread of its own, and sends them on by days. Ends early, without an error,
    /// when nobody takes them any more.
    pub(super) fn collect(self) -> Collecting {
        let (sample_to, sample) = oneshot::channel();
        let (to, days) = mpsc::channel(1);
        let reading = tokio::task::spawn_blocking(move || self.send(sample_to, &to));
        Collecting { sample, days, reading }
    }

    fn send(&self, sample: oneshot::Sender<Sample>, to: &mpsc::Sender<Day>) -> Result<()> {
        let mut sample = Some((sample, Inference::new(Some(self.table.id_field()))));
        let log = ChangeLog::open(&self.namespace)?;
        let times = Timeline::in_parts(&log, self.range)?;
        let mut times = times.lookups();
        let mut days: BTreeMap<i32, Day> = BTreeMap::new();
        let (mut collected, mut from) = (0, Some(i64::MIN));
        while let Some(start) = from {
            from = self.page(start, &mut |row| {
                if let Some((_, seen)) = &mut sample {
                    seen.observe(row.body)?;
                }
                let time = times.time_of(row.version);
                let number = day_of(time);
                collected += days.entry(number).or_insert_with(|| Day::new(number)).add(row, time);
                Ok(())
            })?;
            let is_all = from.is_none();
            let in_order = days.len() == 1 && days.values().all(|day| day.is_sorted);
            let most = if in_order { IN_ORDER } else { COLLECTED };
            if (collected > most || is_all)
                && let Some((to, seen)) = sample.take()
            {
                // Whoever does not wait for it takes no days either.
                let _ = to.send(Sample { seen, is_all, has_rows: collected > 0 });
            }
            while collected > most || is_all {
                let largest = days.values().max_by_key(|day| day.bytes).map(|day| day.number);
                let Some(day) = largest.and_then(|number| days.remove(&number)) else { break };
                collected -= day.bytes;
                if to.blocking_send(day).is_err() || !is_taken(to) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Rows that are being read.
pub(super) struct Collecting {
    sample: oneshot::Receiver<Sample>,
    days: mpsc::Receiver<Day>,
    reading: JoinHandle<Result<()>>,
}

/// What the first rows make of columns.
pub(super) struct Sample {
    pub(super) seen: Inference,
    /// Whether there are no others.
    pub(super) is_all: bool,
    /// Whether there are any.
    pub(super) has_rows: bool,
}

impl Collecting {
    /// The sample, which is there before the first day; nothing when reading failed, as `end` tells.
    pub(super) async fn sample(&mut self) -> Option<Sample> {
        (&mut self.sample).await.ok()
    }

    /// The next rows; nothing after the last ones, and when reading failed.
    pub(super) async fn next(&mut self) -> Option<Day> {
        self.days.recv().await
    }

    /// Takes no more rows. What reading failed with, if it did.
    pub(super) async fn end(self) -> Result<()> {
        drop((self.sample, self.days));
        joined(self.reading).await
    }
}

/// Waits until what was sent last is being written: only then is there memory for more. Whether it is.
fn is_taken(to: &mpsc::Sender<Day>) -> bool {
    Handle::current().block_on(to.reserve()).is_ok()
}

/// Rows of one day.
pub(super) struct Day {
    pub(super) number: i32,
    rows: Vec<FileRow>,
    is_sorted: bool,
    bytes: usize,
    /// What is left of the block that bodies are put into.
    block: BytesMut,
}

impl Day {
    fn new(number: i32) -> Day {
        Day { number, rows: Vec::new(), is_sorted: true, bytes: 0, block: BytesMut::new() }
    }

    /// The rows by id and version.
    pub(super) fn sorted(mut self) -> Vec<FileRow> {
        if !self.is_sorted {
            self.rows.sort_unstable_by(|one, other| one.key().cmp(&other.key()));
        }
        self.rows
    }

    /// Adds a row, and tells what it takes.
    fn add(&mut self, row: FrozenRow<'_>, written: Timestamp) -> usize {
        let size = row.body.len();
        if self.block.capacity() < size {
            // Days with few rows take little.
            self.block = BytesMut::with_capacity(self.bytes.min(BLOCK_BYTES).max(size));
        }
        self.block.extend_from_slice(row.body);
        let body = self.block.split().freeze();
        let row = FileRow { id: row.id, version: row.version, written, body };
        self.is_sorted &= self.rows.last().is_none_or(|last| last.key() < row.key());
        self.rows.push(row);
        self.bytes += size + ROW_BYTES;
        size + ROW_BYTES
    }
}
