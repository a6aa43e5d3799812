//! What the manifests say of files, as DataFusion prunes by it.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, UInt64Array};
use arrow_schema::{DataType, FieldRef, SchemaRef, TimeUnit};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, ScalarValue};
use headwater_tiering::ColdFile;
use headwater_tiering::files::ColumnExtent;
use headwater_tiering::iceberg::spec::{Datum, PrimitiveLiteral};
use headwater_tiering::schema::{ID, LakeSchema, VERSION, WRITTEN};

/// The bounds of files, by column.
pub(super) struct FileBounds<'a> {
    files: Vec<&'a ColdFile>,
    lake: &'a LakeSchema,
    schema: &'a SchemaRef,
}

impl<'a> FileBounds<'a> {
    pub(super) fn new(
        files: Vec<&'a ColdFile>,
        lake: &'a LakeSchema,
        schema: &'a SchemaRef,
    ) -> FileBounds<'a> {
        FileBounds { files, lake, schema }
    }

    /// What all these files together have in each column, as far as the bounds of all of them say. Joins are
    /// put in order by it.
    pub(super) fn columns(&self) -> Vec<ColumnStatistics> {
        let of = |field: &FieldRef| {
            let column = Column::from_name(field.name());
            let nulls = self.extents(&column).and_then(|mut extents| {
                extents.try_fold(0, |sum, extent| Some(sum + extent?.nulls?))
            });
            let lower = self.extreme(&column, |extent| extent.lower.as_ref(), Ordering::Less);
            let upper = self.extreme(&column, |extent| extent.upper.as_ref(), Ordering::Greater);
            ColumnStatistics {
                null_count: inexact(nulls.map(|nulls| nulls as usize)),
                min_value: inexact(lower),
                max_value: inexact(upper),
                ..ColumnStatistics::new_unknown()
            }
        };
        self.schema.fields().iter().map(of).collect()
    }

    /// The bound of a column that compares as `wanted` with those of all other files; `None` when one is
    /// not known.
    fn extreme(
        &self,
        column: &Column,
        bound: impl Fn(&ColumnExtent) -> Option<&Datum>,
        wanted: Ordering,
    ) -> Option<ScalarValue> {
        let ty = self.schema.field_with_name(&column.name).ok()?.data_type();
        let mut found: Option<ScalarValue> = None;
        for extent in self.extents(column)? {
            let value = scalar(bound(extent?)?, ty)?;
            if found.as_ref().is_none_or(|found| value.partial_cmp(found) == Some(wanted)) {
                found = Some(value);
            }
        }
        found
    }

    fn field_id(&self, name: &str) -> Option<i32> {
        let system = self.lake.system();
        match name {
            ID => Some(system.id),
            VERSION => Some(system.version),
            WRITTEN => Some(system.written),
            _ => {
                let columns = self.lake.columns();
                columns.iter().find(|column| column.name() == name).map(|own| own.field_id())
            }
        }
    }

    fn extents(&self, column: &Column) -> Option<impl Iterator<Item = Option<&'a ColumnExtent>>> {
        let field = self.field_id(&column.name)?;
        Some(self.files.iter().map(move |file| file.extent.columns.get(&field)))
    }

    fn values(
        &self,
        column: &Column,
        bound: impl Fn(&ColumnExtent) -> Option<&Datum>,
    ) -> Option<ArrayRef> {
        let ty = self.schema.field_with_name(&column.name).ok()?.data_type();
        let unknown = ScalarValue::try_from(ty).ok()?;
        let values = self.extents(column)?.map(|extent| {
            let value = extent.and_then(&bound).and_then(|datum| scalar(datum, ty));
            value.unwrap_or_else(|| unknown.clone())
        });
        ScalarValue::iter_to_array(values).ok()
    }
}

impl PruningStatistics for FileBounds<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |extent| extent.lower.as_ref())
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |extent| extent.upper.as_ref())
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let nulls = self.extents(column)?.map(|extent| extent.and_then(|extent| extent.nulls));
        Some(Arc::new(nulls.collect::<UInt64Array>()))
    }

    fn row_counts(&self, _: &Column) -> Option<ArrayRef> {
        let rows = self.files.iter().map(|file| Some(file.extent.rows));
        Some(Arc::new(rows.collect::<UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// Rows of the files may not count, so nothing is exact.
fn inexact<T: Clone + Debug + Eq + PartialOrd>(value: Option<T>) -> Precision<T> {
    value.map_or(Precision::Absent, Precision::Inexact)
}

/// A bound as a value of the column, which may have a wider type than the file's had.
fn scalar(datum: &Datum, ty: &DataType) -> Option<ScalarValue> {
    Some(match (datum.literal(), ty) {
        (PrimitiveLiteral::Boolean(value), DataType::Boolean) => ScalarValue::Boolean(Some(*value)),
        (PrimitiveLiteral::Int(value), DataType::Int32) => ScalarValue::Int32(Some(*value)),
        (PrimitiveLiteral::Int(value), DataType::Int64) => {
            ScalarValue::Int64(Some(i64::from(*value)))
        }
        (PrimitiveLiteral::Int(days), DataType::Date32) => ScalarValue::Date32(Some(*days)),
        (PrimitiveLiteral::Long(value), DataType::Int64) => ScalarValue::Int64(Some(*value)),
        (PrimitiveLiteral::Long(micros), DataType::Timestamp(TimeUnit::Microsecond, zone)) => {
            ScalarValue::TimestampMicrosecond(Some(*micros), zone.clone())
        }
        (PrimitiveLiteral::Float(value), DataType::Float32) => ScalarValue::Float32(Some(value.0)),
        (PrimitiveLiteral::Float(value), DataType::Float64) => {
            ScalarValue::Float64(Some(value.0.into()))
        }
        (PrimitiveLiteral::Double(value), DataType::Float64) => ScalarValue::Float64(Some(value.0)),
        (PrimitiveLiteral::Int128(unscaled), DataType::Decimal128(precision, scale)) => {
            ScalarValue::Decimal128(Some(*unscaled), *precision, *scale)
        }
        (PrimitiveLiteral::String(text), DataType::Utf8) => ScalarValue::Utf8(Some(text.clone())),
        _ => return None,
    })
}
