//! What the first rows of a file tell about how to encode its columns.

use std::collections::HashSet;
use std::hash::Hash;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};

/// How a column is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// With a dictionary: values recur.
    Dictionary,
    /// As differences of integers.
    Deltas,
    /// As they are.
    Plain,
}

/// The coding for a column that begins with these values.
///
/// A dictionary of values that hardly recur costs their numbers on top of them, in bytes and in every
/// read of a row.
pub(super) fn coding(array: &ArrayRef) -> Coding {
    match array.data_type() {
        DataType::Int32 => integers::<Int32Type>(array),
        DataType::Int64 => integers::<Int64Type>(array),
        DataType::Date32 => integers::<Date32Type>(array),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            integers::<TimestampMicrosecondType>(array)
        }
        // Up to this precision Parquet stores integers.
        DataType::Decimal128(..=18, _) => integers::<Decimal128Type>(array),
        DataType::Float32 => {
            others(array, array.as_primitive::<Float32Type>().iter().flatten().map(f32::to_bits))
        }
        DataType::Float64 => {
            others(array, array.as_primitive::<Float64Type>().iter().flatten().map(f64::to_bits))
        }
        DataType::Utf8 => others(array, array.as_string::<i32>().iter().flatten()),
        _ => Coding::Dictionary,
    }
}

fn integers<T: ArrowPrimitiveType<Native: Hash + Eq>>(array: &ArrayRef) -> Coding {
    let values = array.as_primitive::<T>();
    let is_sorted = values.iter().flatten().is_sorted();
    match is_sorted || is_mostly_distinct(array, values.iter().flatten()) {
        true => Coding::Deltas,
        false => Coding::Dictionary,
    }
}

fn others<T: Hash + Eq>(array: &ArrayRef, values: impl Iterator<Item = T>) -> Coding {
    match is_mostly_distinct(array, values) {
        true => Coding::Plain,
        false => Coding::Dictionary,
    }
}

fn is_mostly_distinct<T: Hash + Eq>(array: &ArrayRef, values: impl Iterator<Item = T>) -> bool {
    let count = array.len() - array.null_count();
    values.collect::<HashSet<_>>().len() * 2 > count
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Decimal128Array, Float64Array, Int64Array, StringArray};

    use super::*;

    #[test]
    fn values_that_recur_get_a_dictionary_and_others_none() {
        let mixed = |n: i64| n * 7919 % 1000;
        let longs = |of: &dyn Fn(i64) -> i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values((0..1000).map(of)))
        };
        assert_eq!(coding(&longs(&mixed)), Coding::Deltas);
        assert_eq!(coding(&longs(&|n| n / 4)), Coding::Deltas);
        assert_eq!(coding(&longs(&|n| mixed(n) % 50)), Coding::Dictionary);
        let floats = |below: i64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values((0..1000).map(|n| (mixed(n) % below) as f64)))
        };
        assert_eq!(coding(&floats(1000)), Coding::Plain);
        assert_eq!(coding(&floats(50)), Coding::Dictionary);
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("a"), None]));
        assert_eq!(coding(&texts), Coding::Dictionary);
        let wide = Decimal128Array::from(vec![1, 3, 2]).with_precision_and_scale(30, 2).unwrap();
        assert_eq!(coding(&(Arc::new(wide) as ArrayRef)), Coding::Dictionary);
    }
}
