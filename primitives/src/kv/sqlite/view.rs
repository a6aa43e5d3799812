//! A store of the hot tier as one transaction or one snapshot sees it.

use std::cell::OnceCell;

use rusqlite::Connection;

use super::{CAPABILITIES, SqliteKv};
use crate::error::{Error, Result};
use crate::kv::pages::Pages;
use crate::kv::{Batch, Direction, Entries, KeyRange, KvRead, KvWrite};
use crate::{Snapshot, Transaction};

/// A [`SqliteKv`] inside a transaction of its namespace: reads see the transaction's own writes,
/// and writes commit with everything else in it. Made by [`SqliteKv::within`].
///
/// Reads and writes fail with [`InvalidInput`](crate::ErrorKind::InvalidInput) where the
/// transaction belongs to another namespace than the store.
pub struct KvTransaction<'t> {
    kv: &'t SqliteKv,
    tx: &'t Transaction<'t>,
    /// What left a batch half applied.
    torn: OnceCell<Error>,
}

/// A [`SqliteKv`] at a read snapshot of its namespace, consistent with every other store in it.
/// Made by [`SqliteKv::at`].
///
/// Reads fail with [`InvalidInput`](crate::ErrorKind::InvalidInput) where the snapshot belongs to
/// another namespace than the store.
pub struct KvSnapshot<'s> {
    kv: &'s SqliteKv,
    snapshot: &'s Snapshot<'s>,
}

impl<'t> KvTransaction<'t> {
    pub(super) fn new(kv: &'t SqliteKv, tx: &'t Transaction<'t>) -> Self {
        Self { kv, tx, torn: OnceCell::new() }
    }

    fn sql(&self) -> Result<&Connection> {
        self.kv.usable_on(self.tx.sql())?;
        self.whole()?;
        Ok(self.tx.sql())
    }

    /// Passes where every batch was applied whole or not at all, as it must be before a commit.
    pub(super) fn whole(&self) -> Result<()> {
        match self.torn.get() {
            None => Ok(()),
            Some(error) => Err(error.duplicate().context(format!(
                "a batch for the key-value store \"{}\" failed part way, so its transaction cannot \
                 commit",
                self.kv.name()
            ))),
        }
    }
}

impl<'s> KvSnapshot<'s> {
    pub(super) fn new(kv: &'s SqliteKv, snapshot: &'s Snapshot<'s>) -> Self {
        Self { kv, snapshot }
    }

    fn sql(&self) -> Result<&Connection> {
        self.kv.usable_on(self.snapshot.sql())?;
        Ok(self.snapshot.sql())
    }
}

impl KvRead for KvTransaction<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.kv.table().get(self.sql()?, key)
    }

    fn scan(&self, range: KeyRange, direction: Direction) -> Entries<'_> {
        Box::new(Pages::new(range, direction, move |rest, direction, limit| {
            self.kv.table().page(self.sql()?, rest, direction, limit)
        }))
    }
}

impl KvRead for KvSnapshot<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.kv.table().get(self.sql()?, key)
    }

    fn scan(&self, range: KeyRange, direction: Direction) -> Entries<'_> {
        Box::new(Pages::new(range, direction, move |rest, direction, limit| {
            self.kv.table().page(self.sql()?, rest, direction, limit)
        }))
    }
}

impl KvWrite for KvTransaction<'_> {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        CAPABILITIES.check_entry(key, value)?;
        self.kv.table().put(self.sql()?, key, value)
    }

    fn delete(&self, key: &[u8]) -> Result<()> {
        CAPABILITIES.check_key(key)?;
        self.kv.table().delete(self.sql()?, key)
    }

    fn write_batch(&self, batch: Batch) -> Result<()> {
        CAPABILITIES.check_batch(&batch)?;
        let sql = self.sql()?;
        batch.check(self)?;
        self.kv.table().apply(sql, &batch).inspect_err(|error| {
            let _ = self.torn.set(error.duplicate());
        })
    }
}
