//! What one commit group appends to its logs: undone for a caller that fails, written before COMMIT.

use std::sync::Arc;

use rusqlite::Connection;

use super::compress::{Compressing, Compressor};
use super::format::{Codec, SegmentBuilder, UnitPiece, write_record};
use super::{LogState, MAX_PAYLOAD, PIECE, SegmentLog, row_id};
use crate::error::{Error, ErrorKind, Result};
use crate::sequence::Sequence;
use crate::time::Timestamp;

/// Pieces of one unit that may be compressing at a time: bounds memory, and hides that compressing
/// takes longer than inserting.
const IN_FLIGHT: usize = 16;

/// The logs that the current group has touched.
pub(crate) struct GroupLogs {
    open: Vec<OpenLog>,
    time: Timestamp,
    meta: Vec<u8>,
    /// Why a record of the current caller is lost, although the caller may have gone on.
    failure: Option<Error>,
    compressor: Arc<Compressor>,
}

struct OpenLog {
    state: Arc<LogState>,
    /// The next sequence, the current caller's records included.
    next: u64,
    /// The first sequence of the current caller's records.
    unit_first: u64,
    /// Units of callers that succeeded.
    builder: SegmentBuilder,
    /// The current caller's records, not yet in a builder.
    unit: UnitBuffer,
    /// Pieces of the current caller that went ahead because the unit is large.
    pieces: Vec<Piece>,
    /// Segments that wait to be inserted.
    sealed: Vec<Piece>,
    /// Where retention cut the log, and where the current caller did.
    start: Option<u64>,
    unit_start: Option<u64>,
}

/// Records of one unit with a tag list of their own, so that they can be dropped or moved.
#[derive(Default)]
struct UnitBuffer {
    first: u64,
    count: u32,
    tags: Vec<Arc<str>>,
    records: Vec<u8>,
}

struct Piece {
    first: u64,
    latest: Timestamp,
    data: PieceData,
}

enum PieceData {
    Ready(Vec<u8>),
    Compressing(Compressing),
}

impl GroupLogs {
    pub(crate) fn new(compressor: Arc<Compressor>) -> Self {
        let (open, meta) = (Vec::new(), Vec::new());
        GroupLogs { open, time: Timestamp(0), meta, failure: None, compressor }
    }

    pub(crate) fn begin_group(&mut self, time: Timestamp) {
        self.open.clear();
        self.time = time;
    }

    /// Starts a caller's unit; `meta` is stored once for all its records.
    pub(crate) fn begin_unit(&mut self, meta: Vec<u8>) {
        self.meta = meta;
        self.failure = None;
    }

    /// The error of an append that left a gap in the current caller's records.
    pub(crate) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    pub(crate) fn next(&mut self, log: &SegmentLog) -> Sequence {
        Sequence(self.open_log(log.state()).next)
    }

    pub(crate) fn append(
        &mut self,
        connection: &Connection,
        log: &SegmentLog,
        tag: &str,
        payload: &[u8],
    ) -> Result<Sequence> {
        if payload.len() > MAX_PAYLOAD {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("a record of {} bytes; the limit is {MAX_PAYLOAD}", payload.len()),
            ));
        }
        let index = self.index_of(log.state());
        let open = &mut self.open[index];
        let sequence = open.next;
        if sequence >= 1 << super::SEQUENCE_BITS {
            return Err(Error::new(ErrorKind::TooLarge, "the log's sequences are exhausted"));
        }
        open.next += 1;
        open.unit.push(sequence, tag, payload);
        if open.unit.len() > PIECE {
            open.send_ahead(connection, &self.compressor, self.time, &self.meta)
                .inspect_err(|error| self.failure = Some(error.duplicate()))?;
        }
        Ok(Sequence(sequence))
    }

    /// Keeps the current caller's records.
    pub(crate) fn keep_unit(&mut self, connection: &Connection) -> Result<()> {
        let (time, meta) = (self.time, std::mem::take(&mut self.meta));
        for open in &mut self.open {
            open.keep_unit(connection, &self.compressor, time, &meta)?;
        }
        Ok(())
    }

    /// Drops the current caller's records and gives their sequences back.
    pub(crate) fn drop_unit(&mut self) {
        for open in &mut self.open {
            open.next = open.unit_first;
            open.unit.clear();
            open.pieces.clear();
            open.unit_start = None;
        }
    }

    /// Cuts the retained log at `start`; published with the commit.
    pub(crate) fn set_start(&mut self, log: &SegmentLog, start: Sequence) {
        self.open_log(log.state()).unit_start = Some(start.0);
    }

    /// Inserts the group's segments. Called once, before COMMIT.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<()> {
        for open in &mut self.open {
            open.write(connection, &self.compressor, self.time)?;
        }
        Ok(())
    }

    /// Makes the group's records known to readers of the logs. Called after COMMIT.
    pub(crate) fn publish(&mut self) {
        for open in self.open.drain(..) {
            open.state.publish(open.next - 1, open.start);
        }
    }

    fn open_log(&mut self, state: &Arc<LogState>) -> &mut OpenLog {
        let index = self.index_of(state);
        &mut self.open[index]
    }

    fn index_of(&mut self, state: &Arc<LogState>) -> usize {
        if let Some(index) = self.open.iter().position(|open| Arc::ptr_eq(&open.state, state)) {
            return index;
        }
        self.open.push(OpenLog::new(state.clone()));
        self.open.len() - 1
    }
}

