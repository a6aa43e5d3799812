//! What a type needs to be stored as a row of a vector store.

use std::sync::Arc;

use headwater_primitives::{IdKind, RecordId, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::options::VectorOptions;

/// A type whose values are rows of a vector store. Derive it with `#[derive(Store)]` and
/// `#[store(vector, dim = 384)]`.
///
/// A row is an id, an embedding, a text and metadata; [`fields`](Self::fields) says where a value has
/// them in its JSON form. What is neither embedding nor text is metadata, which filters look at: of a
/// typed row that is the value's other fields, the id among them.
///
/// Implemented for [`Row`](crate::Row), whose metadata has a field of its own.
pub trait Embedded: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the store that the type is kept in by default.
    fn store_name() -> &'static str;

    /// What the store is made with when it is not there; `None` when it must be there already.
    fn options() -> Option<VectorOptions>;

    /// The kind of the type's ids; `None` when the first row decides.
    fn id_kind() -> Option<IdKind>;

    /// Where the type's JSON form has the parts of a row.
    fn fields() -> RowFields<&'static str>;

    /// This row's id; `None` to have one generated, which only untyped rows can.
    ///
    /// # Errors
    /// `InvalidInput` when the id cannot be one.
    fn record_id(&self) -> Result<Option<RecordId>>;

    /// This row's embedding, if it has one. In JSON it is an array of the same numbers.
    fn embedding(&self) -> Option<&[f32]>;

    /// This row's text, if it has one.
    fn text(&self) -> Option<&str>;
}

/// The names of the fields that hold the parts of a row in its JSON form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFields<S = Box<str>> {
    /// The id.
    pub id: S,
    /// The embedding, an array of numbers; left out of a row that has none.
    pub embedding: Option<S>,
    /// The text; left out of a row that has none.
    pub text: Option<S>,
    /// The metadata, an object; `None` when all other fields are the metadata.
    pub metadata: Option<S>,
}

impl RowFields<&'static str> {
    pub(crate) fn to_owned(self) -> RowFields {
        RowFields {
            id: self.id.into(),
            embedding: self.embedding.map(Into::into),
            text: self.text.map(Into::into),
            metadata: self.metadata.map(Into::into),
        }
    }
}

/// A field that can hold the embedding of a typed row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an embedding",
    label = "embeddings are `Vec<f32>`, `[f32; N]`, or an `Option` of one"
)]
pub trait AsEmbedding {
    /// The embedding, if there is one.
    fn as_embedding(&self) -> Option<&[f32]>;
}

impl AsEmbedding for [f32] {
    fn as_embedding(&self) -> Option<&[f32]> {
        Some(self)
    }
}

impl<const N: usize> AsEmbedding for [f32; N] {
    fn as_embedding(&self) -> Option<&[f32]> {
        Some(self)
    }
}

impl AsEmbedding for Vec<f32> {
    fn as_embedding(&self) -> Option<&[f32]> {
        Some(self)
    }
}

impl<T: AsEmbedding + ?Sized> AsEmbedding for Box<T> {
    fn as_embedding(&self) -> Option<&[f32]> {
        (**self).as_embedding()
    }
}

impl<T: AsEmbedding + ?Sized> AsEmbedding for Arc<T> {
    fn as_embedding(&self) -> Option<&[f32]> {
        (**self).as_embedding()
    }
}

impl<T: AsEmbedding> AsEmbedding for Option<T> {
    fn as_embedding(&self) -> Option<&[f32]> {
        self.as_ref().and_then(T::as_embedding)
    }
}

/// A field that can hold the text of a typed row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the text of a row",
    label = "texts are `String` or `Option<String>`"
)]
pub trait AsText {
    /// The text, if there is one.
    fn as_text(&self) -> Option<&str>;
}

impl AsText for str {
    fn as_text(&self) -> Option<&str> {
        Some(self)
    }
}

impl AsText for String {
    fn as_text(&self) -> Option<&str> {
        Some(self)
    }
}

impl<T: AsText + ?Sized> AsText for Box<T> {
    fn as_text(&self) -> Option<&str> {
        (**self).as_text()
    }
}

impl<T: AsText + ?Sized> AsText for Arc<T> {
    fn as_text(&self) -> Option<&str> {
        (**self).as_text()
    }
}

impl<T: AsText> AsText for Option<T> {
    fn as_text(&self) -> Option<&str> {
        self.as_ref().and_then(T::as_text)
    }
}
