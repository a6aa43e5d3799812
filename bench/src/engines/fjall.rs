//! fjall: a log-structured merge tree, every batch synced to its journal.

use std::path::Path;

use ::fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::Outcome;
use crate::engines::key_value::{EntryReader, KeyValue};
use crate::engines::{CACHE_BYTES, missing};

pub(crate) struct Fjall {
    database: Database,
    documents: Keyspace,
}

impl Fjall {
    pub(crate) fn open(folder: &Path) -> Outcome<Self> {
        let database = Database::builder(folder).cache_size(CACHE_BYTES).open()?;
        let documents = database.keyspace("documents", KeyspaceCreateOptions::default)?;
        Ok(Self { database, documents })
    }
}

impl KeyValue for Fjall {
    fn write(&self, entries: &mut dyn Iterator<Item = (u64, &[u8])>) -> Outcome<()> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        for (id, body) in entries {
            batch.insert(&self.documents, id.to_be_bytes(), body);
        }
        Ok(batch.commit()?)
    }

    fn reader(&self) -> Outcome<Box<dyn EntryReader + '_>> {
        Ok(Box::new(Entries(&self.documents)))
    }

    fn settle(&self) -> Outcome<()> {
        Ok(self.documents.rotate_memtable_and_wait()?)
    }

    fn bytes_on_disk(&self) -> Outcome<u64> {
        Ok(self.documents.disk_space())
    }
}

struct Entries<'a>(&'a Keyspace);

impl EntryReader for Entries<'_> {
    fn get_each(&mut self, keys: &[u64], show: &mut dyn FnMut(&[u8])) -> Outcome<()> {
        for key in keys {
            show(&self.0.get(key.to_be_bytes())?.ok_or_else(|| missing(*key))?);
        }
        Ok(())
    }

    fn scan_after(
        &mut self,
        key: u64,
        limit: usize,
        show: &mut dyn FnMut(u64, &[u8]) -> Outcome<()>,
    ) -> Outcome<()> {
        for entry in self.0.range((key + 1).to_be_bytes()..).take(limit) {
            let (key, body) = entry.into_inner()?;
            show(u64::from_be_bytes(key.as_ref().try_into()?), &body)?;
        }
        Ok(())
    }
}
