//! Opening: every way in which a folder may not be a namespace gets its own error, before a write.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, OpenFlags};

use super::background::{self, Background};
use super::inspect::{APPLICATION_ID, FORMAT, check_header, has_content, inspect, unreadable};
use super::lock::Lock;
use super::readers::Readers;
use super::schema::{BASE, CORE};
use super::views::Views;
use super::{Inner, Namespace, NamespaceBuilder, Shared};
use crate::cache::RowCache;
use crate::connection;
use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::time::Timestamp;
use crate::writer::{GroupCommitter, Queue, Writer};

const PAGE: u64 = 4096;

pub(super) fn open(builder: NamespaceBuilder) -> Result<Namespace> {
    let (path, read_only) = (builder.path.clone(), builder.read_only);
    open_in(builder).map_err(unreadable).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::ReadOnly if !read_only => {
                ": the folder or hot.db cannot be written; open it read-only"
            }
            ErrorKind::ReadOnly if has_content(&log_of(&path.join("hot.db"))) => {
                ": the write-ahead log that its owner left can be read only where it can be written"
            }
            _ => "",
        };
        let message = format!("namespace {}{hint}", path.display());
        if error.kind() == ErrorKind::Locked { error } else { error.context(message) }
    })
}

fn open_in(mut builder: NamespaceBuilder) -> Result<Namespace> {
    if builder.read_only {
        return open_read_only(&builder);
    }
    std::fs::create_dir_all(&builder.path)?;
    builder.path = builder.path.canonicalize()?;
    let lock = Lock::acquire(&builder.path)?;
    let hot = hot_path(&builder);
    if builder.vfs.is_none() {
        check_header(&hot)?;
    }
    // What a crash left in the log must not be folded into a file that is then refused.
    let keep_log = builder.vfs.is_some() || has_content(&log_of(&hot));
    let mut connection = connection::open(
        &hot,
        builder.vfs.as_deref(),
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    connection::checkpoint_on_close(&connection, !keep_log)?;
    let fresh = inspect(&connection, false)?;
    if connection.is_readonly("main")? {
        return Err(Error::new(ErrorKind::ReadOnly, "hot.db is read-only"));
    }
    set_up(&connection, &builder)?;
    // Writes nothing, and finds out whether the log could be written.
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
    if fresh {
        create(&connection)?;
    }
    migrate_core(&connection)?;
    let clock = builder.clock.clone();
    let epoch = enter_epoch(&connection, clock.now())?;
    let last_time: i64 =
        connection
            .query_row("SELECT coalesce(max(time), 0) FROM segment_logs", [], |row| row.get(0))?;

    let queue = Arc::new(Queue::new(builder.queue_capacity));
    let shared = shared(&builder, hot, false, epoch, queue.clone(), Some(lock))?;
    let checkpointer = connection::open(
        &shared.path.join("hot.db"),
        builder.vfs.as_deref(),
        OpenFlags::SQLITE_OPEN_READ_WRITE,
    )?;
    checkpointer.execute_batch("PRAGMA wal_autocheckpoint = 0")?;
    // From here on a checkpoint is made where nothing speaks against it, and only there.
    connection::checkpoint_on_close(&checkpointer, false)?;
    connection::checkpoint_on_close(&connection, false)?;
    connection::set_synchronous(&checkpointer, Durability::Sync)?;
    if builder.in_memory {
        checkpointer.execute_batch("PRAGMA synchronous = OFF")?;
    }
    watch_log(&mut connection, &shared, builder.wal_bytes)?;
    shared.load_logs(&connection)?;
    let committer =
        GroupCommitter::new(shared.clone(), queue, &mut connection, Timestamp(last_time))?;

    let namespace = start(shared, committer, connection, checkpointer)?;
    namespace.background("merge segments", Duration::from_millis(250), |namespace| {
        crate::segment::merge_all(namespace).map(drop)
    });
    Ok(namespace)
}

/// Starts the namespace's two threads.
fn start(
    shared: Arc<Shared>,
    committer: GroupCommitter,
    connection: Connection,
    checkpointer: Connection,
) -> Result<Namespace> {
    let lent = Inner::lent(shared.clone());
    let lent = Namespace { inner: Arc::new(lent) };
    let background = thread::Builder::new()
        .name("headwater-background".into())
        .spawn(move || background::run(&lent, &checkpointer))?;
    let mut threads = vec![background.thread().id()];
    let served = shared.clone();
    let writer = thread::Builder::new()
        .name("headwater-writer".into())
        .spawn(move || serve(&served, committer, connection, background))
        .inspect_err(|_| shared.background.stop())?;
    threads.push(writer.thread().id());
    let writer = Mutex::new(Some(writer));
    Ok(Namespace { inner: Arc::new(Inner { shared, keeps_open: true, writer, threads }) })
}

/// The writer thread's body: commits until the namespace is closed, then closes it.
fn serve(
    shared: &Shared,
    committer: GroupCommitter,
    connection: Connection,
    background: JoinHandle<()>,
) {
    if catch_unwind(AssertUnwindSafe(|| committer.run(&connection))).is_err() {
        shared.quarantine(&Error::new(ErrorKind::Panicked, "the writer thread panicked"));
    }
    shared.writer.abandon();
    shared.background.stop();
    let _ = background.join();
    shared.end_parts();
    shared.readers.close();
    if !shared.volatile
        && shared.quarantined().is_none()
        && let Err(error) = finish(&connection)
    {
        tracing::warn!(%error, "the namespace was closed without a last checkpoint");
        let _ = shared.unfinished.set(error.context("at the end"));
    }
    drop(connection);
    shared.release();
}

fn open_read_only(builder: &NamespaceBuilder) -> Result<Namespace> {
    let hot = hot_path(builder);
    if builder.vfs.is_none() {
        if !hot.exists() {
            return Err(Error::new(ErrorKind::NotFound, "there is no hot.db to read"));
        }
        check_header(&hot)?;
    }
    // Without an owner and without write access, SQLite cannot set up shared memory for the log;
    // when no log is left, the file alone is the database.
    let immutable = builder.vfs.is_none()
        && !has_content(&log_of(&hot))
        && builder.path.metadata().is_ok_and(|folder| folder.permissions().readonly());
    let shared = shared(builder, hot, immutable, 0, Arc::new(Queue::new(1)), None)?;
    let epoch = shared.readers.with(|connection| -> Result<u64> {
        inspect(connection, true)?;
        CORE.is_current(connection)?;
        shared.load_logs(connection)?;
        Ok(connection.query_row("SELECT max(epoch) FROM epochs", [], |row| row.get::<_, i64>(0))?
            as u64)
    })?;
    let mut shared = shared;
    if let Some(shared) = Arc::get_mut(&mut shared) {
        shared.epoch = epoch;
    }
    let inner = Inner { shared, keeps_open: true, writer: Mutex::default(), threads: Vec::new() };
    Ok(Namespace { inner: Arc::new(inner) })
}

fn set_up(connection: &Connection, builder: &NamespaceBuilder) -> Result<()> {
    connection.execute_batch(&format!("PRAGMA page_size = {PAGE}"))?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("the file system allows no write-ahead log (journal mode is {mode})"),
        ));
    }
    connection.execute_batch(
        "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -65536; PRAGMA synchronous = FULL;",
    )?;
    if builder.in_memory {
        connection.execute_batch("PRAGMA synchronous = OFF")?;
    }
    Ok(())
}

