//! What a document's id is: that of any row.

pub use headwater_primitives::{IdKind, RecordId as DocumentId, ToId};
