//! The ids, versions and positions of a file's rows, without their documents.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, StringArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use headwater_primitives::{IdKind, RecordId, Result, Sequence};

use super::failure;
use super::reader::FileReader;
use super::scan::{Projection, Scan, ScanBatch};
use crate::schema::{ID, VERSION};

/// Keys of some rows of a file.
#[derive(Clone, Debug)]
pub struct KeyBatch {
    keys: Keys,
    versions: Int64Array,
    positions: Int64Array,
}

#[derive(Clone, Debug)]
pub(super) enum Keys {
    Integer(Int64Array),
    Text(StringArray),
}

impl Keys {
    /// The ids in an array, if it holds ids of this kind.
    pub(super) fn of(kind: IdKind, array: &ArrayRef) -> Option<Self> {
        match (kind, array.data_type()) {
            (IdKind::Integer, _) => array.as_primitive_opt().cloned().map(Keys::Integer),
            (IdKind::Text, DataType::Utf8) => array.as_string_opt().cloned().map(Keys::Text),
            (IdKind::Text, DataType::LargeUtf8 | DataType::Utf8View) => {
                Keys::of(kind, &cast(array, &DataType::Utf8).ok()?)
            }
            (IdKind::Text, _) => None,
        }
    }

    pub(super) fn get(&self, index: usize) -> RecordId {
        match self {
            Keys::Integer(keys) => RecordId::Integer(keys.value(index)),
            Keys::Text(keys) => RecordId::Text(keys.value(index).into()),
        }
    }

    pub(super) fn equals(&self, index: usize, key: &RecordId) -> bool {
        match (self, key) {
            (Keys::Integer(keys), RecordId::Integer(id)) => keys.value(index) == *id,
            (Keys::Text(keys), RecordId::Text(id)) => keys.value(index) == &**id,
            _ => false,
        }
    }
}

impl KeyBatch {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of the row at `index`.
    ///
    /// # Panics
    /// Like those below when there is no such row.
    pub fn key(&self, index: usize) -> RecordId {
        self.keys.get(index)
    }

    /// The version of the row at `index`.
    pub fn version(&self, index: usize) -> Sequence {
        Sequence(self.versions.value(index).cast_unsigned())
    }

    /// Where the row at `index` is in the file.
    pub fn position(&self, index: usize) -> u64 {
        self.positions.value(index).cast_unsigned()
    }

    fn of(batch: &ScanBatch, kind: IdKind) -> Option<Self> {
        let versions = batch.rows.column_by_name(VERSION)?.as_primitive_opt::<Int64Type>()?;
        Some(KeyBatch {
            keys: Keys::of(kind, batch.rows.column_by_name(ID)?)?,
            versions: versions.clone(),
            positions: batch.positions.clone(),
        })
    }
}

impl FileReader {
    /// Streams the keys of all rows that are not deleted, in the order of the file.
    ///
    /// # Errors
    /// Each batch may be `Corrupt`, or what the object store reports.
    pub fn keys(&self) -> Result<BoxStream<'static, Result<KeyBatch>>> {
        let system = self.schema.system();
        let projection = Projection::Fields(vec![system.id, system.version]);
        let scan = Scan { projection, ..Scan::default() };
        let (place, kind) = (Arc::clone(&self.place), self.schema.id_kind());
        let keys = self.scan(&scan)?.map(move |batch| {
            KeyBatch::of(&batch?, kind)
                .ok_or_else(|| failure::corrupt(&place.url, "no columns id and _version of ours"))
        });
        Ok(keys.boxed())
    }

    /// The positions of the rows with these ids and versions that the file has and that are not
    /// deleted: each with its place in `wanted`, which has to be sorted. Reads the keys of the whole
    /// file.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub async fn positions(&self, wanted: &[(RecordId, Sequence)]) -> Result<Vec<(usize, u64)>> {
        let mut found = Vec::new();
        let mut batches = self.keys()?;
        while let Some(keys) = batches.try_next().await? {
            for index in 0..keys.len() {
                let key = (keys.key(index), keys.version(index));
                if let Ok(place) = wanted.binary_search(&key) {
                    found.push((place, keys.position(index)));
                }
            }
        }
        Ok(found)
    }
}
