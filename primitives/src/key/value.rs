//! What a key may be made of.

/// One element of a key.
///
/// Equality is that of Rust's types; the order of keys, in which `Int(1)` equals `Float(1.0)`, is
/// that of the encoded bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Sorts before everything else.
    Null,
    /// `false` sorts before `true`.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A number, meant for those above `i64::MAX`.
    Unsigned(u64),
    /// A number. NaN sorts after all others, and every NaN is the same.
    Float(f64),
    /// Bytes, in the order of their first difference.
    Bytes(Vec<u8>),
    /// Text, in the order of its UTF-8 bytes, which is that of its code points.
    Text(String),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// A nested key. One that is a prefix of another sorts first. At most 128 levels can be decoded.
    Tuple(Vec<Value>),
    /// A JSON object: compared field by field in the order of their names, whatever order they are
    /// given in.
    Object(Vec<(String, Value)>),
}

macro_rules! from_integers {
    ($($type:ty)*) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Value::Int(i64::from(value))
            }
        })*
    };
}

from_integers!(i8 i16 i32 i64 u8 u16 u32);

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Value::Unsigned(value), Value::Int)
    }
}

impl From<f32> for Value {
    fn from(value: f32) -> Self {
        Value::Float(f64::from(value))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Float(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Value::Null
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Value::Bytes(value.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Value::Bytes(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Self {
        Value::Tuple(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}
