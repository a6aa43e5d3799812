//! The JSON form of a row, from the columns that it is stored in.

use headwater_primitives::jsonb::{self, ObjectWriter, View};
use headwater_primitives::{RecordId, Result};

use crate::embedding::Embedding;
use crate::record::{Embedded, RowFields};
use crate::rows::StoredRow;
use crate::warm::not_fetched;

/// The JSONB of a row whose type has `fields`. The same parts give the same bytes.
pub(crate) fn image<S: AsRef<str>>(
    fields: &RowFields<S>,
    id: &RecordId,
    embedding: Option<&[u8]>,
    text: Option<&str>,
    metadata: &[u8],
) -> Result<Vec<u8>> {
    let parts = embedding.map_or(0, <[u8]>::len) + text.map_or(0, str::len) + metadata.len();
    let mut out = Vec::with_capacity(parts + 64);
    let mut object = ObjectWriter::new(&mut out);
    let metadata = View::parse(metadata)?;
    match &fields.metadata {
        None => object.fields_of(metadata),
        Some(_) => object.field(fields.id.as_ref(), id)?,
    }
    if let (Some(name), Some(embedding)) = (&fields.embedding, embedding) {
        object.encoded(name.as_ref(), embedding);
    }
    if let (Some(name), Some(text)) = (&fields.text, text) {
        object.field(name.as_ref(), text)?;
    }
    if let Some(name) = &fields.metadata
        && metadata.entries().next().is_some()
    {
        object.encoded(name.as_ref(), metadata.bytes());
    }
    object.finish();
    Ok(out)
}

impl StoredRow {
    /// The JSONB of this row as a store with `fields` shows it: without its embedding, where that is
    /// in the warm tier.
    pub(crate) fn image<S: AsRef<str>>(&self, fields: &RowFields<S>) -> Result<Vec<u8>> {
        let embedding = self.embedding.values().map(Embedding::of).transpose()?;
        self.image_with(fields, embedding.as_ref())
    }

    /// [`image`](Self::image) with the row's embedding encoded already.
    pub(crate) fn image_with<S: AsRef<str>>(
        &self,
        fields: &RowFields<S>,
        embedding: Option<&Embedding>,
    ) -> Result<Vec<u8>> {
        let embedding = embedding.map(|embedding| embedding.json.as_slice());
        image(fields, &self.id, embedding, self.text.as_deref(), &self.metadata)
    }

    /// Decodes this row into the user's type.
    ///
    /// # Errors
    /// `NotFetched` when its embedding is in the warm tier; `InvalidInput` when it does not fit.
    pub(crate) fn decode<T: Embedded>(&self) -> Result<T> {
        if self.embedding.is_elsewhere() {
            return Err(not_fetched(&self.id));
        }
        jsonb::from_slice(&self.image(&T::fields())?)
            .map_err(|error| error.context(format!("row {} does not fit its type", self.id)))
    }
}
