//! What several behaviours need: rows to write, a writer that can be held, and a limit on time.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use headwater_primitives::{
    Commit, Durability, Error, Namespace, Part, Pending, Result, Timestamp, Transaction,
    WriteOptions,
};

/// A table whose every constraint can be broken.
pub(crate) const ROWS: Part = Part {
    name: "rows",
    migrations: &["CREATE TABLE rows(
        id INTEGER PRIMARY KEY,
        name TEXT UNIQUE,
        size INTEGER NOT NULL DEFAULT 1 CHECK(size > 0),
        parent INTEGER REFERENCES rows(id),
        later INTEGER REFERENCES rows(id) DEFERRABLE INITIALLY DEFERRED
    )"],
};

/// A namespace in memory with [`ROWS`].
pub(crate) fn in_memory() -> Namespace {
    with_rows(Namespace::in_memory().unwrap())
}

/// The namespace in `path` with [`ROWS`].
pub(crate) fn open(path: &Path) -> Namespace {
    with_rows(Namespace::open(path).unwrap())
}

pub(crate) fn with_rows(ns: Namespace) -> Namespace {
    ns.install(&ROWS).unwrap();
    ns
}

/// Inserts one row; the time tells its commit group from others.
pub(crate) fn insert(ns: &Namespace, id: i64) -> Commit<Timestamp> {
    ns.transaction(move |tx| insert_in(tx, id))
}

pub(crate) fn insert_in(tx: &Transaction<'_>, id: i64) -> Result<Timestamp> {
    tx.sql().prepare_cached("INSERT INTO rows(id) VALUES (?)")?.execute([id])?;
    Ok(tx.now())
}

fn wal_bytes(path: &Path) -> u64 {
    std::fs::metadata(path.join("hot.db-wal")).map_or(0, |wal| wal.len())
}

/// Writes 40 MB into the table of [`with_pages`], and returns how large the write-ahead log was at most.
pub(crate) fn write_40_mb(ns: &Namespace) -> u64 {
    let mut most = 0;
    for _ in 0..400 {
        let write = ns.transaction(|tx| -> Result<()> {
            let insert = "INSERT INTO pages VALUES (zeroblob(100000))";
            tx.sql().prepare_cached(insert)?.execute([])?;
            Ok(())
        });
        write.wait().unwrap();
        most = most.max(wal_bytes(ns.path()));
    }
    most
}

/// The namespace in `path` with [`ROWS`], a table of large rows, and a log of at most `budget` bytes.
pub(crate) fn with_pages(path: &Path, budget: u64) -> Namespace {
    let builder = Namespace::builder(path).durability(Durability::Os).wal_bytes(budget);
    let ns = with_rows(builder.open().unwrap());
    sql(&ns, "CREATE TABLE pages(data BLOB)").wait().unwrap();
    ns
}

/// Runs SQL of the caller's own.
pub(crate) fn sql(ns: &Namespace, text: impl Into<String>) -> Commit<()> {
    sql_with(ns, WriteOptions::default(), text)
}

pub(crate) fn sql_with(
    ns: &Namespace,
    options: WriteOptions,
    text: impl Into<String>,
) -> Commit<()> {
    let text = text.into();
    ns.transaction_with(options, move |tx| Ok(tx.sql().execute_batch(&text)?))
}

/// The ids in [`ROWS`], in order.
pub(crate) fn ids(ns: &Namespace) -> Vec<i64> {
    ns.query(|conn| -> Result<_> {
        let mut statement = conn.prepare("SELECT id FROM rows ORDER BY id")?;
        let ids = statement.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    })
    .unwrap()
}

/// SQLite's own word on the file.
pub(crate) fn assert_sound(ns: &Namespace) {
    let answer = ns.query(|conn| -> Result<String> {
        Ok(conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?)
    });
    assert_eq!(answer.unwrap(), "ok");
}

/// A writer thread that is busy with one transaction until it is released.
pub(crate) struct Held {
    release: Sender<()>,
    busy: Pending<()>,
}

/// Keeps the writer busy, so that what is submitted meanwhile becomes one group.
pub(crate) fn hold(ns: &Namespace) -> Held {
    let (started, has_started) = channel();
    let (release, released) = channel::<()>();
    let busy = ns.transaction(move |_| -> Result<()> {
        started.send(()).unwrap();
        // An error is a release too: the test has failed and dropped its end.
        let _ = released.recv();
        Ok(())
    });
    let busy = busy.submit().wait().unwrap();
    has_started.recv().unwrap();
    Held { release, busy }
}

impl Held {
    pub(crate) fn release(self) {
        drop(self.release);
        self.busy.wait().unwrap();
    }
}

/// Makes all of `commits` in one commit group, and returns what each was told.
pub(crate) fn together<T, E>(
    ns: &Namespace,
    commits: impl IntoIterator<Item = Commit<T, E>>,
) -> Vec<Result<T, E>>
where
    T: Send + 'static,
    E: From<Error> + Send + std::fmt::Debug + 'static,
{
    let held = hold(ns);
    let pending: Vec<_> =
        commits.into_iter().map(|commit| commit.submit().wait().unwrap()).collect();
    held.release();
    pending.into_iter().map(Pending::wait).collect()
}

/// Runs `work` on a thread of its own and fails when it takes longer than 20 s: what would hang
/// the test run becomes a failure with a name.
pub(crate) fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, outcome) = channel();
    thread::spawn(move || {
        // Nobody listens any more when the time was up.
        let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
    });
    match outcome.recv_timeout(Duration::from_secs(20)) {
        Ok(Ok(value)) => value,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => panic!("still not done after 20 s"),
    }
}
