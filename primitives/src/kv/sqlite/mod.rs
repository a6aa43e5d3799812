//! The key-value backend in the hot tier: one table of a namespace per store.

mod table;
mod view;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, OptionalExtension, params};

use self::table::Table;
pub use self::view::{KvSnapshot, KvTransaction};
use crate::error::{Error, ErrorKind, Result};
use crate::kv::pages::Pages;
use crate::kv::{
    Batch, Capabilities, Direction, Entries, Feature, KeyRange, KvRead, KvWrite, OrderedKv,
    SnapshotWork, TransactionWork,
};
use crate::{Durability, Namespace, Part, Scope, Snapshot, Transaction, WriteOptions};

const CAPABILITIES: Capabilities = Capabilities::new("SQLite").without(Feature::Compact);

const PART: Part = Part {
    name: "kv",
    migrations: &["CREATE TABLE kv_stores (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    )"],
};

/// The longest name of a store, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// An [`OrderedKv`] in the hot tier of a [`Namespace`], under a name of its own. Clones are handles
/// on the same store.
///
/// Writes go through the namespace's one writer and commit in its groups; each call waits for its
/// commit. Reads run on pooled connections, see every acknowledged write, and never wait for the
/// writer. A scan on the store takes a short read for each page, so it does not keep the
/// write-ahead log from being reset, however long it lasts.
///
/// [`within`](Self::within) and [`at`](Self::at) put the store into a transaction or a snapshot of
/// the namespace, together with any other store there. Writes emit no events: that is up to the
/// store that stands on this one.
///
/// Not offered: compaction on demand. SQLite reuses the pages of deleted entries by itself.
///
/// ```
/// use headwater_primitives::Namespace;
/// use headwater_primitives::kv::{KvRead, KvWrite, SqliteKv};
///
/// let ns = Namespace::in_memory()?;
/// let edges = SqliteKv::open(&ns, "edges")?;
/// let names = SqliteKv::open(&ns, "names")?;
///
/// let (e, n) = (edges.clone(), names.clone());
/// ns.transaction(move |tx| {
///     n.within(tx).put(b"1", b"alice")?;
///     e.within(tx).put(b"1/2", b"KNOWS")
/// })
/// .wait()?;
/// assert_eq!(edges.get(b"1/2")?, Some(b"KNOWS".to_vec()));
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
#[derive(Clone)]
pub struct SqliteKv {
    ns: Namespace,
    store: Arc<Store>,
    durability: Option<Durability>,
}

struct Store {
    name: Box<str>,
    table: Table,
    /// What SQLite calls `hot.db`: the same on every connection of the namespace.
    file: Option<Box<str>>,
    closed: AtomicBool,
}

impl SqliteKv {
    /// Opens the store `name`, and makes it where it does not exist yet. Each call gives a handle
    /// with its own [`close`](OrderedKv::close) on the same entries.
    ///
    /// Cost: one read; the first time, one commit.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput) where the name is empty or longer than 255 bytes,
    /// [`NotFound`](ErrorKind::NotFound) or [`ReadOnly`](ErrorKind::ReadOnly) where the store does
    /// not exist in a read-only namespace, and the failures of the namespace.
    pub fn open(ns: &Namespace, name: &str) -> Result<Self> {
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            return Err(Error::invalid(format!(
                "a key-value store needs a name of 1 to {MAX_NAME_BYTES} bytes, not {}",
                name.len()
            )));
        }
        ns.install(&PART)?;
        let id = match find(ns, name)? {
            Some(id) => id,
            None => create(ns, name)?,
        };
        let store = Store {
            name: name.into(),
            table: Table::new(id),
            file: ns.query(|sql| Ok::<_, Error>(sql.path().map(Box::from)))?,
            closed: AtomicBool::new(false),
        };
        Ok(Self { ns: ns.clone(), store: Arc::new(store), durability: None })
    }

    /// The same store through a handle whose own writes have this durability in place of the
    /// namespace's. Transactions of the namespace keep theirs.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = Some(durability);
        self
    }

    /// The name of the store.
    pub fn name(&self) -> &str {
        &self.store.name
    }

    /// The namespace that the store is in.
    pub fn namespace(&self) -> &Namespace {
        &self.ns
    }

    /// The store inside an open transaction.
    pub fn within<'t>(&'t self, tx: &'t Transaction<'t>) -> KvTransaction<'t> {
        KvTransaction::new(self, tx)
    }

    /// The store at a read snapshot.
    pub fn at<'s>(&'s self, snapshot: &'s Snapshot<'s>) -> KvSnapshot<'s> {
        KvSnapshot::new(self, snapshot)
    }

    fn table(&self) -> &Table {
        &self.store.table
    }

    fn usable(&self) -> Result<()> {
        if self.store.closed.load(Ordering::Acquire) {
            return Err(Error::new(
                ErrorKind::Closed,
                format!("the key-value store \"{}\" is closed; open it again", self.name()),
            ));
        }
        Ok(())
    }

    /// Passes where the store is open and `sql` sees the namespace that its table is in.
    fn usable_on(&self, sql: &Connection) -> Result<()> {
        if sql.path() != self.store.file.as_deref() {
            return Err(Error::invalid(format!(
                "the key-value store \"{}\" is in {}, and the transaction or snapshot is of {}; \
                 open the store there",
                self.name(),
                self.store.file.as_deref().unwrap_or("another namespace"),
                sql.path().unwrap_or("another namespace"),
            )));
        }
        self.usable()
    }

    fn read<T>(&self, work: impl FnOnce(&Table, &Connection) -> Result<T>) -> Result<T> {
        self.usable()?;
        self.ns.query(|sql| work(&self.store.table, sql))
    }

    fn write<T: Send + 'static>(
        &self,
        scope: Scope,
        work: impl FnOnce(&KvTransaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.usable()?;
        let kv = self.clone();
        let options = WriteOptions { durability: self.durability, scope, ..Default::default() };
        self.ns
            .transaction_with(options, move |tx| {
                let view = kv.within(tx);
                let result = work(&view)?;
                view.whole()?;
                Ok(result)
            })
            .wait()
    }
}

