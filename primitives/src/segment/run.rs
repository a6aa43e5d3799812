//! Whether the segments that a query gives follow each other, and none is missing.

use rusqlite::Connection;

use super::SegmentLog;
use crate::error::Result;
use crate::sequence::Sequence;

/// Segments from the one that holds a sequence on, as far as they were looked at.
pub(super) struct Run {
    from: Sequence,
    head: Sequence,
    /// Where the next segment must begin; unknown before the first.
    expected: Option<u64>,
    /// A sequence that is not there; retention may have deleted it.
    missing: Option<Sequence>,
}

impl Run {
    /// The rows of the segments of a log from one that holds a sequence on. Takes the row id of the log's
    /// first possible segment, of that sequence's, and of the next log's first.
    pub(super) const ROWS: &str = "id >= \
        coalesce((SELECT max(id) FROM segments WHERE id BETWEEN ?1 AND ?2), ?1) \
        AND id < ?3 ORDER BY id";

    /// To be made before the segments are read: what is committed meanwhile is not missing.
    pub(super) fn new(log: &SegmentLog, connection: &Connection, from: Sequence) -> Result<Run> {
        let head = log.head_in(connection)?;
        Ok(Run { from, head, expected: None, missing: None })
    }

    /// Takes the next segment: the sequence that its row is filed under, and what its header says. Whether
    /// it reaches the sequence that the run is from.
    pub(super) fn take(
        &mut self,
        log: &SegmentLog,
        filed: u64,
        (first, last): (Sequence, Sequence),
    ) -> Result<bool> {
        match self.expected {
            Some(expected) if filed > expected => {
                return Err(log.damaged(self.from.0.max(expected), "it is missing"));
            }
            None if filed > self.from.0 => self.missing = Some(self.from),
            _ => {}
        }
        if first.0 != filed || self.expected.is_some_and(|expected| filed < expected) {
            return Err(log.damaged(filed, "it is not where its sequences belong"));
        }
        self.expected = Some(last.0 + 1);
        Ok(last >= self.from)
    }

    /// Where the next segment begins, if the log has one.
    pub(super) fn next(&self) -> Option<Sequence> {
        self.expected.map(Sequence).filter(|next| *next <= self.head)
    }

    /// Ends the run, `is_whole` when the log has no more segments.
    pub(super) fn end(
        self,
        log: &SegmentLog,
        connection: &Connection,
        is_whole: bool,
    ) -> Result<()> {
        let reached = Sequence(self.expected.unwrap_or(0)).max(self.from);
        let cut_short = (is_whole && reached <= self.head).then_some(reached);
        match self.missing.or(cut_short) {
            // Asked after the segments were read: what retention deletes meanwhile is not missing.
            Some(missing) if missing >= log.start_in(connection)? => {
                Err(log.damaged(missing.0, "it is missing"))
            }
            _ => Ok(()),
        }
    }
}
