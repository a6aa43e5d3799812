//! What a snapshot's manifests say, loaded once and kept.

mod cache;
mod file_set;

pub use cache::Manifests;
pub use file_set::{Bounds, FileSet, LiveFile};
