//! redb: a copy-on-write B-tree; a reading thread keeps one read transaction, its fastest way.

use std::path::Path;

use ::redb::{
    Database, Durability, ReadOnlyTable, ReadableDatabase, ReadableTableMetadata, TableDefinition,
};

use crate::Outcome;
use crate::engines::key_value::{EntryReader, KeyValue};
use crate::engines::{CACHE_BYTES, missing};

const DOCUMENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("documents");

pub(crate) struct Redb(Database);

impl Redb {
    pub(crate) fn open(folder: &Path) -> Outcome<Self> {
        let mut builder = Database::builder();
        builder.set_cache_size(usize::try_from(CACHE_BYTES)?);
        let database = Self(builder.create(folder.join("documents.redb"))?);
        database.write(&mut std::iter::empty())?;
        Ok(database)
    }

    fn table(&self) -> Outcome<ReadOnlyTable<u64, &'static [u8]>> {
        Ok(self.0.begin_read()?.open_table(DOCUMENTS)?)
    }
}

impl KeyValue for Redb {
    fn write(&self, entries: &mut dyn Iterator<Item = (u64, &[u8])>) -> Outcome<()> {
        let mut transaction = self.0.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        {
            let mut table = transaction.open_table(DOCUMENTS)?;
            for (id, body) in entries {
                table.insert(id, body)?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn reader(&self) -> Outcome<Box<dyn EntryReader + '_>> {
        Ok(Box::new(Snapshot { database: self, table: None }))
    }

    fn settle(&self) -> Outcome<()> {
        Ok(())
    }

    /// Without the free pages, since the file grows in large steps.
    fn bytes_on_disk(&self) -> Outcome<u64> {
        let stats = self.table()?.stats()?;
        Ok(stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes())
    }
}

struct Snapshot<'a> {
    database: &'a Redb,
    /// Opened by the first get, since an open one keeps old pages from being reused.
    table: Option<ReadOnlyTable<u64, &'static [u8]>>,
}

impl EntryReader for Snapshot<'_> {
    fn get_each(&mut self, keys: &[u64], show: &mut dyn FnMut(&[u8])) -> Outcome<()> {
        if self.table.is_none() {
            self.table = Some(self.database.table()?);
        }
        let Some(table) = &self.table else {
            return Ok(());
        };
        for key in keys {
            show(table.get(*key)?.ok_or_else(|| missing(*key))?.value());
        }
        Ok(())
    }

    fn scan_after(
        &mut self,
        key: u64,
        limit: usize,
        show: &mut dyn FnMut(u64, &[u8]) -> Outcome<()>,
    ) -> Outcome<()> {
        for entry in self.database.table()?.range(key + 1..)?.take(limit) {
            let (key, body) = entry?;
            show(key.value(), body.value())?;
        }
        Ok(())
    }
}
