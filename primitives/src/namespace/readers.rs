//! Pooled read connections, and the gate that keeps long readers from growing the log without end.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, InterruptHandle, OpenFlags};

use super::reader::Reader;
use super::views::Views;
use crate::error::{Error, ErrorKind, Result};

/// Read connections, handed out and taken back.
pub(crate) struct Readers {
    path: PathBuf,
    vfs: Option<String>,
    immutable: bool,
    /// Idle connections. A thread begins its search at a place of its own, so threads seldom meet.
    idle: Box<[Slot]>,
    closed: AtomicBool,
    state: Mutex<State>,
    opened: Condvar,
    views: Views,
}

/// One idle connection, on a cache line of its own.
#[derive(Default)]
#[repr(align(128))]
struct Slot(Mutex<Option<Reader>>);

#[derive(Default)]
struct State {
    /// Snapshots that are open, oldest first.
    snapshots: Vec<Arc<Open>>,
    gate_closed: bool,
}

struct Open {
    since: Instant,
    number: u64,
    ended: Arc<AtomicBool>,
    interrupt: InterruptHandle,
}

impl Readers {
    pub(super) fn new(
        path: PathBuf,
        vfs: Option<String>,
        immutable: bool,
        keep: usize,
        views: Views,
    ) -> Self {
        Readers {
            path,
            vfs,
            immutable,
            // More places than connections, so that threads seldom share one.
            idle: (0..keep.max(4) * 4).map(|_| Slot::default()).collect(),
            closed: AtomicBool::new(false),
            state: Mutex::default(),
            opened: Condvar::new(),
            views,
        }
    }