fn create(connection: &Connection) -> Result<()> {
    let created = connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {BASE} PRAGMA application_id = {APPLICATION_ID}; \
         PRAGMA user_version = {FORMAT}; COMMIT;"
    ));
    if let Err(error) = created {
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        return Err(error.into());
    }
    Ok(())
}

fn migrate_core(connection: &Connection) -> Result<()> {
    if CORE.is_current(connection)? {
        return Ok(());
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    match CORE.migrate(connection) {
        Ok(()) => Ok(connection.execute_batch("COMMIT")?),
        Err(error) => {
            let _ = connection.execute_batch("ROLLBACK");
            Err(error)
        }
    }
}

/// Starts a new epoch when commits may have been lost since sequences were last seen by others:
/// the namespace wrote with less than `Sync` and was not closed.
fn enter_epoch(connection: &Connection, now: Timestamp) -> Result<u64> {
    let current: Option<i64> =
        connection.query_row("SELECT max(epoch) FROM epochs", [], |row| row.get(0))?;
    let unsynced = connection::meta(connection, "unsynced")?.unwrap_or(0) != 0;
    if let (Some(current), false) = (current, unsynced) {
        return Ok(current as u64);
    }
    let epoch = (now.0 / 1_000_000).max(current.unwrap_or(0) + 1).max(1);
    connection.execute_batch("BEGIN IMMEDIATE")?;
    connection.execute(
        "INSERT INTO epochs(epoch, log, start) SELECT ?1, id, next FROM segment_logs \
         UNION ALL SELECT ?1, 0, 1",
        [epoch],
    )?;
    connection::set_meta(connection, "unsynced", 0)?;
    connection.execute_batch("COMMIT")?;
    Ok(epoch as u64)
}

/// Reports the log's length to the background thread after every commit.
fn watch_log(connection: &mut Connection, shared: &Arc<Shared>, bytes: u64) -> Result<()> {
    let limit = budget_pages(bytes) / background::LIMITS_PER_BUDGET;
    let shared = Arc::downgrade(shared);
    connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: i32| {
        if let Some(shared) = shared.upgrade() {
            shared.background.wal_grew(pages as usize, limit);
        }
        Ok(())
    }))?;
    Ok(())
}

