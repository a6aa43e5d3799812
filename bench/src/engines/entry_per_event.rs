//! The change log that one would write on a key-value store: an entry of JSON per event.
//!
//! Only the events are written, not the documents: the peer has the easier task.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::documents::{Document, Order};
use crate::engines::key_value::{EntryReader, KeyValue};
use crate::engines::{ChangeLog, Events, Subscriber};

const BATCH: usize = 1000;

/// A change log with the event's sequence as the key.
pub(crate) struct EntryPerEvent<K> {
    entries: K,
    last: AtomicU64,
}

impl<K: KeyValue> EntryPerEvent<K> {
    /// Continues nothing: the store has to be empty.
    pub(crate) fn new(entries: K) -> Self {
        Self { entries, last: AtomicU64::new(0) }
    }
}

/// The fields that our own events have.
#[derive(Serialize, Deserialize)]
struct Event<O> {
    id: String,
    r#type: String,
    timestamp: String,
    ns: String,
    sequence: u64,
    transaction: Unit,
    op: String,
    store: String,
    table: String,
    key: u64,
    after: O,
}

#[derive(Serialize, Deserialize)]
struct Unit {
    id: u64,
    index: usize,
    total: usize,
}

fn encode(document: &Document, sequence: u64, transaction: Unit) -> Outcome<Vec<u8>> {
    Ok(serde_json::to_vec(&Event {
        id: format!("01936f2a-7c00-7000-8000-{sequence:012x}"),
        r#type: "cdc.insert".into(),
        timestamp: document.order.placed_at.clone(),
        ns: "bench".into(),
        sequence,
        transaction,
        op: "c".into(),
        store: "document".into(),
        table: "orders".into(),
        key: document.order.id,
        after: &document.order,
    })?)
}

impl<K: KeyValue> ChangeLog for EntryPerEvent<K> {
    fn record(&self, documents: &[Document]) -> Outcome<()> {
        let total = documents.len();
        let first = self.last.fetch_add(total as u64, Ordering::Relaxed) + 1;
        let mut events = Vec::with_capacity(total);
        for (index, document) in documents.iter().enumerate() {
            let sequence = first + index as u64;
            events.push((sequence, encode(document, sequence, Unit { id: first, index, total })?));
        }
        self.entries.write(&mut events.iter().map(|(key, event)| (*key, event.as_slice())))
    }

    fn settle(&self) -> Outcome<()> {
        self.entries.settle()
    }

    fn bytes_on_disk(&self) -> Outcome<u64> {
        self.entries.bytes_on_disk()
    }

    fn subscribe(&self) -> Outcome<Box<dyn Subscriber + '_>> {
        Ok(Box::new(Cursor { reader: self.entries.reader()?, last: 0, event: Vec::new() }))
    }
}

struct Cursor<'a> {
    reader: Box<dyn EntryReader + 'a>,
    last: u64,
    /// An event that is handed on outlives the page it was read from.
    event: Vec<u8>,
}

impl Subscriber for Cursor<'_> {
    fn next_batch(&mut self, events: Events) -> Outcome<usize> {
        let Self { reader, last, event } = self;
        let (from, mut count) = (*last, 0);
        reader.scan_after(from, BATCH, &mut |sequence, bytes| {
            event.clear();
            event.extend_from_slice(bytes);
            match events {
                Events::Undecoded => drop(black_box(event.as_slice())),
                Events::Decoded => drop(black_box(serde_json::from_slice::<Event<Order>>(event)?)),
            }
            (count, *last) = (count + 1, sequence);
            Ok(())
        })?;
        Ok(count)
    }
}
