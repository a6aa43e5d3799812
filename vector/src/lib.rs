//! A vector store: embeddings, full text and metadata, searched alone or together.
#![doc = include_str!("../README.md")]

mod bulk;
mod catalog;
mod change;
mod distance;
mod embedder;
mod embedding;
mod encoded;
mod filters;
mod image;
mod index;
mod load;
mod metric;
mod options;
mod read;
mod record;
mod row;
mod row_set;
mod rows;
mod scan;
mod search;
mod snapshot_rows;
mod store;
mod store_macro;
mod stores;
mod table;
mod text;
mod transaction;
mod verify;
mod warm;
mod write;
mod written;

pub mod ann;
pub mod graph;
pub mod quantize;

pub use catalog::prepare;
pub use embedder::Embedder;
pub use encoded::MAX_ROW_BYTES;
pub use index::{IndexStats, RebuildProgress, rebuild};
pub use load::LoadProgress;
pub use metric::Metric;
pub use options::{MAX_DIMENSIONS, VectorOptions};
pub use quantize::Compression;
pub use record::{AsEmbedding, AsText, Embedded, RowFields};
pub use row::Row;
pub use row_set::RowSet;
pub use scan::{Scan, ScanPage, ScannedRow, store_names};
pub use search::{Explain, Found, Fusion, Search, SearchHit, Side};
pub use store::VectorStore;
pub use stores::{StoreInfo, stores};
pub use text::{Snippet, SnippetOptions, TextQuery};
pub use transaction::VectorTransaction;
pub use verify::verify;
#[cfg(feature = "lance")]
pub use warm::{Demote, DemoteProgress, DemoteReport, WarmTier};
pub use written::{BulkWritten, PutOptions, Versioned, Written};

pub use headwater_primitives::{IdKind, RecordId, ToId};

/// `#[derive(Store)]` for types whose values are rows.
pub use headwater_macros::Store;

pub use headwater_cdc as cdc;
pub use headwater_primitives as primitives;

/// What derived code names.
#[doc(hidden)]
pub mod __private {
    pub use headwater_primitives::{IdKind, RecordId, Result, ToId};

    pub use crate::{AsEmbedding, AsText, Embedded, Metric, RowFields, VectorOptions};
}
