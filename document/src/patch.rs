//! JSON merge patch (RFC 7396) and JSON patch (RFC 6902).

use headwater_primitives::{Error, Result, jsonb};
use json_patch::Patch;
use serde_json::Value;

use crate::id::{DocumentId, ToId};

/// Reads a JSON patch.
///
/// # Errors
/// `InvalidInput` when it is not a list of RFC 6902 operations.
pub(crate) fn parse(patch: &Value) -> Result<Patch> {
    serde_json::from_value(patch.clone()).map_err(|error| {
        Error::invalid(format!("JSON patch: {error}; RFC 6902 wants a list of operations"))
            .with_source(error)
    })
}

/// Applies `patch` to the document in `body`; its id afterwards and its new body.
pub(crate) fn apply(
    body: &[u8],
    patch: &Patch,
    id_field: &str,
) -> Result<(Option<DocumentId>, Vec<u8>)> {
    let mut document: Value = jsonb::from_slice(body)?;
    patch_value(&mut document, patch)?;
    encode(&document, id_field)
}

/// Applies `patch` to `document`: all operations, or none and an error.
///
/// # Errors
/// `InvalidInput`, naming the operation that does not apply.
pub(crate) fn patch_value(document: &mut Value, patch: &Patch) -> Result<()> {
    json_patch::patch(document, patch).map_err(|error| {
        Error::invalid(format!("JSON patch, operation {}: {}", error.operation, error.kind))
    })
}

/// Merges `patch` into the document in `body`.
pub(crate) fn merge(
    body: &[u8],
    patch: &Value,
    id_field: &str,
) -> Result<(Option<DocumentId>, Vec<u8>)> {
    let mut document: Value = jsonb::from_slice(body)?;
    json_patch::merge(&mut document, patch);
    encode(&document, id_field)
}

fn encode(document: &Value, id_field: &str) -> Result<(Option<DocumentId>, Vec<u8>)> {
    let id = document.get(id_field).map(ToId::to_id).transpose()?;
    Ok((id, jsonb::to_vec(document)?))
}
