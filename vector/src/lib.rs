//! A vector store: embeddings, full text and metadata, searched alone or together.
#![doc = include_str!("../README.md")]

mod metric;
mod options;
mod record;
#[allow(dead_code, unused_imports)]
mod text;

pub use metric::Metric;
pub use options::VectorOptions;
pub use record::Embedded;
pub use text::{Snippet, SnippetOptions, TextQuery};

pub use headwater_cdc as cdc;
pub use headwater_primitives as primitives;
