//! Points in the past: a time, or a sequence.

use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Error, ErrorKind, Result, Sequence, Timestamp};

use crate::log::ChangeLog;

/// The state after a commit: the one with a sequence, or the last one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After the event with this sequence, and all before it.
    After(Sequence),
    /// After the last event that was committed at this time or earlier.
    At(Timestamp),
}

impl From<Sequence> for Moment {
    fn from(sequence: Sequence) -> Self {
        Moment::After(sequence)
    }
}

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Self {
        Moment::At(time)
    }
}

impl ChangeLog {
    /// The sequence of the last event that is part of the state at `moment`, as `sql` sees the log.
    ///
    /// # Errors
    /// `PastHorizon` when retention has deleted the events after `moment`, without which nobody knows
    /// that state; `InvalidInput` for a sequence that is still to come. A time that is still to come
    /// means now.
    pub fn sequence_at(&self, sql: &Connection, moment: Moment) -> Result<Sequence> {
        let (start, head) = (self.segments().start_in(sql)?, self.segments().head_in(sql)?);
        let sequence = match moment {
            Moment::After(sequence) if sequence > head => {
                return Err(Error::invalid(format!(
                    "sequence {sequence} is still to come: the last one is {head}"
                )));
            }
            Moment::After(sequence) => sequence,
            Moment::At(time) => self.last_at(sql, time, head)?,
        };
        if sequence.0 + 1 < start.0 {
            return Err(self.past_horizon(sql, moment, start));
        }
        Ok(sequence)
    }

    /// The last sequence that was committed at `time` or before.
    fn last_at(&self, sql: &Connection, time: Timestamp, head: Sequence) -> Result<Sequence> {
        let from = self.segments().first_at(sql, Timestamp(time.0.saturating_add(1)))?;
        if from > head {
            return Ok(head);
        }
        let mut last = Sequence(from.0 - 1);
        for segment in self.segments().read_in(sql, from, 1)? {
            for record in segment.records() {
                let record = record?;
                if record.timestamp > time {
                    return Ok(last);
                }
                last = record.sequence;
            }
        }
        Ok(last)
    }

    fn past_horizon(&self, sql: &Connection, moment: Moment, start: Sequence) -> Error {
        let first = self.segments().read_in(sql, start, 1).ok();
        let first = first.and_then(|segments| Some(segments.first()?.header().times.0));
        let since = first.map_or_else(String::new, |time| format!(", committed at {time}"));
        let asked = match moment {
            Moment::After(sequence) => format!("sequence {sequence}"),
            Moment::At(time) => time.to_string(),
        };
        Error::new(
            ErrorKind::PastHorizon,
            format!(
                "the state at {asked} is not known any more: the change log reaches back to \
                 sequence {start}{since}"
            ),
        )
    }
}
