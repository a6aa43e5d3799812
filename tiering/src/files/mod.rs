//! Parquet files of the lake: written once, read by key or as a whole.

mod batch;
mod bounds;
mod cache;
mod deletes;
mod describe;
mod extent;
mod failure;
mod hash;
mod keys;
mod lookup;
mod names;
mod options;
mod parquet_properties;
mod pruner;
mod reader;
mod sample;
mod scan;
mod selection;
mod stored;
mod writer;

#[cfg(test)]
mod pruning;
#[cfg(test)]
mod tests;

pub(crate) use batch::FileRow;
pub use cache::FooterCache;
pub use deletes::{PositionDeleteWriter, WrittenDeletes, read_position_deletes};
pub use extent::{ColumnExtent, Extent};
pub use hash::{ContentHash, ContentHasher};
pub use keys::KeyBatch;
pub use names::{FileNames, FilePlace};
pub use options::FileOptions;
pub use pruner::Pruner;
pub use reader::FileReader;
pub use scan::{Projection, Scan, ScanBatch};
pub use writer::{FileWriter, WrittenFile};
