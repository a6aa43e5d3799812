//! The values of one column, written back into documents.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use headwater_primitives::jsonb::{self, ObjectWriter};
use headwater_primitives::{Error, Result};

use super::restore::is_restored_as_integer;
use super::{civil, decimal};
use crate::schema::{Column, ColumnType, WholeNumbers};

/// A column's array, whose type is known to be the column's.
#[derive(Debug)]
pub(super) struct Held {
    array: ArrayRef,
    ty: ColumnType,
    whole: WholeNumbers,
}

impl Held {
    /// Nothing if all values are null.
    pub(super) fn new(column: &Column, array: &ArrayRef) -> Option<Self> {
        let has_values = array.null_count() < array.len();
        let (ty, whole) = (column.ty(), column.whole());
        has_values.then(|| Held { array: Arc::clone(array), ty, whole })
    }

    /// Writes the field, unless its value is null.
    pub(super) fn write(
        &self,
        name: &str,
        index: usize,
        object: &mut ObjectWriter<'_>,
    ) -> Result<bool> {
        let array = self.array.as_ref();
        if array.is_null(index) {
            return Ok(false);
        }
        match self.ty {
            ColumnType::Bool => object.field(name, &array.as_boolean().value(index))?,
            ColumnType::Int => {
                object.field(name, &array.as_primitive::<Int32Type>().value(index))?
            }
            ColumnType::Long => {
                object.field(name, &array.as_primitive::<Int64Type>().value(index))?;
            }
            ColumnType::Float => {
                let value = f64::from(array.as_primitive::<Float32Type>().value(index));
                write_float(name, value, self.whole, object)?;
            }
            ColumnType::Double => {
                let value = array.as_primitive::<Float64Type>().value(index);
                write_float(name, value, self.whole, object)?;
            }
            ColumnType::Decimal { scale, .. } => {
                let value = array.as_primitive::<Decimal128Type>().value(index);
                match self.whole == WholeNumbers::Integers && decimal::is_whole(value, scale) {
                    true => object.field(name, &decimal::whole(value, scale))?,
                    false => object.field(name, &decimal::to_f64(value, scale))?,
                }
            }
            ColumnType::Date => {
                let days = array.as_primitive::<Date32Type>().value(index);
                write_text(name, object, |out| civil::write_date(days, out))?;
            }
            ColumnType::Timestamptz(fraction) => {
                let micros = array.as_primitive::<TimestampMicrosecondType>().value(index);
                write_text(name, object, |out| civil::write_time(micros, fraction, out))?;
            }
            ColumnType::String => object.field(name, array.as_string::<i32>().value(index))?,
            ColumnType::Json => {
                let text = array.as_string::<i32>().value(index);
                let value = jsonb::from_json_str(text)
                    .map_err(|error| Error::corrupt(format!("column {name:?}: {error}")))?;
                object.encoded(name, &value);
            }
        }
        Ok(true)
    }
}

fn write_float(
    name: &str,
    value: f64,
    whole: WholeNumbers,
    object: &mut ObjectWriter<'_>,
) -> Result<()> {
    match is_restored_as_integer(value, whole) {
        true => object.field(name, &(value as i64)),
        false => object.field(name, &value),
    }
}

fn write_text(
    name: &str,
    object: &mut ObjectWriter<'_>,
    write: impl FnOnce(&mut String) -> Option<()>,
) -> Result<()> {
    let mut text = String::with_capacity(32);
    write(&mut text).ok_or_else(|| {
        Error::corrupt(format!("column {name:?} holds a time that no document of ours has"))
    })?;
    object.field(name, text.as_str())
}
