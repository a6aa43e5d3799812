//! Points in the past: a time, or a sequence.

use std::time::Duration;

use event_listener::Listener;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Error, ErrorKind, Result, Sequence, Timestamp};

use crate::log::ChangeLog;

/// How often someone who waits for the log looks whether the namespace was closed meanwhile.
const LOOK: Duration = Duration::from_millis(100);

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
    /// Waits until subscriptions give every event that `sql`, a snapshot's connection, has seen: a commit
    /// shows in SQLite a moment before it shows in the log, and one of another process only once the log is
    /// told to look for it.
    ///
    /// # Errors
    /// SQLite's errors; `Closed`.
    pub fn reach(&self, sql: &Connection) -> Result<()> {
        let seen = self.segments().head_in(sql)?;
        while self.head() < seen {
            if self.namespace().is_read_only() {
                // What a snapshot has seen, a newer look sees too.
                self.segments().refresh()?;
                continue;
            }
            let grown = self.segments().listen();
            if self.head() < seen && grown.wait_timeout(LOOK).is_none() {
                // Fails once the namespace is closed.
                self.namespace().query(|_| Ok::<_, Error>(()))?;
            }
        }
        Ok(())
    }

    /// The sequence of the last event that is part of the state at `moment`, as `sql` sees the log.
    ///
    /// # Errors
    /// `PastHorizon` when retention has deleted the events after `moment`, and no archive has them, without
    /// which nobody knows that state; `InvalidInput` for a sequence that is still to come. A time that is still to come
    /// means now.
    pub fn sequence_at(&self, sql: &Connection, moment: Moment) -> Result<Sequence> {
        let (hot, head) = (self.segments().start_in(sql)?, self.segments().head_in(sql)?);
        let archived = self.archived(sql)?;
        let start = archived.map_or(hot, |archived| hot.min(*archived.start()));
        let sequence = match moment {
            Moment::After(sequence) if sequence > head => {
                return Err(Error::invalid(format!(
                    "sequence {sequence} is still to come: the last one is {head}"
                )));
            }
            Moment::After(sequence) => sequence,
            Moment::At(time) => {
                let last = match self.last_at(sql, time, head)? {
                    // All of the hot log is younger.
                    last if last < hot && start < hot => self.last_archived_at(sql, time, start)?,
                    last => last,
                };
                // Which of the events before the first one were later than that, nobody knows.
                if last < start && start > Sequence(1) {
                    return Err(self.past_horizon(sql, moment, start));
                }
                last
            }
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
            // Nothing is younger, unless retention has taken it.
            let is_all_gone = self.segments().start_in(sql)? > head;
            let is_past = time < self.namespace().clock().now();
            return Ok(if is_all_gone && is_past { Sequence::ZERO } else { head });
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

    /// The same among the events of the archive, whose first one is `start`.
    fn last_archived_at(
        &self,
        sql: &Connection,
        time: Timestamp,
        start: Sequence,
    ) -> Result<Sequence> {
        let archive = self.archive();
        let last = archive.map(|archive| archive.last_at(sql, time)).transpose()?.flatten();
        Ok(last.unwrap_or(Sequence(start.0.saturating_sub(1))))
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
