//! What is known of the values in a file, or in a part of it.

use std::collections::HashMap;

use iceberg::spec::{DataFile, Datum};

use super::bounds;
use super::reader::FileReader;
use crate::schema::LakeSchema;

/// What is known of some rows, by field id.
#[derive(Clone, Debug, Default)]
pub struct Extent {
    /// How many rows there are.
    pub rows: u64,
    /// What is known of each column. A column that is missing here is unknown.
    pub columns: HashMap<i32, ColumnExtent>,
}

/// What is known of one column.
#[derive(Clone, Debug, Default)]
pub struct ColumnExtent {
    /// How many rows have no value.
    pub nulls: Option<u64>,
    /// A value that none is below.
    pub lower: Option<Datum>,
    /// A value that none is above.
    pub upper: Option<Datum>,
}

impl Extent {
    /// What a manifest says of a file.
    ///
    /// Columns that the file was written without are unknown, since a manifest does not say which
    /// those are.
    pub fn of_data_file(file: &DataFile) -> Self {
        let columns = file.null_value_counts().iter().map(|(id, nulls)| {
            let lower = file.lower_bounds().get(id).cloned();
            let upper = file.upper_bounds().get(id).cloned();
            (*id, ColumnExtent { nulls: Some(*nulls), lower, upper })
        });
        Extent { rows: file.record_count(), columns: columns.collect() }
    }
}

impl FileReader {
    /// What the footer says of a row group. Columns that the file was written without have nulls
    /// only.
    ///
    /// # Panics
    /// When there is no such row group.
    pub fn extent(&self, group: usize) -> Extent {
        let group = self.metadata().row_group(group);
        let rows = group.num_rows().unsigned_abs();
        let column = |(field_id, ty): (i32, iceberg::spec::PrimitiveType)| {
            let Some(index) = self.column_index(field_id) else {
                let nulls = Some(rows);
                return (field_id, ColumnExtent { nulls, lower: None, upper: None });
            };
            let statistics = group.column(index).statistics();
            let extent = ColumnExtent {
                nulls: statistics.and_then(|statistics| statistics.null_count_opt()),
                lower: statistics.and_then(|statistics| bounds::lower(statistics, &ty)),
                upper: statistics.and_then(|statistics| bounds::upper(statistics, &ty)),
            };
            (field_id, extent)
        };
        Extent { rows, columns: typed_columns(&self.schema).map(column).collect() }
    }
}

fn typed_columns(
    schema: &LakeSchema,
) -> impl Iterator<Item = (i32, iceberg::spec::PrimitiveType)> + '_ {
    schema.stored_columns().into_iter().map(|column| (column.field_id, column.ty))
}
