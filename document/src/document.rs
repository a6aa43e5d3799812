//! What a type needs to be stored as a document.

use headwater_primitives::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::id::{DocumentId, IdKind, ToId};

/// Whether two documents may have the same value under an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// No two documents; missing and null count as no value.
    Unique,
    /// As many as there are.
    Many,
}

/// An index that a type asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexSpec {
    /// The dotted path of the indexed value.
    pub path: &'static str,
    /// Whether the values are unique.
    pub uniqueness: Uniqueness,
}

/// A type whose values are documents. Derive it with `#[derive(Store)]` and `#[store(document)]`.
///
/// Implemented for [`serde_json::Value`], whose id is the field `id`.
pub trait Document: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the collection that the type is kept in by default.
    fn collection() -> &'static str;

    /// The kind of the type's ids; `None` when the first document decides.
    fn id_kind() -> Option<IdKind>;

    /// The JSON name of the field that holds the id.
    fn id_field() -> &'static str;

    /// The indexes to make when the collection is opened.
    fn indexes() -> &'static [IndexSpec] {
        &[]
    }

    /// This document's id; `None` to have one generated, which only untyped documents can.
    ///
    /// # Errors
    /// `InvalidInput` when the id cannot be one.
    fn document_id(&self) -> Result<Option<DocumentId>>;
}

impl Document for Value {
    fn collection() -> &'static str {
        "documents"
    }

    fn id_kind() -> Option<IdKind> {
        None
    }

    fn id_field() -> &'static str {
        "id"
    }

    fn document_id(&self) -> Result<Option<DocumentId>> {
        self.get("id").map(ToId::to_id).transpose()
    }
}
