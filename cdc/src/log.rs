//! The change log of a namespace: where every store's writes become events.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Once};

use headwater_primitives::{
    Error, LogStats, Namespace, Read, Result, SegmentLog, Sequence, Transaction, jsonb,
};
use serde::Serialize;

use crate::change::Change;
use crate::event::Origin;
use crate::filter::EventFilter;
use crate::position::Start;
use crate::reader::{LogReader, resolve};
use crate::record::{self, EVENT_TAG};
use crate::schema::PART;
use crate::snapshot::{Progress, SnapshotReader, SnapshotRows};
use crate::subscription::Subscription;
use crate::{follower, retention};

/// The name of the segment log that holds the changes.
const LOG: &str = "changes";
/// The longest event type and table name.
const MAX_NAME: usize = 512;
/// A scratch buffer that has grown past this is given back.
const KEEP: usize = 1 << 20;

thread_local! {
    /// Tag and payload of the record being written; records are written on the writer thread only.
    static SCRATCH: RefCell<(String, Vec<u8>)> = const { RefCell::new((String::new(), Vec::new())) };
}

/// The change log of a namespace. Cheap to clone.
#[derive(Clone)]
pub struct ChangeLog {
    inner: Arc<Inner>,
}

struct Inner {
    namespace: Namespace,
    log: SegmentLog,
    name: Arc<str>,
    follows: Once,
}

impl ChangeLog {
    /// Opens the change log of `namespace`; makes it when it is not there.
    ///
    /// # Errors
    /// `ReadOnly` or `NotFound` when a read-only namespace has none; `NewerVersion`; SQLite's errors.
    pub fn open(namespace: &Namespace) -> Result<ChangeLog> {
        namespace.install(&PART)?;
        let log = SegmentLog::open(namespace, LOG)?;
        let name = Arc::from(namespace.name());
        let kept = log.clone();
        namespace.background("change log retention", retention::EVERY, move |namespace| {
            retention::enforce(namespace, &kept).map(drop)
        });
        let (namespace, follows) = (namespace.clone(), Once::new());
        Ok(ChangeLog { inner: Arc::new(Inner { namespace, log, name, follows }) })
    }

    /// The namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.inner.namespace
    }

    /// The last committed sequence; zero while nothing was written.
    pub fn head(&self) -> Sequence {
        self.inner.log.head()
    }

    /// The first sequence that retention has left.
    pub fn start(&self) -> Sequence {
        self.inner.log.start()
    }

    /// The sequence that the next [`record`](Self::record) or [`publish`](Self::publish) in `tx`
    /// will return.
    pub fn next_sequence(&self, tx: &Transaction<'_>) -> Sequence {
        tx.next_sequence(&self.inner.log)
    }

    /// Appends the event of a changed row, in the transaction that changes it. For stores.
    ///
    /// # Errors
    /// `InvalidInput` for [`Op::Read`](crate::Op::Read) or a table without a name; `TooLarge`.
    pub fn record(&self, tx: &Transaction<'_>, change: &Change<'_>) -> Result<Sequence> {
        check_name("table", change.table)?;
        with_scratch(|tag, payload| {
            tag.push_str(change.store.name());
            tag.push('/');
            tag.push_str(change.table);
            record::write_change(payload, change)?;
            tx.append(&self.inner.log, tag, payload)
        })
    }

    /// Publishes an event of the application's own, such as `Customer.created`, in the same
    /// transaction as the writes that it tells of.
    ///
    /// # Errors
    /// `InvalidInput` when `event_type` is empty, longer than 512 bytes or starts with `cdc.`, which
    /// is how the types of store changes start, or when `data` has no JSON form; `TooLarge`.
    pub fn publish<T: Serialize + ?Sized>(
        &self,
        tx: &Transaction<'_>,
        event_type: &str,
        data: &T,
    ) -> Result<Sequence> {
        check_name("event type", event_type)?;
        if event_type.starts_with("cdc.") {
            return Err(Error::invalid(format!(
                "event type {event_type:?}: types that start with \"cdc.\" are store changes"
            )));
        }
        with_scratch(|_, payload| {
            record::write_event_head(payload, event_type);
            jsonb::append(payload, data)
                .map_err(|error| error.context(format!("data of event {event_type:?}")))?;
            tx.append(&self.inner.log, EVENT_TAG, payload)
        })
    }

    /// Events from `start` on that match `filter`.
    ///
    /// # Errors
    /// `ResnapshotRequired` when `start` is not in the log: retention has deleted it, or it belongs to
    /// a history that was lost.
    pub fn subscribe(&self, start: Start, filter: EventFilter) -> Result<Subscription> {
        let next = resolve(self, start)?;
        let reader = LogReader::new(self.clone(), Arc::new(filter), None, next);
        Ok(Subscription::new(self.clone(), None, reader))
    }

    /// The current rows of `source` as [`Op::Read`](crate::Op::Read) events at one sequence, then
    /// every change after it, without a gap or a duplicate. To go on after a restart, use
    /// [`Cursor::snapshot_then_stream`](crate::Cursor::snapshot_then_stream).
    ///
    /// The rows come in pages, in key order; no page holds back writers or the write-ahead log. The
    /// price is that events since the snapshot's sequence are read twice, and that retention must
    /// leave them until the rows are through.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn snapshot_then_stream(
        &self,
        source: impl SnapshotRows + 'static,
    ) -> Result<Subscription> {
        let filter = EventFilter::all().store(source.store()).table(source.table());
        let progress = Progress::begin(self)?;
        let reader = LogReader::new(self.clone(), Arc::new(filter), None, progress.at.next());
        let snapshot = SnapshotReader::new(self, source, progress, None);
        Ok(Subscription::new(self.clone(), Some(Box::new(snapshot)), reader))
    }

    /// Figures of the stored log. Cost: one pass over the segments' headers.
    pub fn stats(&self) -> Read<LogStats> {
        let log = self.inner.log.clone();
        self.namespace().read(move |snapshot| log.stats(snapshot.sql()))
    }

    /// The segment log that holds the changes.
    pub fn segments(&self) -> &SegmentLog {
        &self.inner.log
    }

    /// What all events have in common.
    pub(crate) fn origin(&self) -> Origin {
        Origin { namespace: self.inner.name.clone(), epoch: self.inner.namespace.epoch() }
    }

    /// Makes sure that commits of another process are noticed, where only another one can commit.
    pub(crate) fn follow(&self) {
        if self.inner.namespace.is_read_only() {
            self.inner.follows.call_once(|| follower::start(&self.inner, &self.inner.log));
        }
    }
}

impl fmt::Debug for ChangeLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeLog").field("ns", &self.inner.name).finish_non_exhaustive()
    }
}

/// Runs `write` with empty buffers. Not with the thread's own ones when user code (a `Serialize`
/// implementation) comes back here.
fn with_scratch<T>(write: impl FnOnce(&mut String, &mut Vec<u8>) -> Result<T>) -> Result<T> {
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => {
            let (tag, payload) = &mut *scratch;
            tag.clear();
            payload.clear();
            let result = write(tag, payload);
            if payload.capacity() > KEEP {
                *payload = Vec::new();
            }
            result
        }
        Err(_) => write(&mut String::new(), &mut Vec::new()),
    })
}

fn check_name(what: &str, name: &str) -> Result<()> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(Error::invalid(format!(
            "{what} {name:?} has {} bytes: it must have 1 to {MAX_NAME}",
            name.len()
        )));
    }
    Ok(())
}
