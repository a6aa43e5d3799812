//! A named log of records, kept as segments in the hot tier.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use event_listener::{Event, EventListener};
use rusqlite::Connection;

use super::reader::Segment;
use super::run::Run;
use super::{first_of, row_id};
use crate::error::{Error, ErrorKind, Result};
use crate::namespace::{Namespace, Shared};
use crate::sequence::Sequence;
use crate::time::Timestamp;
use crate::writer::Transaction;

/// The row ids of the last log must stay below those that an `i64` can hold.
const MAX_LOGS: i64 = (1 << 15) - 2;

/// What the namespace knows of one log, shared by all its handles.
pub(crate) struct LogState {
    id: u16,
    name: String,
    committed: AtomicU64,
    start: AtomicU64,
    small: AtomicU32,
    grown: Event,
}

impl LogState {
    pub(crate) fn id(&self) -> u16 {
        self.id
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn committed(&self) -> Sequence {
        Sequence(self.committed.load(Ordering::SeqCst))
    }

    pub(crate) fn publish(&self, committed: u64, start: Option<u64>) {
        self.committed.store(committed, Ordering::SeqCst);
        if let Some(start) = start {
            self.start.store(start, Ordering::SeqCst);
        }
        self.grown.notify(usize::MAX);
    }

    /// Wakes whoever waits for the log, although it has not grown.
    pub(crate) fn wake(&self) {
        self.grown.notify(usize::MAX);
    }

    pub(crate) fn count_small(&self) {
        self.small.fetch_add(1, Ordering::Relaxed);
    }

    /// How many segments were written since the last merge; resets the count.
    pub(crate) fn take_small(&self) -> u32 {
        self.small.swap(0, Ordering::Relaxed)
    }

    /// How many segments were written since the last merge.
    pub(crate) fn small(&self) -> u32 {
        self.small.load(Ordering::Relaxed)
    }
}

/// A log: an append-only sequence of records with gap-free numbers, written in transactions.
/// Cheap to clone.
#[derive(Clone)]
pub struct SegmentLog {
    state: Arc<LogState>,
    shared: Weak<Shared>,
}

/// Figures of one log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogStats {
    /// Segments stored.
    pub segments: u64,
    /// Bytes of all segments as stored.
    pub bytes: u64,
    /// The first sequence that is still there.
    pub start: Sequence,
    /// The last committed sequence.
    pub head: Sequence,
}

