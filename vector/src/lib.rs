//! A vector store: embeddings, full text and metadata, searched alone or together.
#![doc = include_str!("../README.md")]

mod metric;
mod options;
mod record;

pub mod quantize;

pub use metric::Metric;
pub use options::VectorOptions;
pub use quantize::Compression;
pub use record::Embedded;

pub use headwater_cdc as cdc;
pub use headwater_primitives as primitives;
