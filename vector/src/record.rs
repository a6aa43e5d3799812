//! What a type needs to be stored as a row of a vector store.

use headwater_primitives::{IdKind, RecordId, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::options::VectorOptions;

/// A type whose values are rows of a vector store. Derive it with `#[derive(Store)]` and
/// `#[store(vector, dim = 384)]`.
///
/// A row is an id, an embedding, a text and metadata. The metadata of a typed row is the value itself
/// as JSON, without the fields of the embedding and the text.
pub trait Embedded: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the store that the type is kept in by default.
    fn store_name() -> &'static str;

    /// What the store is made with when it is not there.
    fn options() -> VectorOptions;

    /// The kind of the type's ids; `None` when the first row decides.
    fn id_kind() -> Option<IdKind>;

    /// The JSON name of the field that holds the id.
    fn id_field() -> &'static str;

    /// The JSON name of the field that holds the embedding.
    fn embedding_field() -> Option<&'static str>;

    /// The JSON name of the field that holds the text.
    fn text_field() -> Option<&'static str>;

    /// The JSON names of the fields that searches filter by: they are indexed.
    fn filter_fields() -> &'static [&'static str] {
        &[]
    }

    /// This row's id; `None` to have one generated, which only untyped rows can.
    ///
    /// # Errors
    /// `InvalidInput` when the id cannot be one.
    fn record_id(&self) -> Result<Option<RecordId>>;

    /// This row's embedding, if it has one.
    fn embedding(&self) -> Option<&[f32]>;

    /// This row's text, if it has one.
    fn text(&self) -> Option<&str>;
}
