//! What the peers are: stores of bytes by number; a document is its encoded bytes.

use crate::Outcome;
use crate::documents::Document;
use crate::engines::{Engine, Reader};

/// A durable map from numbers to bytes.
pub(crate) trait KeyValue: Send + Sync {
    /// Inserts new entries in one durable transaction.
    fn write(&self, entries: &mut dyn Iterator<Item = (u64, &[u8])>) -> Outcome<()>;

    /// A reader for one thread.
    fn reader(&self) -> Outcome<Box<dyn EntryReader + '_>>;

    /// Leaves nothing in journals or memory that belongs into the main file.
    fn settle(&self) -> Outcome<()>;

    /// What the entries take on disk once settled.
    fn bytes_on_disk(&self) -> Outcome<u64>;
}

/// Reads entries on one thread.
pub(crate) trait EntryReader {
    /// See [`Reader::get_each`].
    fn get_each(&mut self, keys: &[u64], show: &mut dyn FnMut(&[u8])) -> Outcome<()>;

    /// Shows at most `limit` entries with larger keys, in order; sees everything committed.
    fn scan_after(
        &mut self,
        key: u64,
        limit: usize,
        show: &mut dyn FnMut(u64, &[u8]) -> Outcome<()>,
    ) -> Outcome<()>;
}

impl<K: KeyValue> Engine for K {
    fn durable_commit(&self, document: &Document) -> Outcome<()> {
        self.bulk(std::slice::from_ref(document))
    }

    fn bulk(&self, documents: &[Document]) -> Outcome<()> {
        self.write(&mut documents.iter().map(|one| (one.order.id, one.bytes.as_slice())))
    }

    fn reader(&self) -> Outcome<Box<dyn Reader + '_>> {
        Ok(Box::new(Documents(KeyValue::reader(self)?)))
    }

    fn settle(&self) -> Outcome<()> {
        KeyValue::settle(self)
    }
}

struct Documents<'a>(Box<dyn EntryReader + 'a>);

impl Reader for Documents<'_> {
    fn get_each(&mut self, ids: &[u64], show: &mut dyn FnMut(&[u8])) -> Outcome<()> {
        self.0.get_each(ids, show)
    }
}
