//! Headwater's own document store and change log.

use std::path::Path;

use headwater_document::primitives::Namespace;
use headwater_document::{Document as Stored, DocumentId, DocumentStore, IdKind, ToId};

use crate::Outcome;
use crate::documents::{Document, Order};
use crate::engines::{Engine, Reader, RowCache, missing};

impl Stored for Order {
    fn collection() -> &'static str {
        "orders"
    }

    fn id_kind() -> Option<IdKind> {
        Some(IdKind::Integer)
    }

    fn id_field() -> &'static str {
        "id"
    }

    fn document_id(&self) -> headwater_document::primitives::Result<Option<DocumentId>> {
        self.id.to_id().map(Some)
    }
}

pub(crate) struct Headwater {
    orders: DocumentStore<Order>,
}

impl Headwater {
    /// The row cache has the size of the blocks that the peers may cache.
    pub(crate) fn open(folder: &Path, cache: RowCache) -> Outcome<Self> {
        let cache_bytes = match cache {
            RowCache::On => super::CACHE_BYTES as usize,
            RowCache::Off => 0,
        };
        let namespace = Namespace::builder(folder).cache_bytes(cache_bytes).open()?;
        Ok(Self {
            orders: DocumentStore::open_default(&namespace)?,
        })
    }
}

impl Engine for Headwater {
    fn durable_commit(&self, document: &Document) -> Outcome<()> {
        self.orders.insert(&document.order).wait()?;
        Ok(())
    }

    fn bulk(&self, documents: &[Document]) -> Outcome<()> {
        self.orders.bulk_insert(documents.iter().map(|document| &document.order)).wait()?;
        Ok(())
    }

    fn reader(&self) -> Outcome<Box<dyn Reader + '_>> {
        Ok(Box::new(Gets(&self.orders)))
    }

    fn settle(&self) -> Outcome<()> {
        self.orders.namespace().merge_segments()?;
        Ok(())
    }
}

struct Gets<'a>(&'a DocumentStore<Order>);

impl Reader for Gets<'_> {
    fn get_each(&mut self, ids: &[u64], show: &mut dyn FnMut(&[u8])) -> Outcome<()> {
        for id in ids {
            let row = self.0.get_raw(id).wait()?.ok_or_else(|| missing(*id))?;
            show(&row.body);
        }
        Ok(())
    }
}