impl OpenLog {
    fn new(state: Arc<LogState>) -> Self {
        let next = state.committed().0 + 1;
        OpenLog {
            state,
            next,
            unit_first: next,
            builder: SegmentBuilder::default(),
            unit: UnitBuffer::default(),
            pieces: Vec::new(),
            sealed: Vec::new(),
            start: None,
            unit_start: None,
        }
    }

    /// Compresses what the unit has so far, while the caller goes on.
    fn send_ahead(
        &mut self,
        connection: &Connection,
        compressor: &Compressor,
        time: Timestamp,
        meta: &[u8],
    ) -> Result<()> {
        let mut builder = SegmentBuilder::default();
        self.unit.move_into(&mut builder, self.unit_first, 0, time, meta)?;
        self.pieces.push(Piece::compressing(compressor, builder)?);
        // A row inserted here is inside the caller's savepoint, so it vanishes with the caller.
        if self.pieces.len() > IN_FLIGHT {
            let piece = self.pieces.remove(0);
            piece.insert(connection, &self.state)?;
        }
        Ok(())
    }

    fn keep_unit(
        &mut self,
        connection: &Connection,
        compressor: &Compressor,
        time: Timestamp,
        meta: &[u8],
    ) -> Result<()> {
        let total = self.next - self.unit_first;
        let spans = total > 0 && (self.unit.is_empty() || self.unit.first > self.unit_first);
        if spans {
            // Earlier callers' records come first: they get a segment of their own.
            if !self.builder.is_empty() {
                let builder = std::mem::take(&mut self.builder);
                self.sealed.push(Piece::ready(builder));
            }
            self.sealed.append(&mut self.pieces);
            connection
                .prepare_cached("INSERT INTO segment_units(log, first, total) VALUES (?, ?, ?)")?
                .execute((self.state.id(), self.unit_first as i64, total as i64))?;
            if !self.unit.is_empty() {
                let mut builder = SegmentBuilder::default();
                self.unit.move_into(&mut builder, self.unit_first, 0, time, meta)?;
                self.sealed.push(Piece::compressing(compressor, builder)?);
            }
        } else if total > 0 {
            let (first, total) = (self.unit_first, total as u32);
            self.unit.move_into(&mut self.builder, first, total, time, meta)?;
            if self.builder.len() > PIECE {
                let builder = std::mem::take(&mut self.builder);
                self.sealed.push(Piece::compressing(compressor, builder)?);
            }
        }
        self.unit_first = self.next;
        self.start = self.unit_start.take().or(self.start);
        Ok(())
    }

    fn write(
        &mut self,
        connection: &Connection,
        compressor: &Compressor,
        time: Timestamp,
    ) -> Result<()> {
        if !self.builder.is_empty() {
            let builder = std::mem::take(&mut self.builder);
            let piece = if builder.len() > PIECE / 8 {
                Piece::compressing(compressor, builder)?
            } else {
                Piece::ready(builder)
            };
            self.sealed.push(piece);
        }
        for piece in self.sealed.drain(..) {
            piece.insert(connection, &self.state)?;
        }
        if self.next > self.state.committed().0 + 1 {
            connection
                .prepare_cached("UPDATE segment_logs SET next = ?, time = ? WHERE id = ?")?
                .execute((self.next as i64, time.0, self.state.id()))?;
        }
        Ok(())
    }
}

impl UnitBuffer {
    fn push(&mut self, sequence: u64, tag: &str, payload: &[u8]) {
        if self.count == 0 {
            self.first = sequence;
        }
        self.count += 1;
        // Neighbours mostly share a tag, and the list outlives the unit.
        let tag = match self.tags.iter().rposition(|known| **known == *tag) {
            Some(index) => index,
            None => {
                self.tags.push(Arc::from(tag));
                self.tags.len() - 1
            }
        };
        write_record(&mut self.records, tag as u64, payload);
    }

    fn len(&self) -> usize {
        self.records.len()
    }

    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn clear(&mut self) {
        self.count = 0;
        self.records.clear();
    }

    fn move_into(
        &mut self,
        builder: &mut SegmentBuilder,
        unit_first: u64,
        total: u32,
        time: Timestamp,
        meta: &[u8],
    ) -> Result<()> {
        let piece = UnitPiece {
            first: self.first,
            index: (self.first - unit_first) as u32,
            count: self.count,
            total,
            time,
            meta,
        };
        builder.push(&piece, &self.tags, &self.records)?;
        self.clear();
        Ok(())
    }
}

impl Piece {
    fn ready(builder: SegmentBuilder) -> Self {
        let (first, latest) = (builder.first(), builder.latest());
        Piece { first, latest, data: PieceData::Ready(builder.finish(Codec::Raw)) }
    }

    fn compressing(compressor: &Compressor, builder: SegmentBuilder) -> Result<Self> {
        let (first, latest) = (builder.first(), builder.latest());
        Ok(Piece { first, latest, data: PieceData::Compressing(compressor.start(builder)?) })
    }

    fn insert(self, connection: &Connection, log: &LogState) -> Result<()> {
        let data = match self.data {
            PieceData::Ready(data) => data,
            PieceData::Compressing(compressing) => compressing.finish()?,
        };
        connection
            .prepare_cached("INSERT INTO segments(id, time, data) VALUES (?, ?, ?)")?
            .execute((row_id(log.id(), self.first), self.latest.0, data))?;
        log.count_small();
        Ok(())
    }
}