impl SegmentLog {
    /// Opens the log `name`, made when the namespace has none of that name.
    ///
    /// # Errors
    /// `NotFound` in a read-only namespace without that log; SQLite's errors.
    pub fn open(namespace: &Namespace, name: &str) -> Result<SegmentLog> {
        let shared = namespace.shared();
        if let Some(state) = shared.log(name) {
            return Ok(SegmentLog { state, shared: Arc::downgrade(shared) });
        }
        if !namespace.is_read_only() {
            let owned = name.to_owned();
            namespace.transaction(move |tx| create(tx.sql(), &owned)).wait()?;
        }
        shared.readers.with(|connection| shared.load_logs(connection))?;
        let state = shared.log(name).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("this namespace has no log {name:?}"))
        })?;
        Ok(SegmentLog { state, shared: Arc::downgrade(shared) })
    }

    /// The log's name.
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// The last committed sequence; zero while the log is empty.
    pub fn head(&self) -> Sequence {
        self.state.committed()
    }

    /// The first sequence that retention has left.
    pub fn start(&self) -> Sequence {
        Sequence(self.state.start.load(Ordering::SeqCst))
    }

    /// A listener that the next commit to this log wakes.
    pub fn listen(&self) -> EventListener {
        self.state.grown.listen()
    }

    /// Wakes whoever listens, although nothing was written.
    pub fn wake(&self) {
        self.state.wake();
    }

    /// Segments from the one that holds `from` on, until their decompressed size passes `max_bytes`;
    /// at least one when there is any. Cost: one index search and the segments' bytes.
    ///
    /// # Errors
    /// `Corrupt`, naming the segment, when one is damaged or missing; `Closed`.
    pub fn read(&self, from: Sequence, max_bytes: usize) -> Result<Vec<Segment>> {
        let shared = self.shared.upgrade().ok_or_else(crate::writer::closed)?;
        // One view: retention between the two tables read here would tear a unit from its total.
        shared.readers.snapshot(|connection| self.read_in(connection, from, max_bytes))
    }

    /// [`read`](Self::read) on a connection of the caller's, such as a snapshot's.
    ///
    /// # Errors
    /// As `read`.
    pub fn read_in(
        &self,
        connection: &Connection,
        from: Sequence,
        max_bytes: usize,
    ) -> Result<Vec<Segment>> {
        let log = self.state.id;
        let from = from.max(Sequence(1));
        let mut run = Run::new(self, connection, from)?;
        let sql = format!("SELECT id, data FROM segments WHERE {}", Run::ROWS);
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows =
            statement.query((row_id(log, 0), row_id(log, from.0), row_id(log + 1, 0)))?;
        let (mut segments, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let first = first_of(row.get(0)?);
            let data = row.get_ref(1)?.as_blob().map_err(|_| self.damaged(first, "no blob"))?;
            let mut segment = Segment::decode(data).map_err(|error| self.at(first, error))?;
            if !run.take(self, first, (segment.first(), segment.last()))? {
                continue;
            }
            self.resolve_totals(connection, &mut segment).map_err(|error| self.at(first, error))?;
            bytes += segment.header().raw_len as usize;
            segments.push(segment);
            if bytes >= max_bytes {
                break;
            }
        }
        run.end(self, connection, bytes < max_bytes)?;
        Ok(segments)
    }

    /// The first sequence that retention has left, as `connection` sees it.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn start_in(&self, connection: &Connection) -> Result<Sequence> {
        let start: i64 = connection
            .prepare_cached("SELECT start FROM segment_logs WHERE id = ?")?
            .query_row([self.state.id], |row| row.get(0))?;
        Ok(Sequence(start as u64))
    }

    /// The last committed sequence as `connection` sees it.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn head_in(&self, connection: &Connection) -> Result<Sequence> {
        let next: i64 = connection
            .prepare_cached("SELECT next FROM segment_logs WHERE id = ?")?
            .query_row([self.state.id], |row| row.get(0))?;
        Ok(Sequence(next as u64 - 1))
    }

    /// Takes up what another process has committed: for followers in a read-only namespace.
    ///
    /// # Errors
    /// SQLite's errors; `Closed`.
    pub fn refresh(&self) -> Result<()> {
        let shared = self.shared.upgrade().ok_or_else(crate::writer::closed)?;
        shared.readers.with(|connection| {
            let (next, start): (i64, i64) = connection
                .prepare_cached("SELECT next, start FROM segment_logs WHERE id = ?")?
                .query_row([self.state.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if next as u64 - 1 > self.head().0 || start as u64 > self.start().0 {
                self.state.publish(next as u64 - 1, Some(start as u64));
            }
            Ok(())
        })
    }

    /// Deletes whole segments whose records are all before `keep`, at most `limit` of them, inside
    /// `tx`. Returns the new start of the log.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn truncate_before(
        &self,
        tx: &Transaction<'_>,
        keep: Sequence,
        limit: usize,
    ) -> Result<Sequence> {
        crate::fail::point("retention.delete")?;
        let log = self.state.id;
        let next = self.next_in(tx.sql())?;
        let keep = keep.0.min(next);
        // The segment that holds `keep` starts at or before it: everything below goes.
        let holder: Option<i64> = tx
            .sql()
            .prepare_cached("SELECT max(id) FROM segments WHERE id BETWEEN ? AND ?")?
            .query_row((row_id(log, 0), row_id(log, keep)), |row| row.get(0))?;
        let all_gone = keep == next;
        let end = match (all_gone, holder) {
            (true, _) => row_id(log, keep),
            (false, Some(holder)) => holder,
            (false, None) => return Ok(self.start()),
        };
        tx.sql()
            .prepare_cached(
                "DELETE FROM segments WHERE id IN (SELECT id FROM segments \
                 WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)",
            )?
            .execute((row_id(log, 0), end, limit as i64))?;
        let start: Option<i64> = tx
            .sql()
            .prepare_cached("SELECT min(id) FROM segments WHERE id >= ? AND id < ?")?
            // What this group appends comes after all that is committed, stored already or not.
            .query_row((row_id(log, 0), row_id(log, next)), |row| row.get(0))?;
        let start = start.map_or(keep, first_of);
        tx.sql()
            .prepare_cached("DELETE FROM segment_units WHERE log = ?1 AND first + total <= ?2")?
            .execute((log, start as i64))?;
        tx.sql()
            .prepare_cached(
                "UPDATE segment_logs SET start = ?1, merged = max(merged, ?1) WHERE id = ?2",
            )?
            .execute((start as i64, log))?;
        tx.logs.borrow_mut().set_start(self, Sequence(start));
        Ok(Sequence(start))
    }

    /// The first sequence whose segment holds a record at or after `time`; the next one when none.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn first_at(&self, connection: &Connection, time: Timestamp) -> Result<Sequence> {
        let log = self.state.id;
        let id: Option<i64> = connection
            .prepare_cached(
                "SELECT id FROM segments WHERE id >= ? AND id < ? AND time >= ? ORDER BY id LIMIT 1",
            )?
            .query_row((row_id(log, 0), row_id(log + 1, 0), time.0), |row| row.get(0))
            .map(Some)
            .or_else(none_when_empty)?;
        match id {
            Some(id) => Ok(Sequence(first_of(id))),
            None => Ok(Sequence(self.next_in(connection)?)),
        }
    }

    /// The first sequence from which the stored segments fit in `bytes`.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn first_within(&self, connection: &Connection, bytes: u64) -> Result<Sequence> {
        let log = self.state.id;
        let mut statement = connection.prepare_cached(
            "SELECT id, length(data) FROM segments WHERE id >= ? AND id < ? ORDER BY id DESC",
        )?;
        let mut rows = statement.query((row_id(log, 0), row_id(log + 1, 0)))?;
        let (mut total, mut first) = (0, Sequence(self.next_in(connection)?));
        while let Some(row) = rows.next()? {
            total += row.get::<_, i64>(1)? as u64;
            if total > bytes {
                break;
            }
            first = Sequence(first_of(row.get(0)?));
        }
        Ok(first)
    }

    /// Figures as `connection` sees them. Cost: one pass over the segments' headers.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn stats(&self, connection: &Connection) -> Result<LogStats> {
        let log = self.state.id;
        let (segments, bytes): (i64, i64) = connection.query_row(
            "SELECT count(*), coalesce(sum(length(data)), 0) FROM segments \
             WHERE id >= ? AND id < ?",
            (row_id(log, 0), row_id(log + 1, 0)),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(LogStats {
            segments: segments as u64,
            bytes: bytes as u64,
            start: self.start(),
            head: self.head_in(connection)?,
        })
    }

    pub(crate) fn state(&self) -> &Arc<LogState> {
        &self.state
    }

    fn next_in(&self, connection: &Connection) -> Result<u64> {
        Ok(self.head_in(connection)?.0 + 1)
    }

    /// Looks up how many records those units have that span segments.
    pub(super) fn resolve_totals(
        &self,
        connection: &Connection,
        segment: &mut Segment,
    ) -> Result<()> {
        if !segment.header().spans {
            return Ok(());
        }
        let mut totals = Vec::new();
        for first in segment.spanning_units()? {
            let total: Option<i64> = connection
                .prepare_cached("SELECT total FROM segment_units WHERE log = ? AND first = ?")?
                .query_row((self.state.id, first as i64), |row| row.get(0))
                .map(Some)
                .or_else(none_when_empty)?;
            let total = total.and_then(|total| u32::try_from(total).ok()).ok_or_else(|| {
                Error::corrupt(format!("the count of the unit at sequence {first} is missing"))
            })?;
            totals.push((first, total));
        }
        segment.set_totals(totals);
        Ok(())
    }

    pub(super) fn at(&self, first: u64, error: Error) -> Error {
        error.context(format!("log {:?}, segment at sequence {first}", self.name()))
    }

    pub(super) fn damaged(&self, first: u64, why: &str) -> Error {
        self.at(first, Error::corrupt(why))
    }
}

