//! The namespace: one directory, one writer, many readers, and what the parts share.

mod background;
mod builder;
mod inspect;
mod lock;
mod open;
mod reader;
mod readers;
mod schema;
mod views;

pub use builder::NamespaceBuilder;
pub use readers::Snapshot;
pub use schema::Part;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use background::Background;
use lock::Lock;
use readers::Readers;
use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use crate::cache::RowCache;
use crate::connection;
use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::IdSource;
use crate::operation::{Commit, Read};
use crate::segment::LogState;
use crate::sequence::Sequence;
use crate::time::Clock;
use crate::writer::{Transaction, WriteOptions, Writer};

/// A namespace: one directory with everything an application stores, owned by one process at a
/// time. Cheap to clone; closed by [`close`](Namespace::close) or with its last handle.
///
/// ```
/// use headwater_primitives::{Namespace, Part, Result};
///
/// const PART: Part = Part { name: "notes", migrations: &["CREATE TABLE notes(text TEXT)"] };
///
/// # fn main() -> Result<()> {
/// let ns = Namespace::in_memory()?;
/// ns.install(&PART)?;
/// ns.transaction(|tx| -> Result<()> {
///     tx.sql().execute("INSERT INTO notes VALUES ('hello')", [])?;
///     Ok(())
/// })
/// .wait()?;
/// let notes: i64 = ns
///     .read(|snapshot| -> Result<i64> {
///         Ok(snapshot.sql().query_row("SELECT count(*) FROM notes", [], |row| row.get(0))?)
///     })
///     .wait()?;
/// assert_eq!(notes, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Namespace {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    shared: Arc<Shared>,
    /// Whether the namespace is open for as long as this lives. Not so with the handle that the
    /// background thread lends to its tasks: the last handle of the users' closes, whatever runs.
    keeps_open: bool,
    /// Ends after the background thread, when all is written.
    writer: Mutex<Option<JoinHandle<()>>>,
    /// The namespace's own threads, which cannot wait for their own end.
    threads: Vec<ThreadId>,
}

/// A handle that does not keep the namespace open: for threads and caches of parts.
#[derive(Clone)]
pub struct WeakNamespace(Weak<Shared>);

impl WeakNamespace {
    /// The namespace, while anybody holds it. The handle should be dropped soon: it does not keep the
    /// namespace open, but its memory.
    pub fn upgrade(&self) -> Option<Namespace> {
        Some(Namespace { inner: Arc::new(Inner::lent(self.0.upgrade()?)) })
    }
}

/// What the namespace's threads and handles share.
pub(crate) struct Shared {
    path: PathBuf,
    name: String,
    read_only: bool,
    /// Never synced: an in-memory namespace.
    pub(crate) volatile: bool,
    pub(crate) durability: Durability,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) readers: Readers,
    pub(crate) cache: RowCache,
    pub(crate) writer: Arc<Writer>,
    pub(crate) background: Background,
    wal_pages_hard: usize,
    checkpointing: Mutex<()>,
    epoch: u64,
    logs: Mutex<Vec<Arc<LogState>>>,
    quarantine: OnceLock<Error>,
    /// What went wrong when it was closed.
    unfinished: OnceLock<Error>,
    extensions: Mutex<Vec<Arc<dyn Any + Send + Sync>>>,
    /// What parts do when the namespace closes.
    endings: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
    lock: Mutex<Option<Lock>>,
}

