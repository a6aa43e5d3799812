//! The ground that every part of Headwater stands on: the namespace.
#![doc = include_str!("../README.md")]

mod cache;
mod connection;
mod durability;
mod error;
mod ids;
mod namespace;
mod operation;
mod record_id;
mod segment;
mod sequence;
mod time;
mod writer;

pub mod fail;
pub mod filter;
pub mod jsonb;
pub mod key;
pub mod kv;

pub use cache::{CachedRow, ReadMark, RowBody, RowCache, RowKey, TableId};
pub use durability::Durability;
pub use error::{Error, ErrorKind, Result};
pub use ids::{IdSource, SeededIds, SystemIds, derived_id};
pub use namespace::{Namespace, NamespaceBuilder, Part, Snapshot, WeakNamespace};
pub use operation::{Answer, Commit, Pending, Read, Submit, block_on};
pub use record_id::{IdKind, RecordId, ToId};
pub use segment::{Codec, LogStats, Record, Segment, SegmentHeader, SegmentLog, Unit, varint};
pub use sequence::Sequence;
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
pub use writer::{Attributes, Scope, Transaction, WriteOptions};

/// The SQLite binding that [`Transaction::sql`] and [`Snapshot::sql`] speak.
pub use rusqlite;
