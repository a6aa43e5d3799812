//! What a subscription hands out: a run of events that is decoded while it is walked.

use std::sync::Arc;

use headwater_primitives::{
    Attributes, Commit, Error, Record, Result, Segment, Sequence, Transaction,
};

use crate::cursor::Owner;
use crate::event::{Origin, UnifiedEvent};
use crate::filter::{EventFilter, TagMatch};
use crate::position::Position;

/// A run of events, in order. Its memory is bounded by the subscription's batch size.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) origin: Origin,
    pub(crate) filter: Arc<EventFilter>,
    pub(crate) content: Content,
    pub(crate) position: Position,
    pub(crate) ack: Option<Ack>,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Records from `from` on, as far as they match the filter.
    Changes {
        segments: Vec<Segment>,
        from: Sequence,
    },
    /// Events from an archive that match the filter.
    Archived(Vec<UnifiedEvent>),
    Rows {
        rows: Vec<UnifiedEvent>,
        last: bool,
    },
}

/// How a batch is acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Ack {
    pub(crate) owner: Arc<Owner>,
    /// The last row that has been handed out, while a snapshot is under way.
    pub(crate) snapshot: Option<Vec<u8>>,
}

/// What a batch holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchKind {
    /// Rows of a snapshot; more will come.
    SnapshotRows,
    /// The last rows of a snapshot, possibly none.
    SnapshotEnd,
    /// Events of the log.
    Changes,
}

impl Batch {
    /// What it holds.
    pub fn kind(&self) -> BatchKind {
        match &self.content {
            Content::Changes { .. } | Content::Archived(_) => BatchKind::Changes,
            Content::Rows { last: true, .. } => BatchKind::SnapshotEnd,
            Content::Rows { last: false, .. } => BatchKind::SnapshotRows,
        }
    }

    /// The events, decoded one at a time. There may be none: a subscription whose filter hides
    /// everything still hands out a batch now and then, so that its position can be acknowledged.
    ///
    /// An item is an error where the record is damaged.
    pub fn events(&self) -> Box<dyn Iterator<Item = Result<UnifiedEvent>> + '_> {
        match &self.content {
            Content::Rows { rows: events, .. } | Content::Archived(events) => {
                Box::new(events.iter().cloned().map(Ok))
            }
            Content::Changes { segments, from } => Box::new(self.decode(segments, *from)),
        }
    }

    /// The records of the log as they are stored: the fast way for whoever does not look inside.
    /// None for rows of a snapshot, and none for events that come from an archive.
    pub fn records(&self) -> impl Iterator<Item = Result<Record<'_>>> {
        let (segments, from) = match &self.content {
            Content::Changes { segments, from } => (segments.as_slice(), *from),
            Content::Archived(_) | Content::Rows { .. } => (&[][..], Sequence::ZERO),
        };
        matching(segments, from, &self.filter).map(|found| found.map(|(_, record)| record))
    }

    /// Where a consumer goes on that has handled this batch; it lies past everything that the filter
    /// hid. While a snapshot is under way it is [`Position::ZERO`], since no place in the log stands
    /// for half a snapshot.
    pub fn position(&self) -> Position {
        match self.kind() {
            BatchKind::SnapshotRows => Position::ZERO,
            BatchKind::SnapshotEnd | BatchKind::Changes => self.position,
        }
    }

    /// Stores in the subscription's cursor that this batch and all before it were handled.
    ///
    /// The write fails with `Fenced` when another owner has taken the cursor, `Conflict` when a later
    /// batch was acknowledged before, `InvalidInput` when the subscription has no cursor.
    pub fn ack(&self) -> Commit<()> {
        match &self.ack {
            Some(ack) => ack.owner.clone().store(self.position, ack.snapshot.clone()),
            None => Commit::refused(without_cursor()),
        }
    }

    /// [`ack`](Self::ack) in the transaction `tx`: the consumer's own writes and the cursor move
    /// together or not at all, so each event takes effect exactly once.
    ///
    /// # Errors
    /// As `ack`.
    pub fn ack_within(&self, tx: &Transaction<'_>) -> Result<()> {
        let ack = self.ack.as_ref().ok_or_else(without_cursor)?;
        ack.owner.store_in(tx.sql(), tx.now(), self.position, ack.snapshot.as_deref())
    }

    fn decode<'a>(
        &'a self,
        segments: &'a [Segment],
        from: Sequence,
    ) -> impl Iterator<Item = Result<UnifiedEvent>> + 'a {
        // All records of a transaction share its attributes.
        let mut known: Option<(&'a [u8], Option<Arc<Attributes>>)> = None;
        matching(segments, from, &self.filter).map(move |found| {
            let (segment, record) = found?;
            let meta = record.unit.meta;
            let attributes = match &known {
                Some((of, attributes)) if std::ptr::eq(*of, meta) => attributes.clone(),
                _ => {
                    let attributes = match meta {
                        [] => None,
                        meta => Some(Arc::new(Attributes::decode(meta)?)),
                    };
                    known.insert((meta, attributes)).1.clone()
                }
            };
            UnifiedEvent::of(&self.origin, segment, &record, attributes)
                .map_err(|error| error.context(format!("event {}", record.sequence)))
        })
    }
}

/// The records of `segments` from `from` on that match `filter`.
pub(crate) fn matching<'a>(
    segments: &'a [Segment],
    from: Sequence,
    filter: &'a EventFilter,
) -> impl Iterator<Item = Result<(&'a Segment, Record<'a>)>> {
    // Neighbours share a tag, so it is judged once for a run of them.
    let mut known: Option<(&'a Arc<str>, TagMatch)> = None;
    let records =
        segments.iter().flat_map(|segment| segment.records().map(move |record| (segment, record)));
    records.filter_map(move |(segment, record)| {
        let record = match record {
            Ok(record) if record.sequence < from => return None,
            Ok(record) => record,
            Err(error) => return Some(Err(error)),
        };
        let of_tag = match known {
            Some((tag, of_tag)) if Arc::ptr_eq(tag, record.tag) => of_tag,
            _ => known.insert((record.tag, filter.match_tag(record.tag))).1,
        };
        let matches = match of_tag {
            TagMatch::Always => Ok(true),
            TagMatch::Never => Ok(false),
            TagMatch::Sometimes => filter.match_payload(record.payload),
        };
        match matches {
            Ok(true) => Some(Ok((segment, record))),
            Ok(false) => None,
            Err(error) => Some(Err(error.context(format!("event {}", record.sequence)))),
        }
    })
}

fn without_cursor() -> Error {
    Error::invalid(
        "this subscription has no cursor to acknowledge to: subscribe through ChangeLog::cursor",
    )
}