fn shared(
    builder: &NamespaceBuilder,
    hot: PathBuf,
    immutable: bool,
    epoch: u64,
    queue: Arc<Queue>,
    lock: Option<Lock>,
) -> Result<Arc<Shared>> {
    let cache = RowCache::new(if builder.read_only { 0 } else { builder.cache_bytes });
    // Behind a read-only namespace another process may commit.
    let views = Views::new((!builder.read_only).then(|| cache.published().clone()));
    Ok(Arc::new(Shared {
        path: builder.path.clone(),
        name: builder.name.clone().unwrap_or_else(|| default_name(&builder.path)),
        read_only: builder.read_only,
        volatile: builder.in_memory,
        durability: builder.durability,
        clock: builder.clock.clone(),
        ids: builder.ids.clone(),
        readers: Readers::new(hot, builder.vfs.clone(), immutable, builder.readers, views),
        cache,
        writer: Arc::new(Writer::new(queue)),
        background: Background::default(),
        wal_pages_hard: budget_pages(builder.wal_bytes),
        checkpointing: Mutex::default(),
        epoch,
        logs: Mutex::default(),
        quarantine: OnceLock::new(),
        unfinished: OnceLock::new(),
        extensions: Mutex::default(),
        endings: Mutex::default(),
        lock: Mutex::new(lock),
    }))
}

/// Leaves a synced database behind, that says so, and no log unless somebody still reads it.
fn finish(connection: &Connection) -> Result<()> {
    connection.busy_timeout(Duration::from_secs(1))?;
    connection::set_synchronous(connection, Durability::Sync)?;
    if connection::meta(connection, "unsynced")?.unwrap_or(0) != 0 {
        // The log is read back in order: the word is there only with all that came before it.
        connection::set_meta(connection, "unsynced", 0)?;
    }
    let emptied = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE);
    match emptied.map_err(Error::from) {
        // So that SQLite removes the empty log.
        Ok(_) => connection::checkpoint_on_close(connection, true),
        Err(error) if error.kind() == ErrorKind::Locked => Ok(()),
        Err(error) => Err(error),
    }
}

/// The pages that the write-ahead log may grow to; a smaller budget would cost too many checkpoints.
fn budget_pages(bytes: u64) -> usize {
    usize::try_from(bytes / PAGE).unwrap_or(usize::MAX).max(512)
}

/// The write-ahead log of the database `hot`.
pub(super) fn log_of(hot: &Path) -> PathBuf {
    hot.with_file_name("hot.db-wal")
}

fn hot_path(builder: &NamespaceBuilder) -> PathBuf {
    builder.path.join("hot.db")
}

fn default_name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| "namespace".to_owned());
    name.strip_suffix(".hw").unwrap_or(&name).to_owned()
}

pub(super) fn temporary_path() -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let unique = uuid::Uuid::new_v4().simple();
    std::env::temp_dir().join(format!("headwater-{}-{count}-{unique}", std::process::id()))
}
