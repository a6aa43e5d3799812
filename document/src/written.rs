//! What writes take and what they return.

use std::time::Duration;

use headwater_primitives::{Sequence, Timestamp};
use serde::Serialize;

use crate::id::DocumentId;

/// A write as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The document's id, generated or given.
    pub id: DocumentId,
    /// The sequence of the write's event.
    pub sequence: Sequence,
    /// The document's version from now on: the sequence of the write that made it.
    pub version: Sequence,
}

/// A bulk insert as it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkWritten {
    /// How many documents.
    pub count: u64,
    /// The sequence of the first event. Each document has one, in their order, and one before it where
    /// it took the id of a document past its end, which is deleted first.
    pub first: Sequence,
    /// The sequence of the last event: that of the last document.
    pub last: Sequence,
}

/// What a write asks beside its document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutOptions {
    /// The version that the document must have now; another one is a `Conflict`.
    pub expected: Option<Sequence>,
    /// How long the document lives from the commit on.
    pub ttl: Option<Duration>,
    /// When the document ends; `ttl` wins when both are given.
    pub expires: Option<Timestamp>,
}

impl PutOptions {
    /// Only if the document has `version` now.
    #[must_use]
    pub fn expecting(version: Sequence) -> Self {
        PutOptions { expected: Some(version), ..PutOptions::default() }
    }

    /// Ends after `ttl`.
    #[must_use]
    pub fn ttl(ttl: Duration) -> Self {
        PutOptions { ttl: Some(ttl), ..PutOptions::default() }
    }

    pub(crate) fn end(&self, now: Timestamp) -> Option<Timestamp> {
        self.ttl.map(|ttl| now.after(ttl)).or(self.expires)
    }
}

/// A document with the version it was read at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The document's id.
    pub id: DocumentId,
    /// Its version, for optimistic concurrency.
    pub version: Sequence,
    /// The document.
    pub document: T,
}
