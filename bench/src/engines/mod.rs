//! The measured systems behind one trait, so that every case treats them alike.

mod entry_per_event;
mod fjall;
mod headwater;
mod key_value;
mod redb;
mod rusqlite;

use std::path::Path;

use crate::Outcome;
use crate::bench::Named;
use crate::documents::Document;
use crate::versions::locked;
use entry_per_event::EntryPerEvent;

/// Memory in which redb and fjall may cache blocks: more than the documents take, and more than
/// our own pages and rows together.
const CACHE_BYTES: u64 = 256 << 20;

/// A system that can be opened on a folder.
pub(crate) struct System {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    /// Opens or creates its database of documents.
    pub(crate) open: fn(&Path, RowCache) -> Outcome<Box<dyn Engine>>,
    /// Opens or creates a change log.
    pub(crate) open_change_log: fn(&Path) -> Outcome<Box<dyn ChangeLog>>,
}

impl System {
    /// Name and version, as the report wants them.
    pub(crate) fn label(&self) -> (&'static str, &str) {
        (self.name, &self.version)
    }
}

impl Named for System {
    fn name(&self) -> &'static str {
        self.name
    }
}

/// Whether a system that can answer from a cache of rows may do so; others have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowCache {
    On,
    Off,
}

/// A store of documents by id.
pub(crate) trait Engine: Send + Sync {
    /// Commits one new document; returns when a power cut could not take it back.
    fn durable_commit(&self, document: &Document) -> Outcome<()>;

    /// Inserts new documents in one durable transaction.
    fn bulk(&self, documents: &[Document]) -> Outcome<()>;

    /// A reader for one thread.
    fn reader(&self) -> Outcome<Box<dyn Reader + '_>>;

    /// Brings what was written into the state in which it will be read for long.
    fn settle(&self) -> Outcome<()>;
}

/// Reads documents on one thread.
pub(crate) trait Reader {
    /// Gets each document by itself, in this order, and shows its bytes.
    ///
    /// An id that is not there is an error.
    fn get_each(&mut self, ids: &[u64], show: &mut dyn FnMut(&[u8])) -> Outcome<()>;
}

/// A log of changes to documents.
pub(crate) trait ChangeLog: Send + Sync {
    /// Records that these documents were inserted by one durable transaction.
    fn record(&self, documents: &[Document]) -> Outcome<()>;

    /// Brings the log into the state in which it will be read for long.
    fn settle(&self) -> Outcome<()>;

    /// What the log takes on disk.
    fn bytes_on_disk(&self) -> Outcome<u64>;

    /// Reads from the first event on.
    fn subscribe(&self) -> Outcome<Box<dyn Subscriber + '_>>;
}

/// Reads a change log in order.
pub(crate) trait Subscriber {
    /// Reads a batch of events and returns how many there were; 0 when there is none yet.
    fn next_batch(&mut self, events: Events) -> Outcome<usize>;
}

/// What a subscriber does with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Events {
    /// Looks at its bytes.
    Undecoded,
    /// Turns it and the document in it into Rust values.
    Decoded,
}

fn missing(id: u64) -> String {
    format!("document {id} is not there")
}

/// All measured systems, in the order of the tables.
pub(crate) fn systems() -> Vec<System> {
    vec![
        System {
            name: "headwater",
            version: locked("headwater-document").to_owned(),
            open: |folder, cache| Ok(Box::new(headwater::Headwater::open(folder, cache)?)),
            open_change_log: |folder| Ok(Box::new(headwater::Log::open(folder)?)),
        },
        System {
            name: "rusqlite",
            version: format!("{} (SQLite {})", locked("rusqlite"), ::rusqlite::version()),
            open: |folder, _| Ok(Box::new(rusqlite::Rusqlite::open(folder)?)),
            open_change_log: |folder| {
                Ok(Box::new(EntryPerEvent::new(rusqlite::Rusqlite::open(folder)?)))
            },
        },
        System {
            name: "redb",
            version: locked("redb").to_owned(),
            open: |folder, _| Ok(Box::new(redb::Redb::open(folder)?)),
            open_change_log: |folder| Ok(Box::new(EntryPerEvent::new(redb::Redb::open(folder)?))),
        },
        System {
            name: "fjall",
            version: locked("fjall").to_owned(),
            open: |folder, _| Ok(Box::new(fjall::Fjall::open(folder)?)),
            open_change_log: |folder| Ok(Box::new(EntryPerEvent::new(fjall::Fjall::open(folder)?))),
        },
    ]
}
