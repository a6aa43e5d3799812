//! What writes take and what they return.

use headwater_primitives::{RecordId, Sequence};
use serde::Serialize;

/// A write as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The row's id, generated or given.
    pub id: RecordId,
    /// The sequence of the write's event.
    pub sequence: Sequence,
    /// The row's version from now on: the sequence of the write that made it.
    pub version: Sequence,
}

/// A bulk insert as it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkWritten {
    /// How many rows.
    pub count: u64,
    /// The sequence of the first row's event; those of the others follow without a gap.
    pub first: Sequence,
    /// The sequence of the last row's event.
    pub last: Sequence,
}

/// What a write asks beside its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutOptions {
    /// The version that the row must have now; another one is a `Conflict`.
    pub expected: Option<Sequence>,
}

impl PutOptions {
    /// Only if the row has `version` now.
    #[must_use]
    pub fn expecting(version: Sequence) -> Self {
        PutOptions { expected: Some(version) }
    }
}

/// A row with the version it was read at.
#[derive(Clone, Debug, PartialEq)]
pub struct Versioned<T> {
    /// The row's id.
    pub id: RecordId,
    /// Its version, for optimistic concurrency.
    pub version: Sequence,
    /// The row.
    pub row: T,
}
