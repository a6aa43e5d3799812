//! The lake: old rows move to Parquet and Apache Iceberg, and stay readable where they are.
#![doc = include_str!("../README.md")]

mod catalog;
mod cold;
mod commit;
mod create;
mod error;
mod events;
pub mod files;
mod hand_off;
mod io;
mod job;
mod lost;
mod manifests;
mod options;
mod owner;
mod part;
mod place;
pub mod rows;
mod runtime;
mod schedule;
pub mod schema;
mod status;
mod table;
mod tier;
mod timeline;
mod tombstones;
mod upkeep;

pub use catalog::{CATALOG_NAME, RestCatalog, SqliteCatalog};
pub use cold::{ColdFile, ColdFiles, ColdView, CountedRows};
pub use commit::{
    Expiry, NewSnapshot, Orphan, Prepared, SchemaChange, Unreachable, expire, orphans,
};
pub use error::{from_iceberg, to_iceberg};
pub use events::{ArchiveEvents, EventsArchived};
pub use hand_off::{HandOff, HandOffProgress, HandedOff, Policy};
pub use io::{LakeRoot, LakeStorage};
pub use job::Cancel;
pub use lost::{LostLake, LostRow};
pub use manifests::{Bounds, FileSet, LiveFile, Manifests};
pub use options::LakeOptions;
pub use runtime::Later;
pub use schedule::{Schedule, ScheduleStatus};
pub use status::TableStatus;
pub use table::{FrozenRow, TieredTable, Versions};
pub use tier::Tier;
pub use timeline::Timeline;
pub use tombstones::tombstone;
pub use upkeep::{Cleaned, Cleaning, Compacted, Compaction, Expiration, Expired, UpkeepProgress};

pub use headwater_objects as objects;
pub use headwater_primitives as primitives;
pub use iceberg;
pub use object_store;