impl Namespace {
    /// Opens the namespace in the folder `path`; makes it when it is not there.
    ///
    /// # Errors
    /// As [`NamespaceBuilder::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Namespace> {
        Namespace::builder(path).open()
    }

    /// A namespace in a temporary folder that is never synced and goes away with the last handle.
    ///
    /// # Errors
    /// When the temporary folder cannot be made.
    pub fn in_memory() -> Result<Namespace> {
        Namespace::builder_in_memory().open()
    }

    /// Settings for the namespace in the folder `path`.
    pub fn builder(path: impl AsRef<Path>) -> NamespaceBuilder {
        NamespaceBuilder::new(path.as_ref())
    }

    /// Settings for a namespace as [`in_memory`](Namespace::in_memory) makes it.
    pub fn builder_in_memory() -> NamespaceBuilder {
        let mut builder = NamespaceBuilder::new(&open::temporary_path()).name("memory");
        builder.in_memory = true;
        builder
    }

    /// Makes sure that the tables of `part` are at the version that this code knows.
    ///
    /// # Errors
    /// `NewerVersion` when the namespace knows a newer one; `ReadOnly` when it would have to be
    /// migrated; what the migration itself failed with, and then nothing of it remains.
    pub fn install(&self, part: &Part) -> Result<()> {
        if self.shared().readers.with(|connection| part.is_current(connection))? {
            return Ok(());
        }
        let part = *part;
        self.transaction(move |tx| part.migrate_in(tx)).wait()
    }

    /// Runs `work` in one transaction over every store: all of it, or nothing.
    ///
    /// The closure runs on the writer thread, between other callers', so keep it short and do not
    /// wait for other writes in it.
    pub fn transaction<T, E, F>(&self, work: F) -> Commit<T, E>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.transaction_with(WriteOptions::default(), work)
    }

    /// [`transaction`](Namespace::transaction) with something to say about it.
    pub fn transaction_with<T, E, F>(&self, options: WriteOptions, work: F) -> Commit<T, E>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.shared().read_only {
            return Commit::refused(E::from(read_only(&self.shared().path)));
        }
        Commit::new(self.shared().writer.clone(), options, Box::new(work))
    }

    /// Runs `work` in one consistent view of every store that sees all acknowledged writes.
    pub fn read<T, E, F>(&self, work: F) -> Read<T, E>
    where
        F: FnOnce(&Snapshot<'_>) -> Result<T, E> + Send + 'static,
        T: 'static,
        E: From<Error> + 'static,
    {
        let namespace = self.clone();
        Read::new(move || {
            namespace.shared().readers.snapshot(|connection| work(&Snapshot::new(connection)))
        })
    }

    /// [`read`](Namespace::read) at once, for work that borrows.
    ///
    /// # Errors
    /// What `work` failed with; `SnapshotTooOld` when it held the write-ahead log for too long.
    pub fn snapshot<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Snapshot<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.shared().readers.snapshot(|connection| work(&Snapshot::new(connection)))
    }

    /// Runs one read statement on a pooled connection: cheaper than a snapshot, and it sees all
    /// writes that were acknowledged before the call.
    ///
    /// A read transaction may or may not be open, and `BEGIN` and `COMMIT` are denied: for several
    /// statements that must agree use [`snapshot`](Self::snapshot), for one that must see a write made
    /// inside `work` a call of its own.
    ///
    /// # Errors
    /// What `work` failed with; `Closed`.
    pub fn query<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.shared().readers.with(work)
    }

    /// Runs `work` on the background thread again and again, `every` so often, until the namespace
    /// closes. A second task of the same name is ignored. Failures are logged and tried again.
    pub fn background(
        &self,
        name: &'static str,
        every: Duration,
        work: impl Fn(&Namespace) -> Result<()> + Send + Sync + 'static,
    ) {
        if !self.shared().read_only {
            self.shared().background.add(name, every, Arc::new(work));
        }
    }

    /// Runs `work` when the namespace closes: after the last commit, while reads still work, on the
    /// thread that closes it, which waits. It may hold only a [`WeakNamespace`].
    pub fn at_close(&self, work: impl FnOnce() + Send + 'static) {
        self.shared().endings.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(work));
    }

    /// A handle that does not keep the namespace open.
    pub fn downgrade(&self) -> WeakNamespace {
        WeakNamespace(Arc::downgrade(self.shared()))
    }

    /// Whether the folder is a temporary one that goes away with the namespace.
    pub fn is_in_memory(&self) -> bool {
        self.shared().volatile
    }

    /// What a part keeps once per namespace, by its type: made at the first call, then shared by all
    /// handles.
    pub fn extension<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let mut extensions =
            self.shared().extensions.lock().unwrap_or_else(PoisonError::into_inner);
        let known = extensions.iter().find_map(|known| known.clone().downcast::<T>().ok());
        known.unwrap_or_else(|| {
            let made = Arc::new(make());
            extensions.push(made.clone());
            made
        })
    }

    /// Merges small log segments now instead of in the background. Returns how many rows went.
    ///
    /// # Errors
    /// SQLite's errors; `Corrupt`, naming a segment that is damaged.
    pub fn merge_segments(&self) -> Result<u64> {
        crate::segment::merge_all(self)
    }

    /// The row cache.
    pub fn cache(&self) -> &RowCache {
        &self.shared().cache
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared().clock
    }

    /// The source of ids.
    pub fn ids(&self) -> &Arc<dyn IdSource> {
        &self.shared().ids
    }

    /// The name that events show.
    pub fn name(&self) -> &str {
        &self.shared().name
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.shared().path
    }

    /// Whether writes are refused.
    pub fn is_read_only(&self) -> bool {
        self.shared().read_only
    }

    /// The log epoch: changes when sequences may have been lost and used again.
    pub fn epoch(&self) -> u64 {
        self.shared().epoch
    }

    /// Whether a position `(epoch, sequence)` of the log `log`, remembered outside the namespace,
    /// still means the same record.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn knows_position(
        &self,
        log: &crate::segment::SegmentLog,
        epoch: u64,
        sequence: Sequence,
    ) -> Result<bool> {
        let id = log.state().id();
        let (known, next): (bool, Option<i64>) = self.query(|connection| -> Result<_> {
            Ok(connection.query_row(
                "SELECT EXISTS(SELECT 1 FROM epochs WHERE epoch = ?1), \
                 (SELECT min(start) FROM epochs WHERE epoch > ?1 AND log = ?2)",
                (epoch as i64, id),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?)
        })?;
        let end = next.map_or(log.head().0, |next| next as u64 - 1);
        Ok(known && sequence.0 <= end)
    }

    /// Finishes what was accepted, writes everything into `hot.db`, and lets the folder go. Later
    /// calls on any handle give `Closed`.
    ///
    /// # Errors
    /// What went wrong at the end; the data is as durable as it was acknowledged all the same.
    pub fn close(self) -> Result<()> {
        self.inner.close();
        let unfinished = || self.shared().unfinished.get().map(Error::duplicate);
        self.shared().quarantined().or_else(unfinished).map_or(Ok(()), Err)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }
}

