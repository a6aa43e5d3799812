//! A document checked and encoded at the call, before anything is queued.

use headwater_primitives::jsonb::{self, Kind, View};
use headwater_primitives::{Error, ErrorKind, Result};
use serde_json::Value;

use crate::document::Document;
use crate::id::DocumentId;

/// The largest document, encoded.
pub const MAX_DOCUMENT_BYTES: usize = 16 << 20;

/// A document's id and body, ready to be written.
pub(crate) struct Encoded {
    /// `None`: generate one, and put it into the body.
    pub(crate) id: Option<DocumentId>,
    pub(crate) body: Vec<u8>,
}

impl Encoded {
    pub(crate) fn new<T: Document>(collection: &str, document: &T) -> Result<Self> {
        Self::checked(document).map_err(|error| error.context(format!("collection {collection:?}")))
    }

    fn checked<T: Document>(document: &T) -> Result<Self> {
        let id = document.document_id()?;
        let body = jsonb::to_vec(document)?;
        check_body(&body)?;
        Ok(Encoded { id, body })
    }
}

/// Refuses what is not a document: no object, or too large.
pub(crate) fn check_body(body: &[u8]) -> Result<()> {
    let kind = View::parse(body)?.kind();
    if kind != Kind::Object {
        return Err(Error::invalid(format!(
            "a document is a JSON object, and this is {}",
            kind_name(kind)
        )));
    }
    if body.len() > MAX_DOCUMENT_BYTES {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("a document of {} bytes; the limit is {MAX_DOCUMENT_BYTES}", body.len()),
        ));
    }
    Ok(())
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool => "a boolean",
        Kind::Integer | Kind::Float => "a number",
        Kind::Text => "a string",
        Kind::Array => "an array",
        Kind::Object => "an object",
    }
}

/// The body with `id` in the field `field`, for documents that came without one.
pub(crate) fn with_id(body: &[u8], field: &str, id: &DocumentId) -> Result<Vec<u8>> {
    let mut document: serde_json::Map<String, Value> = jsonb::from_slice(body)?;
    let id = match id {
        DocumentId::Integer(id) => Value::from(*id),
        DocumentId::Text(id) => Value::from(id.as_ref()),
    };
    document.insert(field.to_owned(), id);
    jsonb::to_vec(&document)
}
