//! A table's branches and tags, which iceberg keeps to itself but for its JSON.

use std::collections::HashMap;

use headwater_primitives::{Error, Result};
use iceberg::spec::{SnapshotReference, TableMetadata};
use serde::Deserialize;

#[derive(Deserialize)]
struct Refs {
    #[serde(default)]
    refs: HashMap<String, SnapshotReference>,
}

/// The branches and tags by name. Costs one serialization of the metadata.
pub(super) fn refs(metadata: &TableMetadata) -> Result<HashMap<String, SnapshotReference>> {
    let read = serde_json::to_value(metadata).and_then(serde_json::from_value::<Refs>);
    let refs = read.map_err(|error| {
        Error::corrupt(format!("metadata of table {}: {error}", metadata.uuid())).with_source(error)
    })?;
    Ok(refs.refs)
}
