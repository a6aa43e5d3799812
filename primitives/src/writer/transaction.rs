//! What one caller's work sees while the writer runs it.

use std::cell::RefCell;
use std::sync::Arc;

use rusqlite::Connection;
use uuid::Uuid;

use super::WriteOptions;
use crate::cache::{RowCache, RowKey, TableId};
use crate::error::Result;
use crate::ids::IdSource;
use crate::segment::{GroupLogs, SegmentLog};
use crate::sequence::Sequence;
use crate::time::Timestamp;

/// One caller's part of a commit group: all of it becomes durable, or none.
///
/// Handed to the closure of [`Namespace::transaction`](crate::Namespace::transaction). Stores take it
/// through their own `within(tx)`.
pub struct Transaction<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) logs: &'c RefCell<GroupLogs>,
    pub(crate) fences: &'c RefCell<Vec<u32>>,
    pub(crate) cache: &'c RowCache,
    pub(crate) ids: &'c Arc<dyn IdSource>,
    pub(crate) options: &'c WriteOptions,
    pub(crate) now: Timestamp,
}

impl Transaction<'_> {
    /// The write connection, for SQL of the caller's own. Transaction control, `ATTACH` and
    /// `PRAGMA` are denied; a deferred foreign key that does not hold at the end fails this caller
    /// only. Use `prepare_cached`.
    pub fn sql(&self) -> &Connection {
        self.connection
    }

    /// The commit's timestamp: the same for the whole group, and never before an earlier commit's.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id with the commit's time.
    pub fn new_id(&self) -> Uuid {
        self.ids.next(self.now)
    }

    /// What the caller said about this write.
    pub fn options(&self) -> &WriteOptions {
        self.options
    }

    /// The sequence that the next record appended to `log` will have.
    pub fn next_sequence(&self, log: &SegmentLog) -> Sequence {
        self.logs.borrow_mut().next(log)
    }

    /// Appends one record. It becomes visible with the commit and vanishes if this caller fails.
    ///
    /// # Errors
    /// `TooLarge` when the payload or the log's number range is exhausted; SQLite's errors when a
    /// large unit spills.
    pub fn append(&self, log: &SegmentLog, tag: &str, payload: &[u8]) -> Result<Sequence> {
        self.logs.borrow_mut().append(self.connection, log, tag, payload)
    }

    /// Says that the row `key` of `table` changes in this transaction, so that the row cache serves
    /// nothing older once it is committed.
    pub fn touch(&self, table: TableId, key: RowKey<'_>) {
        self.fences.borrow_mut().push(self.cache.slot(table, key));
    }
}
