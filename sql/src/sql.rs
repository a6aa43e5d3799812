//! The entry: a namespace as tables of SQL.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::execution::session_state::SessionState;
use headwater_cdc::ChangeLog;
use headwater_primitives::{Namespace, Result};

use crate::query::SqlQuery;
use crate::session;
use crate::shared::Shared;

/// The tables of a namespace, for SQL that reads. Cheap to clone.
///
/// ```
/// use headwater_document::DocumentStore;
/// use headwater_primitives::{Namespace, Result};
/// use headwater_sql::Sql;
/// use serde_json::json;
///
/// # fn main() -> Result<()> {
/// let ns = Namespace::in_memory()?;
/// let orders: DocumentStore = DocumentStore::open(&ns, "orders")?;
/// orders.bulk_insert(&[json!({"id": 1, "total": 4.5}), json!({"id": 2, "total": 5.5})]).wait()?;
///
/// let sql = Sql::open(&ns)?;
/// let mut rows = sql.query("SELECT sum(total) AS total FROM orders").run().wait()?;
/// let batch = rows.blocking().next().unwrap()?;
/// assert_eq!(batch.num_rows(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sql(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) namespace: Namespace,
    pub(crate) changes: ChangeLog,
    pub(crate) shared: Arc<Shared>,
    pub(crate) state: SessionState,
}

/// What statements may use.
#[derive(Clone, Debug)]
pub struct SqlOptions {
    memory: usize,
    batch_rows: usize,
    partitions: usize,
    spill: Option<PathBuf>,
}

impl Default for SqlOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        SqlOptions { memory: 1 << 30, batch_rows: 8192, partitions: cores, spill: None }
    }
}

impl SqlOptions {
    /// The defaults: 1 GiB, batches of 8192 rows, as many partitions as there are cores.
    pub fn new() -> Self {
        SqlOptions::default()
    }

    /// Bytes that sorts, joins and groupings of all statements of one handle may hold together. Past
    /// them sorts and groupings go on in temporary files, and what cannot fails with `TooLarge`.
    #[must_use]
    pub fn memory_bytes(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// The most rows of a batch, at least 1.
    #[must_use]
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.batch_rows = rows.max(1);
        self
    }

    /// How many parts of a statement run at the same time, at least 1.
    #[must_use]
    pub fn partitions(mut self, partitions: usize) -> Self {
        self.partitions = partitions.max(1);
        self
    }

    /// The folder for temporary files; the system's own by default.
    #[must_use]
    pub fn spill_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spill = Some(folder.into());
        self
    }

    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    pub(crate) fn rows(&self) -> usize {
        self.batch_rows
    }

    pub(crate) fn parts(&self) -> usize {
        self.partitions
    }

    pub(crate) fn spill(&self) -> Option<&PathBuf> {
        self.spill.as_ref()
    }
}

impl Sql {
    /// The tables of `namespace`, with the default [options](SqlOptions).
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn open(namespace: &Namespace) -> Result<Sql> {
        Sql::open_with(namespace, SqlOptions::default())
    }

    /// The tables of `namespace`.
    ///
    /// # Errors
    /// `Io` when the folder for temporary files cannot be used; SQLite's errors.
    pub fn open_with(namespace: &Namespace, options: SqlOptions) -> Result<Sql> {
        Ok(Sql(Arc::new(Inner {
            namespace: namespace.clone(),
            changes: ChangeLog::open(namespace)?,
            shared: Shared::of(namespace),
            state: session::base(&options)?,
        })))
    }

    /// Describes a statement: `SELECT`, `VALUES`, `EXPLAIN`, `DESCRIBE` or `SHOW TABLES`. See
    /// [`SqlQuery`].
    pub fn query(&self, sql: impl Into<String>) -> SqlQuery {
        SqlQuery::new(self.clone(), sql.into())
    }
}

impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.0.namespace.name();
        f.debug_struct("Sql").field("namespace", &namespace).finish_non_exhaustive()
    }
}