    /// Runs `read` on a connection, one statement at a time: not one consistent view.
    ///
    /// While nobody commits, one read transaction serves many reads: opening and closing one takes
    /// locks that all connections of the process share. So `read` sees what was acknowledged before
    /// this call, and perhaps nothing later.
    pub(crate) fn with<T, E: From<Error>>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut reader = self.take()?;
        self.renew_view(&mut reader)?;
        let result = read(&reader.connection);
        self.give_back(reader);
        result
    }

    /// Ends a view that is not of this moment, and opens one when the read before was of it already.
    fn renew_view(&self, reader: &mut Reader) -> Result<()> {
        // Taken before the view begins, so that the view shows at least what it says.
        let now = self.views.now();
        if now.is_some() && reader.view == now {
            return Ok(());
        }
        reader.end_view()?;
        if now.is_some() && reader.seen == now {
            reader.begin()?;
            reader.view = now;
        }
        reader.seen = now;
        Ok(())
    }

    /// Runs `work` while no connection keeps a view beyond its read, so that the write-ahead log can
    /// be copied and started over.
    pub(crate) fn without_views<T>(&self, work: impl FnOnce() -> T) -> T {
        self.views.suspend();
        self.end_idle_views();
        let result = work();
        self.views.resume();
        result
    }

    /// Ends the views that idle connections keep: each holds back what may be copied from the log.
    pub(crate) fn end_idle_views(&self) {
        for slot in &self.idle {
            let mut idle = slot.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(reader) = &mut *idle
                && reader.end_view().is_err()
            {
                *idle = None;
            }
        }
    }

    /// Runs `read` in one consistent view.
    pub(crate) fn snapshot<T, E: From<Error>>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        self.wait_at_gate();
        let mut reader = self.take()?;
        reader.end_view()?;
        let open = Arc::new(Open {
            since: Instant::now(),
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            ended: reader.ended.clone(),
            interrupt: reader.connection.get_interrupt_handle(),
        });
        self.lock().snapshots.push(open.clone());
        // The closure may panic; the connection must not keep its view then.
        let end = EndView { readers: self, number: open.number, reader: &reader };
        let result = reader.begin().map_err(E::from).and_then(|()| read(&reader.connection));
        drop(end);
        let ended = reader.ended.swap(false, Ordering::SeqCst);
        match result {
            Err(_) if ended => Err(E::from(too_old(open.since.elapsed()))),
            result => {
                self.give_back(reader);
                result
            }
        }
    }

    /// Holds new snapshots back while `work` runs, at most for its time.
    pub(crate) fn with_gate_closed<T>(&self, work: impl FnOnce() -> T) -> T {
        self.lock().gate_closed = true;
        let result = work();
        self.lock().gate_closed = false;
        self.opened.notify_all();
        result
    }

    /// Ends the oldest snapshot, if it is older than `age`.
    pub(crate) fn end_oldest(&self, age: Duration) {
        let state = self.lock();
        let oldest = state.snapshots.iter().find(|open| !open.ended.load(Ordering::SeqCst));
        if let Some(oldest) = oldest.filter(|open| open.since.elapsed() > age) {
            oldest.ended.store(true, Ordering::SeqCst);
            oldest.interrupt.interrupt();
        }
    }

    /// Closes the idle connections; those in use close when they come back.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.opened.notify_all();
        for slot in &self.idle {
            slot.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }

    fn wait_at_gate(&self) {
        let state = self.lock();
        if state.gate_closed {
            // Bounded, since a caller may hold one snapshot and ask for a second.
            let shut =
                |state: &mut State| state.gate_closed && !self.closed.load(Ordering::Relaxed);
            let waited = self.opened.wait_timeout_while(state, Duration::from_millis(500), shut);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn take(&self) -> Result<Reader> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(crate::writer::closed());
        }
        let found = self.slots().find_map(|slot| slot.0.try_lock().ok()?.take());
        found.map_or_else(|| self.open(), Ok)
    }

    fn give_back(&self, mut reader: Reader) {
        let view = reader.view;
        // A transaction that a caller left open would show the next one an old state.
        if reader.connection.is_autocommit() == view.is_some() {
            return;
        }
        if view.is_some() && !self.views.may_be_kept(view) && reader.end_view().is_err() {
            return;
        }
        let mut reader = Some(reader);
        for slot in self.slots() {
            if let Ok(mut slot) = slot.0.try_lock()
                && slot.is_none()
            {
                *slot = reader.take();
                break;
            }
        }
        // What follows may have passed this slot before it was filled.
        if self.closed.load(Ordering::SeqCst) {
            self.close();
        } else if view.is_some() && !self.views.may_be_kept(view) {
            self.end_idle_views();
        }
    }

    /// All places, from the calling thread's own on.
    fn slots(&self) -> impl Iterator<Item = &Slot> {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static PLACE: usize = THREADS.fetch_add(1, Ordering::Relaxed);
        }
        let (first, own) = self.idle.split_at(PLACE.with(|place| place % self.idle.len()));
        own.iter().chain(first)
    }

    fn open(&self) -> Result<Reader> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let path = if self.immutable {
            flags |= OpenFlags::SQLITE_OPEN_URI;
            PathBuf::from(format!("file:{}?immutable=1", uri_path(&self.path)))
        } else {
            self.path.clone()
        };
        Reader::open(&path, self.vfs.as_deref(), flags)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct EndView<'a> {
    readers: &'a Readers,
    number: u64,
    reader: &'a Reader,
}

impl Drop for EndView<'_> {
    fn drop(&mut self) {
        let _ = self.reader.end();
        self.readers.lock().snapshots.retain(|open| open.number != self.number);
    }
}

fn too_old(age: Duration) -> Error {
    Error::new(
        ErrorKind::SnapshotTooOld,
        format!(
            "the read snapshot was ended after {} ms, because it kept the write-ahead log from \
             being reset past its byte budget: read in smaller steps",
            age.as_millis()
        ),
    )
}

fn uri_path(path: &std::path::Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

/// One consistent view of every store, for the time of a closure.
pub struct Snapshot<'c> {
    connection: &'c Connection,
}

impl<'c> Snapshot<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Snapshot { connection }
    }

    /// The read connection, inside its transaction.
    pub fn sql(&self) -> &'c Connection {
        self.connection
    }
}

impl Deref for Snapshot<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}
