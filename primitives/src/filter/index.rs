//! The entries that a document has in an index on a path.

use crate::error::Result;
use crate::filter::path::Path;
use crate::jsonb::{Kind, View};
use crate::key;

/// Appends the index entries of `document` at `path` to `out`: sorted, each once.
///
/// An entry is the order-preserving key of a value at the path. An array gives one entry for each
/// element and one for itself; a missing value gives none. Fails when the document is damaged.
pub fn index_entries(document: View<'_>, path: &Path, out: &mut Vec<Vec<u8>>) -> Result<()> {
    let mut entries = Vec::new();
    let mut failure = None;
    path.any(document, |value| match value.map(|value| append(value, &mut entries)) {
        Some(Err(error)) => {
            failure = Some(error);
            true
        }
        Some(Ok(())) | None => false,
    });
    if let Some(error) = failure {
        return Err(error.context(format_args!("index on {path}")));
    }
    entries.sort_unstable();
    entries.dedup();
    out.append(&mut entries);
    Ok(())
}

fn append(value: View<'_>, entries: &mut Vec<Vec<u8>>) -> Result<()> {
    entries.push(entry(value)?);
    if value.kind() == Kind::Array {
        for element in value.elements() {
            entries.push(entry(element)?);
        }
    }
    Ok(())
}

fn entry(value: View<'_>) -> Result<Vec<u8>> {
    let mut key = Vec::new();
    key::append_jsonb(&mut key, value)?;
    Ok(key)
}
