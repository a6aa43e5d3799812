//! What Iceberg's manifests say of a data file, from the footer that was just written.

use std::collections::HashMap;

use iceberg::spec::{
    DataContentType, DataFileBuilder, DataFileFormat, Datum, Literal, PrimitiveType, Struct,
};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

use super::bounds;
use crate::schema::LakeSchema;

/// The sort order's id: that of a new table of ours.
const SORT_ORDER: i32 = 1;

/// The partition of rows that were committed on `day`.
pub(super) fn partition(day: i32) -> Struct {
    Struct::from_iter([Some(Literal::date(day))])
}

/// All about a data file but its partition.
pub(super) fn data_file(
    schema: &LakeSchema,
    metadata: &ParquetMetaData,
    url: &str,
    bytes: u64,
) -> DataFileBuilder {
    let columns = columns(schema, metadata);
    let mut builder = DataFileBuilder::default();
    builder
        .content(DataContentType::Data)
        .file_path(url.to_owned())
        .file_format(DataFileFormat::Parquet)
        .record_count(metadata.file_metadata().num_rows().unsigned_abs())
        .file_size_in_bytes(bytes)
        .column_sizes(each(&columns, |column| Some(column.size)))
        .value_counts(each(&columns, |column| Some(column.values)))
        .null_value_counts(each(&columns, |column| column.nulls))
        // JSON has no NaN.
        .nan_value_counts(each(&columns, |column| column.is_floating().then_some(0)))
        .lower_bounds(each(&columns, |column| column.lower.clone().known()))
        .upper_bounds(each(&columns, |column| column.upper.clone().known()))
        .split_offsets(Some(split_offsets(metadata)))
        .sort_order_id(SORT_ORDER);
    builder
}

/// Where each row group starts.
pub(super) fn split_offsets(metadata: &ParquetMetaData) -> Vec<i64> {
    let start = |columns: &[ColumnChunkMetaData]| {
        columns.iter().map(|column| column.byte_range().0).min().unwrap_or_default()
    };
    metadata
        .row_groups()
        .iter()
        .map(|group| i64::try_from(start(group.columns())).unwrap_or(i64::MAX))
        .collect()
}

/// One column over all row groups.
struct Described {
    field_id: i32,
    ty: PrimitiveType,
    has_bounds: bool,
    is_id: bool,
    size: u64,
    values: u64,
    nulls: Option<u64>,
    lower: Bound,
    upper: Bound,
}

/// A bound of the row groups so far.
#[derive(Clone)]
enum Bound {
    /// All values were null.
    Nothing,
    Of(Datum),
    /// Some row group did not say.
    Unknown,
}

impl Bound {
    fn known(self) -> Option<Datum> {
        match self {
            Bound::Of(datum) => Some(datum),
            Bound::Nothing | Bound::Unknown => None,
        }
    }

    /// The outer one of both: `new` if it `is_further`.
    fn widen(&mut self, new: Option<Datum>, is_further: impl Fn(&Datum, &Datum) -> bool) {
        let Some(new) = new else {
            *self = Bound::Unknown;
            return;
        };
        match self {
            Bound::Nothing => *self = Bound::Of(new),
            Bound::Of(old) if is_further(&new, old) => *self = Bound::Of(new),
            Bound::Of(_) | Bound::Unknown => {}
        }
    }
}

fn each<T>(columns: &[Described], of: impl Fn(&Described) -> Option<T>) -> HashMap<i32, T> {
    columns.iter().filter_map(|column| Some((column.field_id, of(column)?))).collect()
}

fn columns(schema: &LakeSchema, metadata: &ParquetMetaData) -> Vec<Described> {
    schema
        .stored_columns()
        .into_iter()
        .enumerate()
        .map(|(index, column)| {
            let mut described = Described {
                is_id: column.field_id == schema.system().id,
                field_id: column.field_id,
                ty: column.ty,
                has_bounds: column.has_order,
                size: 0,
                values: 0,
                nulls: Some(0),
                lower: Bound::Nothing,
                upper: Bound::Nothing,
            };
            // The file was written with these columns in this order.
            for group in metadata.row_groups() {
                described.add(group.column(index));
            }
            described
        })
        .collect()
}

impl Described {
    fn is_floating(&self) -> bool {
        matches!(self.ty, PrimitiveType::Float | PrimitiveType::Double)
    }

    fn add(&mut self, chunk: &ColumnChunkMetaData) {
        let values = chunk.num_values().unsigned_abs();
        let nulls = chunk.statistics().and_then(|statistics| statistics.null_count_opt());
        self.size += chunk.compressed_size().unsigned_abs();
        self.values += values;
        self.nulls = self.nulls.zip(nulls).map(|(all, new)| all + new);
        if !self.has_bounds || nulls == Some(values) {
            return;
        }
        let statistics = chunk.statistics();
        let lower = statistics.and_then(|statistics| bounds::lower(statistics, &self.ty));
        let upper = statistics.and_then(|statistics| bounds::upper(statistics, &self.ty));
        let (lower, upper) = match self.is_id {
            true => (lower, upper),
            false => (lower.map(bounds::shorten_lower), upper.and_then(bounds::shorten_upper)),
        };
        self.lower.widen(lower, |new, old| new < old);
        self.upper.widen(upper, |new, old| new > old);
    }
}
