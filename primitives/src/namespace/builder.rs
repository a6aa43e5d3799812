//! How a namespace is opened when the defaults will not do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Namespace, open};
use crate::durability::Durability;
use crate::error::Result;
use crate::ids::{IdSource, SystemIds};
use crate::time::{Clock, SystemClock};

/// The settings of a namespace. Made by [`Namespace::builder`].
#[derive(Clone)]
pub struct NamespaceBuilder {
    pub(super) path: PathBuf,
    pub(super) name: Option<String>,
    pub(super) read_only: bool,
    pub(super) in_memory: bool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) durability: Durability,
    pub(super) queue_capacity: usize,
    pub(super) cache_bytes: usize,
    pub(super) readers: usize,
    pub(super) vfs: Option<String>,
    pub(super) wal_bytes: u64,
}

impl NamespaceBuilder {
    pub(super) fn new(path: &Path) -> Self {
        let cores = std::thread::available_parallelism().map_or(4, usize::from);
        NamespaceBuilder {
            path: path.to_owned(),
            name: None,
            read_only: false,
            in_memory: false,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            durability: Durability::Sync,
            queue_capacity: 1024,
            cache_bytes: 64 << 20,
            readers: cores * 2,
            vfs: None,
            wal_bytes: 256 << 20,
        }
    }

    /// Opens without owning: other processes may own and write it meanwhile, and writes here are
    /// refused.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// The namespace's name, as events show it. Default: the folder's name without `.hw`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Where the time comes from. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Where ids come from. Default: [`SystemIds`].
    #[must_use]
    pub fn ids(mut self, ids: impl IdSource + 'static) -> Self {
        self.ids = Arc::new(ids);
        self
    }

    /// What an acknowledgement promises when a write does not say. Default: [`Durability::Sync`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How many writes may wait for the writer. Default: 1024.
    #[must_use]
    pub fn queue_capacity(mut self, writes: usize) -> Self {
        self.queue_capacity = writes;
        self
    }

    /// The row cache's budget in bytes; 0 switches it off. Default: 64 MiB.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// How many idle read connections are kept. Default: twice the cores.
    #[must_use]
    pub fn readers(mut self, connections: usize) -> Self {
        self.readers = connections;
        self
    }

    /// The SQLite VFS to use, by its registered name: for tests that simulate failures.
    #[must_use]
    pub fn vfs(mut self, name: impl Into<String>) -> Self {
        self.vfs = Some(name.into());
        self
    }

    /// How large the write-ahead log may grow before old snapshots are ended. Default: 256 MiB; a
    /// checkpoint is made at an eighth of it.
    #[must_use]
    pub fn wal_bytes(mut self, bytes: u64) -> Self {
        self.wal_bytes = bytes;
        self
    }

    /// Opens the namespace; makes it when it is not there.
    ///
    /// # Errors
    /// `Locked` when another process owns it; `NotADatabase`, `Corrupt` or `NewerVersion` when
    /// `hot.db` is not what this code can read, in which case nothing is written; `ReadOnly` when
    /// the folder cannot be written; `NotFound` when a read-only namespace is not there; `DiskFull`.
    pub fn open(self) -> Result<Namespace> {
        open::open(self)
    }
}
