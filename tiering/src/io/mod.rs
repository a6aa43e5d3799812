//! Iceberg's file access over any object store, below one root.

mod file;
mod registry;
mod root;
mod storage;

pub use root::LakeRoot;
pub use storage::LakeStorage;
