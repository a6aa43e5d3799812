//! What the builder compares with: any value that JSON can hold.

use std::borrow::Cow;

use serde_json::Value;

/// A value to compare with, made from Rust values with `into()`.
///
/// A float that is not finite has no JSON form: the filter built with it is refused by
/// [`Filter::check`](crate::filter::Filter::check) and matches nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand(pub(crate) Option<Value>);

impl From<Value> for Operand {
    fn from(value: Value) -> Self {
        Operand(Some(value))
    }
}

impl From<&Value> for Operand {
    fn from(value: &Value) -> Self {
        Operand(Some(value.clone()))
    }
}

impl From<f64> for Operand {
    fn from(float: f64) -> Self {
        Operand(float.is_finite().then(|| Value::from(float)))
    }
}

impl From<f32> for Operand {
    fn from(float: f32) -> Self {
        Operand::from(f64::from(float))
    }
}

impl From<&String> for Operand {
    fn from(text: &String) -> Self {
        Operand(Some(Value::from(text.as_str())))
    }
}

impl<T: Into<Operand>> From<Option<T>> for Operand {
    fn from(value: Option<T>) -> Self {
        value.map_or(Operand(Some(Value::Null)), Into::into)
    }
}

impl<T: Into<Operand>> From<Vec<T>> for Operand {
    fn from(items: Vec<T>) -> Self {
        Operand::list(items)
    }
}

impl<T: Into<Operand>, const N: usize> From<[T; N]> for Operand {
    fn from(items: [T; N]) -> Self {
        Operand::list(items)
    }
}

macro_rules! from_json {
    ($($type:ty)*) => {
        $(impl From<$type> for Operand {
            fn from(value: $type) -> Self {
                Operand(Some(Value::from(value)))
            }
        })*
    };
}

from_json!(bool i8 i16 i32 i64 isize u8 u16 u32 u64 usize &str String Cow<'_, str>);

impl Operand {
    /// An array of these.
    pub(crate) fn list<T: Into<Operand>>(items: impl IntoIterator<Item = T>) -> Self {
        Operand(items.into_iter().map(|item| item.into().0).collect())
    }
}