impl KvRead for SqliteKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.read(|table, sql| table.get(sql, key))
    }

    fn scan(&self, range: KeyRange, direction: Direction) -> Entries<'_> {
        Box::new(Pages::new(range, direction, move |rest, direction, limit| {
            self.read(|table, sql| table.page(sql, rest, direction, limit))
        }))
    }
}

impl KvWrite for SqliteKv {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        CAPABILITIES.check_entry(key, value)?;
        let (key, value) = (key.to_vec(), value.to_vec());
        self.write(Scope::Statement, move |tx| tx.put(&key, &value))
    }

    fn delete(&self, key: &[u8]) -> Result<()> {
        CAPABILITIES.check_key(key)?;
        let key = key.to_vec();
        self.write(Scope::Statement, move |tx| tx.delete(&key))
    }

    fn write_batch(&self, batch: Batch) -> Result<()> {
        CAPABILITIES.check_batch(&batch)?;
        self.write(Scope::Savepoint, move |tx| tx.write_batch(batch))
    }
}

impl OrderedKv for SqliteKv {
    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn run_snapshot(&self, work: SnapshotWork<'_>) -> Result<()> {
        self.usable()?;
        self.ns.snapshot(|snapshot| work(&self.at(snapshot)))
    }

    fn run_transaction(&self, mut work: TransactionWork) -> Result<()> {
        self.write(Scope::Savepoint, move |tx| work(tx))
    }

    /// Always [`Unsupported`](crate::kv::Unsupported).
    fn compact(&self) -> Result<()> {
        self.usable()?;
        CAPABILITIES.require(Feature::Compact)
    }

    /// Closes this handle and its clones. The namespace stays open.
    fn close(&self) -> Result<()> {
        self.store.closed.store(true, Ordering::Release);
        Ok(())
    }
}

/// The number of the store `name` in the catalog.
fn find(ns: &Namespace, name: &str) -> Result<Option<i64>> {
    ns.query(|sql| lookup(sql, name))
}

fn lookup(sql: &Connection, name: &str) -> Result<Option<i64>> {
    let mut statement = sql.prepare_cached("SELECT id FROM kv_stores WHERE name = ?1")?;
    Ok(statement.query_row(params![name], |row| row.get(0)).optional()?)
}

/// Makes the store `name`, unless another thread has just made it.
fn create(ns: &Namespace, name: &str) -> Result<i64> {
    if ns.is_read_only() {
        return Err(Error::new(
            ErrorKind::NotFound,
            format!(
                "there is no key-value store \"{name}\", and a read-only namespace cannot make it"
            ),
        ));
    }
    let name = name.to_owned();
    ns.transaction(move |tx| {
        if let Some(id) = lookup(tx.sql(), &name)? {
            return Ok(id);
        }
        tx.sql().execute("INSERT INTO kv_stores(name) VALUES (?1)", params![name])?;
        let id = tx.sql().last_insert_rowid();
        tx.sql().execute(&Table::create(id), [])?;
        Ok(id)
    })
    .wait()
}
