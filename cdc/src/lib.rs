//! The change log: every write of every store as an event, in commit order.
#![doc = include_str!("../README.md")]

mod archive;
mod batch;
mod change;
mod cursor;
mod envelope;
mod event;
mod filter;
mod follower;
mod json;
mod log;
mod moment;
mod position;
mod reader;
mod record;
mod retention;
mod schema;
mod snapshot;
mod subscription;
mod verify;

pub use archive::{Archive, ArchiveReader, Archived, NextArchived};
pub use batch::{Batch, BatchKind};
pub use change::{Change, EventKey, KeyRef, Op, Store};
pub use cursor::{Cursor, CursorInfo, Lag};
pub use envelope::{CloudEvent, Debezium};
pub use event::{EventTransaction, UnifiedEvent};
pub use filter::EventFilter;
pub use log::ChangeLog;
pub use moment::Moment;
pub use position::{Position, Start};
pub use retention::Retention;
pub use snapshot::{PageLimit, SnapshotRow, SnapshotRows};
pub use subscription::Subscription;
