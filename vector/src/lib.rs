//! A vector store: embeddings, full text and metadata, searched alone or together.
#![doc = include_str!("../README.md")]

mod distance;
mod embedder;
mod metric;
mod options;
mod record;
mod row_set;

pub mod graph;

pub use embedder::Embedder;
pub use metric::Metric;
pub use options::VectorOptions;
pub use record::Embedded;
pub use row_set::RowSet;

pub use headwater_cdc as cdc;
pub use headwater_primitives as primitives;
