//! The values of one column, written back into documents.

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, Date32Array, Decimal128Array, Float32Array,
    Float64Array, Int32Array, Int64Array, PrimitiveArray, StringArray, TimestampMicrosecondArray,
};
use headwater_primitives::jsonb::{self, FieldName, ObjectWriter};
use headwater_primitives::{Error, Result};

use super::restore::is_restored_as_integer;
use super::{civil, decimal};
use crate::schema::{Column, ColumnType, Fraction, WholeNumbers};

/// A column of a batch.
#[derive(Debug)]
pub(super) struct Held {
    name: FieldName,
    whole: WholeNumbers,
    values: Values,
}

/// The array of a column, of its column's type.
#[derive(Debug)]
enum Values {
    Bool(BooleanArray),
    Int(Int32Array),
    Long(Int64Array),
    Float(Float32Array),
    Double(Float64Array),
    Decimal(Decimal128Array, u8),
    Date(Date32Array),
    Time(TimestampMicrosecondArray, Fraction),
    Text(StringArray),
    Json(StringArray),
}

impl Held {
    /// The field `name` in an array whose type is known to be the column's. Nothing if all values are null.
    pub(super) fn new(name: &str, column: &Column, array: &ArrayRef) -> Option<Self> {
        if array.null_count() == array.len() {
            return None;
        }
        let values = match column.ty() {
            ColumnType::Bool => Values::Bool(array.as_boolean().clone()),
            ColumnType::Int => Values::Int(primitive(array)),
            ColumnType::Long => Values::Long(primitive(array)),
            ColumnType::Float => Values::Float(primitive(array)),
            ColumnType::Double => Values::Double(primitive(array)),
            ColumnType::Decimal { scale, .. } => Values::Decimal(primitive(array), scale),
            ColumnType::Date => Values::Date(primitive(array)),
            ColumnType::Timestamptz(fraction) => Values::Time(primitive(array), fraction),
            ColumnType::String => Values::Text(array.as_string().clone()),
            ColumnType::Json => Values::Json(array.as_string().clone()),
        };
        Some(Held { name: FieldName::new(name), whole: column.whole(), values })
    }

    /// Writes the field, unless its value is null.
    pub(super) fn write(&self, index: usize, object: &mut ObjectWriter<'_>) -> Result<bool> {
        let name = &self.name;
        match &self.values {
            Values::Bool(array) if array.is_valid(index) => {
                object.named(name, &array.value(index))?
            }
            Values::Int(array) if array.is_valid(index) => {
                object.named(name, &array.value(index))?
            }
            Values::Long(array) if array.is_valid(index) => {
                object.named(name, &array.value(index))?
            }
            Values::Float(array) if array.is_valid(index) => {
                self.write_float(f64::from(array.value(index)), object)?
            }
            Values::Double(array) if array.is_valid(index) => {
                self.write_float(array.value(index), object)?
            }
            Values::Decimal(array, scale) if array.is_valid(index) => {
                let value = array.value(index);
                match self.whole == WholeNumbers::Integers && decimal::is_whole(value, *scale) {
                    true => object.named(name, &decimal::whole(value, *scale))?,
                    false => object.named(name, &decimal::to_f64(value, *scale))?,
                }
            }
            Values::Date(array) if array.is_valid(index) => {
                self.write_text(object, |out| civil::write_date(array.value(index), out))?
            }
            Values::Time(array, fraction) if array.is_valid(index) => {
                let micros = array.value(index);
                self.write_text(object, |out| civil::write_time(micros, *fraction, out))?
            }
            Values::Text(array) if array.is_valid(index) => {
                object.named(name, array.value(index))?
            }
            Values::Json(array) if array.is_valid(index) => {
                let value = jsonb::from_json_str(array.value(index))
                    .map_err(|error| Error::corrupt(format!("column {name}: {error}")))?;
                object.named_encoded(name, &value);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn write_float(&self, value: f64, object: &mut ObjectWriter<'_>) -> Result<()> {
        match is_restored_as_integer(value, self.whole) {
            true => object.named(&self.name, &(value as i64)),
            false => object.named(&self.name, &value),
        }
    }

    fn write_text(
        &self,
        object: &mut ObjectWriter<'_>,
        write: impl FnOnce(&mut String) -> Option<()>,
    ) -> Result<()> {
        let mut text = String::with_capacity(32);
        write(&mut text).ok_or_else(|| {
            let name = &self.name;
            Error::corrupt(format!("column {name} holds a time that no document of ours has"))
        })?;
        object.named(&self.name, text.as_str())
    }
}

fn primitive<T: ArrowPrimitiveType>(array: &ArrayRef) -> PrimitiveArray<T> {
    array.as_primitive::<T>().clone()
}
