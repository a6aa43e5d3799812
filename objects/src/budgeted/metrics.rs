//! Counters of requests and bytes.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a store was asked for since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// Puts, parts, and beginnings, completions and abortions of uploads.
    pub writes: u64,
    /// Gets, heads, and calls for several ranges.
    pub reads: u64,
    /// Objects whose deletion was asked for.
    pub deletes: u64,
    /// Listings.
    pub lists: u64,
    /// Copies and renames.
    pub copies: u64,
    /// How many of all these ended with an error other than "not found".
    pub errors: u64,
    /// Bytes of puts and parts that succeeded.
    pub bytes_written: u64,
    /// Bytes of bodies and ranges that arrived.
    pub bytes_read: u64,
    /// Bytes in flight now, in whole KiB per request.
    pub bytes_in_flight: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) writes: AtomicU64,
    pub(super) reads: AtomicU64,
    pub(super) deletes: AtomicU64,
    pub(super) lists: AtomicU64,
    pub(super) copies: AtomicU64,
    pub(super) errors: AtomicU64,
    pub(super) bytes_written: AtomicU64,
    pub(super) bytes_read: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self, bytes_in_flight: u64) -> Metrics {
        Metrics {
            writes: self.writes.load(Relaxed),
            reads: self.reads.load(Relaxed),
            deletes: self.deletes.load(Relaxed),
            lists: self.lists.load(Relaxed),
            copies: self.copies.load(Relaxed),
            errors: self.errors.load(Relaxed),
            bytes_written: self.bytes_written.load(Relaxed),
            bytes_read: self.bytes_read.load(Relaxed),
            bytes_in_flight,
        }
    }

    /// Counts an error; passes the result on.
    pub(super) fn checked<T>(&self, result: object_store::Result<T>) -> object_store::Result<T> {
        if let Err(error) = &result
            && !matches!(error, object_store::Error::NotFound { .. })
        {
            add(&self.errors, 1);
        }
        result
    }
}

pub(super) fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Relaxed);
}
