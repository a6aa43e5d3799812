//! Current rows at one sequence, then every change after it.

mod overlay;

use std::sync::Arc;

use bytes::Bytes;
use headwater_primitives::{Result, Sequence, Snapshot, Timestamp};

use overlay::Overlay;

use crate::batch::{Ack, Batch, Content};
use crate::change::{EventKey, Op, Store};
use crate::cursor::Owner;
use crate::event::{Body, UnifiedEvent};
use crate::filter::EventFilter;
use crate::log::ChangeLog;
use crate::position::Position;

/// A table that can hand out its rows page by page. Stores implement it.
pub trait SnapshotRows: Send + Sync {
    /// The store.
    fn store(&self) -> Store;

    /// The table, as its events name it.
    fn table(&self) -> &str;

    /// Rows whose key comes after `after` (all rows when it is `None`), in ascending order of
    /// [`EventKey`], as `snapshot` shows them; their bodies are the bytes that events carry as
    /// `after`. It may return fewer than `limit` allows, but none only when there are no more.
    ///
    /// # Errors
    /// Whatever reading a row can fail with.
    fn page(
        &self,
        snapshot: &Snapshot<'_>,
        after: Option<&EventKey>,
        limit: PageLimit,
    ) -> Result<Vec<SnapshotRow>>;
}

/// How large a page may be; it ends at whichever comes first, but has at least one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit {
    /// Rows.
    pub rows: usize,
    /// Bytes of their bodies.
    pub bytes: usize,
}

/// One row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Its key, as its events have it.
    pub key: EventKey,
    /// Its body, as JSONB.
    pub row: Bytes,
}

const PAGE: PageLimit = PageLimit { rows: 1024, bytes: 1 << 20 };
/// Before-images that are kept at once.
const OVERLAY_BYTES: usize = 16 << 20;

/// How far a snapshot has come.
pub(crate) struct Progress {
    /// The sequence that all rows are shown at.
    pub(crate) at: Sequence,
    /// The last row that was handed out.
    pub(crate) after: Option<EventKey>,
}

impl Progress {
    /// A snapshot of everything that is committed now.
    pub(crate) fn begin(changes: &ChangeLog) -> Result<Progress> {
        if changes.namespace().is_read_only() {
            changes.segments().refresh()?;
        }
        Ok(Progress { at: changes.head(), after: None })
    }
}

/// Reads rows as they were at one sequence, in pages, each from a short SQLite snapshot of its own: a
/// slow consumer never keeps the write-ahead log from being reset. Rows that were written meanwhile
/// are taken back to the sequence by the before-image of their first later event, so the price of
/// concurrent writes is reading those events, and memory is bounded whatever they are.
pub(crate) struct SnapshotReader {
    source: Box<dyn SnapshotRows>,
    owner: Option<Arc<Owner>>,
    tag: Arc<str>,
    at: Sequence,
    after: Option<EventKey>,
    overlay: Overlay,
}

impl SnapshotReader {
    pub(crate) fn new(
        changes: &ChangeLog,
        source: impl SnapshotRows + 'static,
        progress: Progress,
        owner: Option<Arc<Owner>>,
    ) -> SnapshotReader {
        let tag = Arc::from(format!("{}/{}", source.store(), source.table()));
        SnapshotReader {
            overlay: Overlay::new(changes.clone(), &tag, progress.at, OVERLAY_BYTES),
            source: Box::new(source),
            owner,
            tag,
            at: progress.at,
            after: progress.after,
        }
    }

    /// The next rows. The last batch, of kind `SnapshotEnd`, may have none.
    pub(crate) fn read(&mut self, changes: &ChangeLog) -> Result<Batch> {
        loop {
            let (rows, last) = self.next_page(changes)?;
            if rows.is_empty() && !last {
                continue;
            }
            return Ok(self.batch_of(changes, rows, last));
        }
    }

    /// Rows at the snapshot's sequence, and whether they are the last ones.
    fn next_page(&mut self, changes: &ChangeLog) -> Result<(Vec<SnapshotRow>, bool)> {
        let (page, head) = changes.namespace().snapshot(|snapshot| -> Result<_> {
            let head = changes.segments().head_in(snapshot.sql())?;
            Ok((self.source.page(snapshot, self.after.as_ref(), PAGE)?, head))
        })?;
        self.overlay.extend(head, self.after.as_ref())?;
        let (rows, end) = self.overlay.apply(page);
        let last = end.is_none();
        if end.is_some() {
            self.after = end;
        }
        Ok((rows, last))
    }

    fn batch_of(&self, changes: &ChangeLog, rows: Vec<SnapshotRow>, last: bool) -> Batch {
        let now = changes.namespace().clock().now();
        let snapshot = match last {
            true => None,
            false => self.after.as_ref().map(EventKey::to_bytes),
        };
        Batch {
            origin: changes.origin(),
            filter: Arc::new(EventFilter::all()),
            position: Position { epoch: changes.namespace().epoch(), sequence: self.at },
            ack: self.owner.clone().map(|owner| Ack { owner, snapshot }),
            content: Content::Rows {
                rows: rows.into_iter().map(|row| self.event_of(changes, row, now)).collect(),
                last,
            },
        }
    }

    fn event_of(&self, changes: &ChangeLog, row: SnapshotRow, now: Timestamp) -> UnifiedEvent {
        let namespace = changes.namespace();
        UnifiedEvent {
            namespace: changes.origin().namespace,
            epoch: namespace.epoch(),
            sequence: self.at,
            timestamp: now,
            transaction: None,
            attributes: None,
            id: Some(namespace.ids().next(now)),
            body: Body::Change {
                op: Op::Read,
                store: self.source.store(),
                tag: self.tag.clone(),
                key: row.key.into(),
                row: None,
                before: None,
                after: Some(row.row),
            },
        }
    }
}
