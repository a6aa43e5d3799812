//! Reading the log forward in batches, past what a filter hides.

use std::sync::Arc;

use headwater_primitives::{Error, ErrorKind, Result, Segment, Sequence, Timestamp};

use crate::batch::{Ack, Batch, Content, matching};
use crate::cursor::Owner;
use crate::event::UnifiedEvent;
use crate::filter::{EventFilter, TagMatch};
use crate::log::ChangeLog;
use crate::position::{Position, Start};

/// So much of the log, in bytes, may be hidden before a batch without events is handed out.
const HIDDEN_BYTES: u64 = 8 << 20;
/// And so much time, in microseconds between the events' timestamps.
const HIDDEN_TIME: i64 = 60_000_000;

/// A place in the log that moves forward.
pub(crate) struct LogReader {
    changes: ChangeLog,
    filter: Arc<EventFilter>,
    owner: Option<Arc<Owner>>,
    /// The next sequence to be looked at.
    pub(crate) next: Sequence,
    pub(crate) batch_bytes: usize,
    hidden_bytes: u64,
    /// The time up to which batches were handed out.
    shown_to: Option<Timestamp>,
}

impl LogReader {
    pub(crate) fn new(
        changes: ChangeLog,
        filter: Arc<EventFilter>,
        owner: Option<Arc<Owner>>,
        next: Sequence,
    ) -> LogReader {
        LogReader {
            changes,
            filter,
            owner,
            next,
            batch_bytes: 1 << 20,
            hidden_bytes: 0,
            shown_to: None,
        }
    }

    /// The next batch; `None` at the head of the log.
    pub(crate) fn read(&mut self) -> Result<Option<Batch>> {
        while self.next <= self.changes.head() {
            let segments = read_from(&self.changes, self.next, self.batch_bytes)?;
            if let Some(batch) = self.batch_of(segments)? {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// Takes events that an archive has, which must be the next ones.
    pub(crate) fn take_archived(&mut self, mut events: Vec<UnifiedEvent>) -> Result<Option<Batch>> {
        for event in &events {
            if event.sequence() != self.next {
                return Err(Error::corrupt(format!(
                    "the archive of the change log has event {} where {} is due",
                    event.sequence(),
                    self.next
                )));
            }
            self.next = self.next.next();
        }
        let Some(last) = events.last().map(UnifiedEvent::sequence) else { return Ok(None) };
        events.retain(|event| self.filter.passes(event));
        Ok(Some(self.batch(Content::Archived(events), last)))
    }

    fn batch(&self, content: Content, last: Sequence) -> Batch {
        Batch {
            origin: self.changes.origin(),
            filter: self.filter.clone(),
            content,
            position: Position { epoch: self.changes.namespace().epoch(), sequence: last },
            ack: self.owner.clone().map(|owner| Ack { owner, snapshot: None }),
        }
    }

    fn batch_of(&mut self, mut segments: Vec<Segment>) -> Result<Option<Batch>> {
        let (Some(oldest), Some(newest)) = (segments.first(), segments.last()) else {
            return Ok(None);
        };
        let (from, last, latest) = (self.next, newest.last(), newest.header().times.1);
        let shown_to = *self.shown_to.get_or_insert(oldest.header().times.0);
        let bytes: u64 = segments.iter().map(|segment| u64::from(segment.header().raw_len)).sum();
        let visible = self.drop_hidden(&mut segments, from)?;
        self.next = last.next();
        self.hidden_bytes += bytes;
        let overdue =
            self.hidden_bytes >= HIDDEN_BYTES || latest.0.saturating_sub(shown_to.0) >= HIDDEN_TIME;
        if !visible && !overdue {
            return Ok(None);
        }
        self.hidden_bytes = 0;
        self.shown_to = Some(latest);
        Ok(Some(self.batch(Content::Changes { segments, from }, last)))
    }

    /// Drops the segments in which the filter hides everything; whether any is left with something to
    /// see.
    fn drop_hidden(&self, segments: &mut Vec<Segment>, from: Sequence) -> Result<bool> {
        if self.filter.passes_all() {
            return Ok(true);
        }
        segments.retain(|segment| {
            segment.tags().iter().any(|tag| self.filter.match_tag(tag) != TagMatch::Never)
        });
        // The tags name all that a segment holds, also before `from`.
        let seen = matching(segments, from, &self.filter).next().transpose()?;
        if seen.is_none() {
            segments.clear();
        }
        Ok(!segments.is_empty())
    }
}

/// Segments from the one that holds `next` on.
pub(crate) fn read_from(
    changes: &ChangeLog,
    next: Sequence,
    max_bytes: usize,
) -> Result<Vec<Segment>> {
    let segments = changes.segments().read(next, max_bytes)?;
    if segments.first().is_some_and(|segment| segment.first() <= next) {
        return Ok(segments);
    }
    // Committed, and yet not there: retention took it, or it is damage that must not be hidden.
    let start = changes.namespace().query(|connection| changes.segments().start_in(connection))?;
    if start > next {
        return Err(lost(next, start));
    }
    Err(Error::corrupt(format!("the change log holds nothing at sequence {next}")))
}

/// The next sequence that a subscription from `start` looks at.
pub(crate) fn resolve(changes: &ChangeLog, start: Start) -> Result<Sequence> {
    let log = changes.segments();
    if changes.namespace().is_read_only() {
        log.refresh()?;
    }
    let next = match start {
        Start::Beginning => {
            let archived = changes.namespace().query(|sql| changes.archived(sql))?;
            return Ok(archived.map_or(log.start(), |archived| log.start().min(*archived.start())));
        }
        Start::Now => return Ok(log.head().next()),
        Start::At(sequence) => sequence.max(Sequence(1)),
        Start::After(position) if position.sequence == Sequence::ZERO => Sequence(1),
        Start::After(position) => {
            check_known(changes, position)?;
            position.sequence.next()
        }
    };
    let is_archived = || -> Result<bool> {
        let archived = changes.namespace().query(|sql| changes.archived(sql))?;
        Ok(archived.is_some_and(|archived| archived.contains(&next)))
    };
    if next < log.start() && !is_archived()? {
        return Err(lost(next, log.start()));
    }
    Ok(next)
}

fn check_known(changes: &ChangeLog, position: Position) -> Result<()> {
    let namespace = changes.namespace();
    if namespace.knows_position(changes.segments(), position.epoch, position.sequence)? {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::ResnapshotRequired,
        format!(
            "resnapshot required: position {position} is not part of the history of this change \
             log, which is at {}-{}",
            namespace.epoch(),
            changes.head()
        ),
    ))
}

fn lost(next: Sequence, start: Sequence) -> Error {
    Error::new(
        ErrorKind::ResnapshotRequired,
        format!(
            "resnapshot required: the next event would be {next}, but retention has left only \
             events from {start} on"
        ),
    )
}
