//! A dataset's columns: `row`, `generation`, `checksum` and `vector`.

use std::collections::HashMap;
use std::sync::Arc;

use headwater_primitives::{Error, Result};
use lance::deps::arrow_array::{
    Array, ArrayRef, FixedSizeListArray, Float32Array, Int64Array, RecordBatch, UInt32Array,
};
use lance::deps::arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

use super::super::Generation;

pub(super) const ROW: &str = "row";
pub(super) const GENERATION: &str = "generation";
pub(super) const CHECKSUM: &str = "checksum";
pub(super) const VECTOR: &str = "vector";
/// Where the schema's metadata has the mark of the store that the dataset belongs to.
pub(super) const MARK: &str = "headwater.mark";

/// The schema of a dataset marked with `mark`.
pub(super) fn schema(dimensions: usize, mark: &str) -> SchemaRef {
    let item = Arc::new(Field::new("item", DataType::Float32, true));
    let fields = vec![
        Field::new(ROW, DataType::Int64, false),
        Field::new(GENERATION, DataType::Int64, false),
        Field::new(CHECKSUM, DataType::UInt32, false),
        Field::new(VECTOR, DataType::FixedSizeList(item, dimensions as i32), false),
    ];
    let metadata = HashMap::from([(MARK.to_owned(), mark.to_owned())]);
    Arc::new(Schema::new_with_metadata(fields, metadata))
}

/// How many numbers a column of vectors has in each; 1 for another column.
pub(super) fn width(kind: &DataType) -> usize {
    match kind {
        DataType::FixedSizeList(_, width) => (*width as usize).max(1),
        _ => 1,
    }
}

/// The CRC-32C of an embedding as the hot tier stores it.
pub(super) fn checksum(vector: &[f32]) -> u32 {
    vector.iter().fold(0, |sum, number| crc32c::crc32c_append(sum, &number.to_le_bytes()))
}

/// Entries on their way into a dataset.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) rows: Vec<i64>,
    pub(super) generations: Vec<i64>,
    checksums: Vec<u32>,
    numbers: Vec<f32>,
}

impl Entries {
    pub(super) fn push(&mut self, row: i64, generation: Generation, vector: &[f32]) {
        self.rows.push(row);
        self.generations.push(generation.0);
        self.checksums.push(checksum(vector));
        self.numbers.extend_from_slice(vector);
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn into_batch(self, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
        let DataType::FixedSizeList(item, dimensions) = schema.field(3).data_type() else {
            return Err(ArrowError::SchemaError("the vectors' column is no list".into()));
        };
        let numbers: ArrayRef = Arc::new(Float32Array::from(self.numbers));
        let vectors = FixedSizeListArray::try_new(item.clone(), *dimensions, numbers, None)?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(self.rows)),
            Arc::new(Int64Array::from(self.generations)),
            Arc::new(UInt32Array::from(self.checksums)),
            Arc::new(vectors),
        ];
        RecordBatch::try_new(schema.clone(), columns)
    }
}

/// Entries as they come from a dataset.
pub(super) struct Found {
    rows: Int64Array,
    generations: Int64Array,
    checksums: Option<UInt32Array>,
    vectors: Option<(Float32Array, usize)>,
}

impl Found {
    /// Takes the columns that `batch` has.
    pub(super) fn of(batch: &RecordBatch) -> Result<Found> {
        let vectors = match batch.column_by_name(VECTOR) {
            None => None,
            Some(column) => {
                let list: &FixedSizeListArray = cast(column, VECTOR)?;
                let numbers: &Float32Array = cast(list.values(), VECTOR)?;
                let width = list.value_length() as usize;
                // A slice of a list keeps all of its numbers.
                let start = list.value_offset(0) as usize;
                Some((numbers.slice(start, list.len() * width), width))
            }
        };
        let column = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| {
                Error::corrupt(format!("the warm tier's dataset has no column {name:?}"))
            })
        };
        Ok(Found {
            rows: cast::<Int64Array>(column(ROW)?, ROW)?.clone(),
            generations: cast::<Int64Array>(column(GENERATION)?, GENERATION)?.clone(),
            checksums: match batch.column_by_name(CHECKSUM) {
                Some(column) => Some(cast::<UInt32Array>(column, CHECKSUM)?.clone()),
                None => None,
            },
            vectors,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn row(&self, at: usize) -> i64 {
        self.rows.value(at)
    }

    pub(super) fn generation(&self, at: usize) -> Generation {
        Generation(self.generations.value(at))
    }

    /// The numbers of an entry; none where the column was not asked for.
    pub(super) fn vector(&self, at: usize) -> &[f32] {
        match &self.vectors {
            Some((numbers, width)) => &numbers.values()[at * width..(at + 1) * width],
            None => &[],
        }
    }

    /// Whether the numbers are those that were written.
    pub(super) fn is_whole(&self, at: usize) -> bool {
        let written = self.checksums.as_ref().map(|checksums| checksums.value(at));
        written == Some(checksum(self.vector(at)))
    }
}

fn cast<'a, T: Array + 'static>(column: &'a ArrayRef, name: &str) -> Result<&'a T> {
    column.as_any().downcast_ref().ok_or_else(|| {
        Error::corrupt(format!(
            "column {name:?} of the warm tier's dataset is of type {}",
            column.data_type()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_from_a_part_of_a_batch() {
        let mut entries = Entries::default();
        for row in 0..4 {
            entries.push(row, Generation(row * 10), &[row as f32, 0.5]);
        }
        let batch = entries.into_batch(&schema(2, "m")).unwrap().slice(1, 2);
        let found = Found::of(&batch).unwrap();
        assert_eq!((found.len(), found.row(1), found.generation(1)), (2, 2, Generation(20)));
        assert_eq!(found.vector(0), [1.0, 0.5]);
        assert!(found.is_whole(0) && found.is_whole(1));
    }
}
