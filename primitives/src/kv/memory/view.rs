//! A snapshot and an open transaction of the store in memory.

use std::cell::RefCell;

use super::CAPABILITIES;
use super::tree::Tree;
use crate::error::Result;
use crate::kv::{Batch, Direction, Entries, KeyRange, KvRead, KvWrite, Operation};

/// One committed version.
pub(super) struct MemorySnapshot(pub(super) Tree);

/// A version in the making.
pub(super) struct MemoryTransaction(RefCell<Tree>);

impl MemoryTransaction {
    pub(super) fn new(tree: Tree) -> Self {
        Self(RefCell::new(tree))
    }

    pub(super) fn into_tree(self) -> Tree {
        self.0.into_inner()
    }
}

impl KvRead for MemorySnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.0.get(key).map(<[u8]>::to_vec))
    }

    fn scan(&self, range: KeyRange, direction: Direction) -> Entries<'_> {
        Box::new(self.0.clone().walk(range, direction).map(Ok))
    }
}

impl KvRead for MemoryTransaction {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.0.borrow().get(key).map(<[u8]>::to_vec))
    }

    fn scan(&self, range: KeyRange, direction: Direction) -> Entries<'_> {
        Box::new(self.0.borrow().clone().walk(range, direction).map(Ok))
    }
}

impl KvWrite for MemoryTransaction {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        CAPABILITIES.check_entry(key, value)?;
        self.0.borrow_mut().put(key, value);
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<()> {
        CAPABILITIES.check_key(key)?;
        self.0.borrow_mut().delete(key);
        Ok(())
    }

    fn write_batch(&self, batch: Batch) -> Result<()> {
        CAPABILITIES.check_batch(&batch)?;
        batch.check(self)?;
        let mut tree = self.0.borrow_mut();
        for operation in batch.operations() {
            match operation {
                Operation::Put { key, value } => tree.put(key, value),
                Operation::Delete { key } => tree.delete(key),
            }
        }
        Ok(())
    }
}
