//! The key-value backend that keeps everything in memory.

mod tree;
mod turn;
mod view;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use self::tree::Tree;
use self::turn::Turn;
use self::view::{MemorySnapshot, MemoryTransaction};
use crate::error::{Error, ErrorKind, Result};
use crate::kv::{
    Batch, Capabilities, Direction, Entries, Feature, KeyRange, KvRead, KvWrite, OrderedKv,
    SnapshotWork, TransactionWork,
};

const CAPABILITIES: Capabilities = Capabilities::new("memory").without(Feature::Durability);

/// An [`OrderedKv`] in memory: for tests, and for what may be lost. Clones are handles on the same
/// store.
///
/// The entries are in a persistent balanced tree. A snapshot is a clone of its root: it costs O(1),
/// blocks nobody, and keeps alive only what was changed since. A transaction works on a clone, and
/// its commit replaces the root: so it is serializable, an abandoned one leaves nothing, and
/// writers take turns while readers never wait for them. A scan walks the version it began on.
#[derive(Clone, Default)]
pub struct MemoryKv {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    turn: Turn,
    committed: RwLock<Committed>,
}

/// The version that readers get.
enum Committed {
    Open(Tree),
    Closed,
}

impl Default for Committed {
    fn default() -> Self {
        Committed::Open(Tree::default())
    }
}

impl MemoryKv {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The committed version.
    fn tree(&self) -> Result<Tree> {
        match &*self.shared.committed.read().unwrap_or_else(PoisonError::into_inner) {
            Committed::Open(tree) => Ok(tree.clone()),
            Committed::Closed => Err(closed()),
        }
    }

    /// Makes a new version out of the committed one; an error or a panic leaves it as it was.
    fn write<T>(&self, change: impl FnOnce(&MemoryTransaction) -> Result<T>) -> Result<T> {
        let _turn = self.shared.turn.take()?;
        let transaction = MemoryTransaction::new(self.tree()?);
        let result = change(&transaction)?;
        let next = transaction.into_tree();
        let mut committed = self.shared.committed.write().unwrap_or_else(PoisonError::into_inner);
        match &mut *committed {
            Committed::Open(tree) => *tree = next,
            Committed::Closed => return Err(closed()),
        }
        Ok(result)
    }
}

impl KvRead for MemoryKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.tree()?.get(key).map(<[u8]>::to_vec))
    }

    fn scan(&self, range: KeyRange, direction: Direction) -> Entries<'_> {
        match self.tree() {
            Ok(tree) => Box::new(tree.walk(range, direction).map(Ok)),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }
}

impl KvWrite for MemoryKv {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        self.write(|transaction| transaction.put(key, value))
    }

    fn delete(&self, key: &[u8]) -> Result<()> {
        self.write(|transaction| transaction.delete(key))
    }

    fn write_batch(&self, batch: Batch) -> Result<()> {
        self.write(|transaction| transaction.write_batch(batch))
    }
}

impl OrderedKv for MemoryKv {
    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn run_snapshot(&self, work: SnapshotWork<'_>) -> Result<()> {
        work(&MemorySnapshot(self.tree()?))
    }

    fn run_transaction(&self, mut work: TransactionWork) -> Result<()> {
        self.write(|transaction| {
            catch_unwind(AssertUnwindSafe(|| work(transaction))).unwrap_or_else(|_| {
                Err(Error::new(
                    ErrorKind::Panicked,
                    "the work of a key-value transaction panicked; nothing of it was written",
                ))
            })
        })
    }

    /// Nothing to do: what no version holds any more is freed at once.
    fn compact(&self) -> Result<()> {
        self.tree().map(drop)
    }

    /// Frees the entries, except what open snapshots still hold.
    fn close(&self) -> Result<()> {
        *self.shared.committed.write().unwrap_or_else(PoisonError::into_inner) = Committed::Closed;
        Ok(())
    }
}

fn closed() -> Error {
    Error::new(
        ErrorKind::Closed,
        "the key-value store in memory is closed, and its contents are gone; make a new one",
    )
}
