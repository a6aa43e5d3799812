//! SQLite's JSONB, written from and read into serde types without JSON text in between.
//!
//! The bytes are those of <https://sqlite.org/jsonb.html>: every value is an element, a header with
//! the type and the size followed by that many bytes. Headers are as short as they can be, so the
//! same document gives the same bytes as SQLite's own `jsonb()`, except that text which JSON would
//! have to escape is stored unescaped (TEXTRAW) and that floats are stored in their shortest form.
//!
//! - Integers are decimal digits. Those between `i64::MAX` and `u64::MAX` read back as `u64`, larger
//!   ones of other writers as `f64`.
//! - NaN and the infinities have no JSON form and are refused.
//! - Values nest at most 128 levels deep.
//! - Damaged bytes give [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt), never a panic.
//!   A document that is well formed but does not fit the type asked for gives
//!   [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) and the path of the field.

mod access;
mod canonical;
mod children;
mod container;
mod damage;
mod decode;
mod element;
mod encode;
mod fault;
mod name;
mod number;
mod object;
mod object_key;
mod string;
mod text;
mod transcode;
mod validate;
mod view;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use canonical::{is_canonical, is_canonical_object};
pub use children::{Elements, Entries, Fields};
pub use decode::from_slice;
pub use encode::{append, to_vec};
pub use object::{FieldName, ObjectWriter};
pub use text::{from_json_str, to_json, write_json};
pub use validate::validate;
pub use view::{Kind, View};

pub(crate) use element::{MAX_DEPTH, inner};
pub(crate) use number::Number;
#[cfg(test)]
pub(crate) use properties::json as any_json;
