//! Changes to one part of a row: what it is afterwards.

use headwater_primitives::{Result, jsonb};
use serde_json::Value;

use crate::embedding::Embedding;
use crate::encoded::{Encoded, check_metadata};
use crate::record::Embedded;
use crate::rows::StoredRow;
use crate::table::{Table, place};
use crate::warm::Generation;

/// The whole value, changed by `change`.
pub(crate) fn value<T: Embedded>(
    table: &Table,
    row: &StoredRow,
    change: impl FnOnce(&mut T),
) -> Result<Encoded> {
    let mut value: T = row.decode()?;
    change(&mut value);
    let mut after = Encoded::new(table, &value)?;
    if after.embedding.as_ref().is_some_and(|embedding| row.has(embedding)) {
        after.warm = row.embedding.generation();
    }
    Ok(after)
}

/// Another text.
pub(crate) fn text(table: &Table, row: &StoredRow, text: Option<&str>) -> Result<Encoded> {
    parts(table, row, Kept::of(row)?, text, row.metadata.clone())
}

/// Another embedding, which has been checked.
pub(crate) fn embedding(
    table: &Table,
    row: &StoredRow,
    embedding: Option<&[f32]>,
) -> Result<Encoded> {
    let embedding = embedding.map(Embedding::of).transpose()?;
    let other = Kept { embedding, warm: None };
    parts(table, row, other, row.text.as_deref(), row.metadata.clone())
}

/// Other metadata, an object.
pub(crate) fn metadata(table: &Table, row: &StoredRow, metadata: Vec<u8>) -> Result<Encoded> {
    parts(table, row, Kept::of(row)?, row.text.as_deref(), metadata)
}

/// The metadata merged with `patch`.
pub(crate) fn merged(table: &Table, row: &StoredRow, patch: &Value) -> Result<Encoded> {
    let mut merged: Value = jsonb::from_slice(&row.metadata)?;
    json_patch::merge(&mut merged, patch);
    let merged = encoded_metadata(&merged).map_err(|error| error.context(place(&table.name)))?;
    metadata(table, row, merged)
}

/// Metadata as it is stored.
pub(crate) fn encoded_metadata(metadata: &Value) -> Result<Vec<u8>> {
    let metadata = jsonb::to_vec(metadata)?;
    check_metadata(&metadata)?;
    Ok(metadata)
}

/// An embedding as a change leaves it: one that is in the warm tier stays there, and is not needed.
struct Kept {
    embedding: Option<Embedding>,
    warm: Option<Generation>,
}

impl Kept {
    fn of(row: &StoredRow) -> Result<Kept> {
        let embedding = row.embedding.values().map(Embedding::of).transpose()?;
        Ok(Kept { embedding, warm: row.embedding.generation() })
    }
}

fn parts(
    table: &Table,
    row: &StoredRow,
    kept: Kept,
    text: Option<&str>,
    metadata: Vec<u8>,
) -> Result<Encoded> {
    let encoded = Encoded::of_parts(table, Some(row.id.clone()), kept.embedding, text, metadata);
    let encoded = encoded.map_err(|error| error.context(place(&table.name)))?;
    Ok(Encoded { warm: kept.warm, ..encoded })
}
