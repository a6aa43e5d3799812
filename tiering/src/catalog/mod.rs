//! The Iceberg catalog whose home is `hot.db`.

mod api;
mod cache;
mod elsewhere;
mod failure;
mod location;
mod names;
mod namespaces;
mod rest;
mod rows;
mod schema;
mod swap;
mod tables;

pub use rest::RestCatalog;
pub use schema::CATALOG_NAME;

pub(crate) use elsewhere::Missed;
pub(crate) use rest::RestClient;
pub(crate) use schema::PART;

use std::fmt;

use cache::Tables;
use failure::{Failure, Outcome};
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Durability, Namespace, Result, Transaction, WriteOptions};
use iceberg::io::FileIO;
use iceberg::table::Table;
use iceberg::{Runtime, TableIdent, TableRequirement, TableUpdate};
use std::sync::Arc;

use crate::commit::NewSnapshot;
use crate::io::LakeStorage;

/// An Iceberg catalog in a namespace's `hot.db`, in the table layout of pyiceberg's `SqlCatalog`, under
/// the name [`CATALOG_NAME`]. Cheap to clone; handles of one namespace may commit at the same time, and
/// the later one of two loses.
///
/// Metadata files are written, through the lake's store, before the pointer moves; the pointer moves by
/// compare-and-set in one transaction of the hot tier, which is synced. Outside tools open `hot.db`
/// read-only.
///
/// That of a lake with a [`RestCatalog`] commits there first, and has the tables as of its own last commit.
#[derive(Clone)]
pub struct SqliteCatalog {
    namespace: Namespace,
    lake: LakeStorage,
    io: FileIO,
    runtime: Runtime,
    tables: Arc<Tables>,
    /// The catalog that has the tables, when it is another one.
    remote: Option<Arc<RestClient>>,
}

impl SqliteCatalog {
    /// The catalog of `namespace`, for tables whose files are in `lake`. Iceberg's own tasks, such as
    /// planning a scan, run on `runtime`.
    ///
    /// # Errors
    /// As [`Namespace::install`].
    pub fn open(
        namespace: &Namespace,
        lake: LakeStorage,
        runtime: Runtime,
    ) -> Result<SqliteCatalog> {
        namespace.install(&schema::PART)?;
        let (namespace, io) = (namespace.clone(), lake.file_io());
        Ok(SqliteCatalog { namespace, lake, io, runtime, tables: Arc::default(), remote: None })
    }

    /// The same for tables that `remote` has.
    pub(crate) fn of(self, remote: Option<Arc<RestClient>>) -> SqliteCatalog {
        SqliteCatalog { remote, ..self }
    }

    /// The namespace that it is of.
    pub(crate) fn owner(&self) -> &Namespace {
        &self.namespace
    }

    /// The lake that the tables' files are in.
    pub fn lake(&self) -> &LakeStorage {
        &self.lake
    }

    /// Iceberg's handle to the lake's files.
    pub fn file_io(&self) -> &FileIO {
        &self.io
    }

    /// The hot tier that the catalog is in.
    pub fn hot(&self) -> &Namespace {
        &self.namespace
    }

    /// The table as it is now. Reads its metadata file, unless this handle or a clone has seen that
    /// very file before.
    ///
    /// # Errors
    /// `NotFound` when there is no such table; what its metadata file fails with.
    pub async fn load(&self, table: &TableIdent) -> Result<Table> {
        self.current(table).await.map_err(Failure::into_ours)
    }

    /// Where the metadata of `table` is, as `tx` sees it: for reading the lake and the hot tier at one
    /// point.
    ///
    /// # Errors
    /// `NotFound` when there is no such table.
    pub fn pointer(&self, connection: &Connection, table: &TableIdent) -> Result<String> {
        rows::pointer(connection, table).map_err(Failure::into_ours)
    }

    /// The table as the metadata file at `location` describes it, whatever the catalog says now.
    ///
    /// # Errors
    /// What the metadata file fails with.
    pub async fn load_at(&self, table: &TableIdent, location: &str) -> Result<Table> {
        self.table_at(table, location).await.map_err(Failure::into_ours)
    }

    /// A new snapshot of `table`, to be filled, written and committed; its id and time come from the
    /// namespace.
    pub fn new_snapshot(&self, table: &Table) -> NewSnapshot {
        let now = self.namespace.clock().now();
        NewSnapshot::new(table, self.namespace.ids().next(now), now)
    }

    /// Changes `table` as iceberg's `update_table` does, and runs `then` in the same transaction as the
    /// swap of the pointer: both happen, or neither.
    ///
    /// `requirements` are checked against the table as it is when this is called. `then` runs on the
    /// writer thread, between other callers' work: keep it short.
    ///
    /// # Errors
    /// `NotFound` when there is no such table; `Conflict` when a requirement does not hold or another
    /// commit was first, and then load the table and try again; what an update is refused for; what
    /// `then` failed with, as it is. After an error the table is as it was; in a catalog elsewhere it may
    /// be changed, which the next hand-off or upkeep takes over.
    pub async fn commit_with(
        &self,
        table: &TableIdent,
        requirements: Vec<TableRequirement>,
        updates: Vec<TableUpdate>,
        then: impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    ) -> Result<Table> {
        let committed = self.commit(table, requirements, updates, then).await;
        committed.map_err(Failure::into_ours)
    }

    /// Runs `work` in one transaction of the hot tier that is synced before it is acknowledged.
    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let synced = WriteOptions::durability(Durability::Sync);
        self.namespace.transaction_with(synced, work).await
    }

    fn look<T>(&self, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
        self.namespace.snapshot(|snapshot| work(snapshot.sql()))
    }
}

/// Where the metadata of `table` is as `connection` sees it; `None` when there is no such table.
pub(crate) fn pointer_of(connection: &Connection, table: &TableIdent) -> Result<Option<String>> {
    rows::pointer_if_any(connection, table).map_err(Failure::into_ours)
}

/// The number in the name of a metadata file: a later one has a greater one.
pub(crate) fn metadata_number(location: &str) -> Option<i64> {
    i64::try_from(location::number_in(location)?).ok()
}

impl fmt::Debug for SqliteCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteCatalog")
            .field("namespace", &self.namespace.path())
            .field("lake", &self.lake)
            .finish_non_exhaustive()
    }
}
