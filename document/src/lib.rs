//! A document store: typed and untyped collections with indexes, filters and a change log.
#![doc = include_str!("../README.md")]

mod as_of;
mod bulk;
mod catalog;
mod cold;
mod collections;
mod document;
mod encoded;
mod find;
mod id;
mod index;
mod jsonpath;
mod patch;
mod read;
#[cfg(feature = "tiering")]
mod restore;
mod scan;
mod snapshot_rows;
mod store;
mod store_macro;
mod transaction;
mod ttl;
mod verify;
mod write;
mod written;

pub use as_of::DocumentsAsOf;
pub use catalog::prepare;
pub use collections::{CollectionInfo, collection_names, collections};
pub use document::{Document, IndexSpec, Uniqueness};
pub use encoded::MAX_DOCUMENT_BYTES;
pub use find::{Find, Order, Page, PageToken};
pub use id::{DocumentId, IdKind, ToId};
pub use index::{BuildProgress, IndexBuild, IndexInfo};
pub use jsonpath::JsonPath;
#[cfg(feature = "tiering")]
pub use restore::{Restored, restore};
pub use scan::{RawDocument, Scan, ScanPage, ScanPart};
pub use store::DocumentStore;
pub use transaction::DocumentTransaction;
pub use verify::verify;
pub use written::{BulkWritten, PutOptions, Versioned, Written};

/// `#[derive(Store)]` for document types.
pub use headwater_macros::Store;

pub use headwater_cdc as cdc;
pub use headwater_primitives as primitives;

/// What derived code names.
#[doc(hidden)]
pub mod __private {
    pub use headwater_primitives::Result;

    pub use crate::{Document, DocumentId, IdKind, IndexSpec, ToId, Uniqueness};
}