impl Shared {
    pub(crate) fn lock_logs(&self) -> MutexGuard<'_, Vec<Arc<LogState>>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn all_logs(&self) -> Vec<Arc<LogState>> {
        self.lock_logs().clone()
    }

    /// Refuses all further writes: they could make worse what happened.
    pub(crate) fn quarantine(&self, error: &Error) {
        tracing::error!(%error, path = %self.path.display(), "namespace quarantined: read-only");
        let _ = self.quarantine.set(error.duplicate());
    }

    /// Quarantines when `error` says that what is stored is damaged, or that a sync failed.
    pub(crate) fn quarantine_after(&self, error: &Error) {
        if error.kind() == ErrorKind::Corrupt {
            self.quarantine(error);
        } else if connection::is_sync_failure(error) {
            self.quarantine(&Error::new(ErrorKind::Io, format!("a sync failed: {error}")));
        }
    }

    pub(crate) fn quarantined(&self) -> Option<Error> {
        self.quarantine.get().map(|why| {
            let path = self.path.display();
            let since =
                if why.kind() == ErrorKind::Corrupt { "damage was found" } else { "it failed" };
            let message = format!("namespace {path} takes no more writes since {since}: {why}");
            Error::new(why.kind(), message)
        })
    }

    /// Whether the write-ahead log has grown past its budget.
    pub(crate) fn log_is_too_long(&self) -> bool {
        self.background.wal_pages() >= self.wal_pages_hard
    }

    /// A checkpoint on the writer's connection, between two groups, after which the next commit
    /// starts the log over unless somebody reads it. Past the budget it waits a little for those.
    pub(crate) fn restart_log(&self, connection: &Connection) -> Result<()> {
        self.readers.without_views(|| {
            if !self.log_is_too_long() {
                return self.checkpoint(connection, CheckpointMode::PASSIVE);
            }
            connection.busy_timeout(Duration::from_millis(50))?;
            let restarted = self.checkpoint(connection, CheckpointMode::RESTART);
            connection.busy_timeout(connection::PATIENCE)?;
            restarted.map(|()| self.background.wal_restarted())
        })
    }

    /// Copies what no reader needs of the write-ahead log into the database. Not after a failed
    /// sync: the log on the disk may have holes, and is whole only in what a recovery finds of it.
    pub(crate) fn checkpoint(&self, connection: &Connection, mode: CheckpointMode) -> Result<()> {
        if let Some(error) = self.quarantined() {
            return Err(error);
        }
        // SQLite has one checkpointer at a time, and refuses a second one without a wait.
        let _turn = match (mode, self.checkpointing.try_lock()) {
            (_, Ok(turn)) => turn,
            (CheckpointMode::PASSIVE, Err(_)) => return Ok(()),
            (_, Err(_)) => self.checkpointing.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let copied = connection.wal_checkpoint_v2(None::<&str>, mode);
        copied.map(drop).map_err(|error| {
            let error = Error::from(error);
            self.quarantine_after(&error);
            error
        })
    }

    /// Does what parts have asked to be done at the end.
    fn end_parts(&self) {
        let endings =
            std::mem::take(&mut *self.endings.lock().unwrap_or_else(PoisonError::into_inner));
        for ending in endings {
            if catch_unwind(AssertUnwindSafe(ending)).is_err() {
                tracing::warn!("a part panicked when the namespace was closed");
            }
        }
    }

    /// Lets go of everything, once the writer has written what it had accepted.
    fn release(&self) {
        self.end_parts();
        self.readers.close();
        // Whoever waits for a log learns that nothing more will come.
        for log in self.all_logs() {
            log.wake();
        }
        if self.volatile {
            let _ = std::fs::remove_dir_all(&self.path);
        }
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Inner {
    /// What a handle that does not keep the namespace open has.
    fn lent(shared: Arc<Shared>) -> Inner {
        Inner { shared, keeps_open: false, writer: Mutex::default(), threads: Vec::new() }
    }

    fn close(&self) {
        self.shared.background.stop();
        self.shared.writer.close();
        if self.shared.read_only {
            return self.shared.release();
        }
        if self.threads.contains(&thread::current().id()) {
            return;
        }
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.keeps_open {
            self.close();
        }
    }
}

fn read_only(path: &Path) -> Error {
    Error::new(
        ErrorKind::ReadOnly,
        format!("namespace {} is open read-only here: open it without `read_only`", path.display()),
    )
}
