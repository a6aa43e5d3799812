//! Headwater's own document store and change log.

use std::path::Path;

use headwater_document::cdc::{ChangeLog as Changes, EventFilter, Start, Subscription};
use headwater_document::primitives::Namespace;
use headwater_document::{Document as Stored, DocumentId, DocumentStore, IdKind, ToId};

use crate::Outcome;
use crate::documents::{Document, Order};
use crate::engines::{ChangeLog, Engine, Events, Reader, RowCache, Subscriber, missing};

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
        Ok(Self { orders: DocumentStore::open_default(&namespace)? })
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

/// The store's own change log: what the peers' logs are beside.
pub(crate) struct Log {
    store: Headwater,
    changes: Changes,
}

impl Log {
    pub(crate) fn open(folder: &Path) -> Outcome<Self> {
        let store = Headwater::open(folder, RowCache::Off)?;
        let changes = Changes::open(store.orders.namespace())?;
        Ok(Self { store, changes })
    }
}

impl ChangeLog for Log {
    fn record(&self, documents: &[Document]) -> Outcome<()> {
        self.store.bulk(documents)
    }

    fn settle(&self) -> Outcome<()> {
        self.store.settle()
    }

    fn bytes_on_disk(&self) -> Outcome<u64> {
        Ok(self.changes.stats().wait()?.bytes)
    }

    fn subscribe(&self) -> Outcome<Box<dyn Subscriber + '_>> {
        let subscription = self.changes.subscribe(Start::Beginning, EventFilter::all())?;
        Ok(Box::new(Follow(subscription)))
    }
}

struct Follow(Subscription);

impl Subscriber for Follow {
    fn next_batch(&mut self, events: Events) -> Outcome<usize> {
        let Some(batch) = self.0.try_next_batch()? else { return Ok(0) };
        let mut count = 0;
        match events {
            Events::Undecoded => {
                for record in batch.records() {
                    std::hint::black_box(record?.payload);
                    count += 1;
                }
            }
            Events::Decoded => {
                for event in batch.events() {
                    let event = event?;
                    std::hint::black_box(event.after::<Order>()?);
                    count += 1;
                }
            }
        }
        Ok(count)
    }
}
