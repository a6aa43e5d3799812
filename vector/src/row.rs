//! A row of any shape.

use headwater_primitives::{IdKind, RecordId, Result, ToId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::options::VectorOptions;
use crate::record::{Embedded, RowFields};

/// A row of a store that no type describes. What it does not have is left out of its JSON form:
/// `{"id": 1, "embedding": [0.5, 1.0], "text": "…", "metadata": {"year": 1998}}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its id; `None` to have one generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RecordId>,
    /// Its embedding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Vec<f32>>,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What else is known of it, and what filters look at.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Embedded for Row {
    fn store_name() -> &'static str {
        "vectors"
    }

    /// Nothing is known of rows of any shape: a store for them is made by
    /// [`VectorStore::create`](crate::VectorStore::create).
    fn options() -> Option<VectorOptions> {
        None
    }

    fn id_kind() -> Option<IdKind> {
        None
    }

    fn fields() -> RowFields<&'static str> {
        RowFields {
            id: "id",
            embedding: Some("embedding"),
            text: Some("text"),
            metadata: Some("metadata"),
        }
    }

    fn record_id(&self) -> Result<Option<RecordId>> {
        self.id.as_ref().map(checked).transpose()
    }

    fn embedding(&self) -> Option<&[f32]> {
        self.embedding.as_deref()
    }

    fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

/// The id, unless it is too long.
fn checked(id: &RecordId) -> Result<RecordId> {
    match id {
        RecordId::Integer(id) => id.to_id(),
        RecordId::Text(id) => id.as_ref().to_id(),
    }
}