/// Makes the log `name` unless there is one. Its epoch says that nothing before was in this log: one
/// of the same name may have been lost.
fn create(connection: &Connection, name: &str) -> Result<()> {
    let made = connection
        .execute("INSERT INTO segment_logs(name) VALUES (?) ON CONFLICT DO NOTHING", [name])?;
    if made == 0 {
        return Ok(());
    }
    let id = connection.last_insert_rowid();
    if id > MAX_LOGS {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("log {name:?} would be the {id}th of its namespace; the limit is {MAX_LOGS}"),
        ));
    }
    connection.execute(
        "INSERT INTO epochs(epoch, log, start) SELECT max(epoch), ?, 1 FROM epochs",
        [id],
    )?;
    Ok(())
}

fn none_when_empty<T>(error: rusqlite::Error) -> rusqlite::Result<Option<T>> {
    match error {
        rusqlite::Error::QueryReturnedNoRows => Ok(None),
        error => Err(error),
    }
}

impl Shared {
    /// The state of the log `name`, if it is loaded.
    pub(crate) fn log(&self, name: &str) -> Option<Arc<LogState>> {
        self.lock_logs().iter().find(|log| log.name == name).cloned()
    }

    /// Takes up the logs that `connection` sees and that are not known yet.
    pub(crate) fn load_logs(&self, connection: &Connection) -> Result<()> {
        let mut statement = connection.prepare("SELECT id, name, next, start FROM segment_logs")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id: u16 = row.get(0)?;
            let mut logs = self.lock_logs();
            if logs.iter().any(|log| log.id == id) {
                continue;
            }
            logs.push(Arc::new(LogState {
                id,
                name: row.get(1)?,
                committed: AtomicU64::new(row.get::<_, i64>(2)? as u64 - 1),
                start: AtomicU64::new(row.get::<_, i64>(3)? as u64),
                small: AtomicU32::new(u32::MAX / 2),
                grown: Event::new(),
            }));
        }
        Ok(())
    }
}
