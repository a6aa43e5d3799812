//! Rows of a store as Arrow batches of the lake, and back, byte for byte.
//!
//! A document is an object in JSONB. Each of its top-level fields is in one of three places:
//!
//! - in its **column**, when the column's type gives the value back exactly;
//! - in **`_rest`**, a JSON object, when there is no such column, or when the column would give back
//!   something else (text in a number's column, `5` where the column gives `5.0` back). The column
//!   then holds the value too if it means the same there, and null otherwise;
//! - nowhere, when it is JSON `null`: then `_layout` lists it.
//!
//! **`_layout`** is null when each field has a column (whether its value is there or in `_rest`), none
//! is null, and they stand in the order of the columns, the id at its place. Otherwise it is a JSON
//! array of all fields in their order: a number is the field id of a column, a text a field's name.
//! Columns that are added later stand behind the others, so that this stays true.
//!
//! **What is guaranteed.** A body whose bytes are canonical
//! ([`jsonb::is_canonical`](headwater_primitives::jsonb::is_canonical)), which is what the
//! stores write, comes back byte for byte, because each value is written by the same encoder. The few
//! bodies that are not (a JSONB of another writer, nesting of 128 levels, some `f32`) are noticed
//! before they are taken apart. For them `_layout` is a JSON text with all bytes in hexadecimal, which
//! alone restores them; columns and `_rest` are filled as far as they can be, for other readers.

mod civil;
mod decimal;
mod decode;
mod encode;
mod fit;
mod held;
mod layout;
mod restore;
mod takes;
mod values;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use headwater_primitives::{RecordId, Sequence, Timestamp};

pub use decode::{RowDecoder, Rows};
pub use encode::RowEncoder;

/// A row as it goes to the lake and comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LakeRow {
    /// The row's id.
    pub key: RecordId,
    /// The sequence of the row's last write.
    pub version: Sequence,
    /// The commit time of that write.
    pub written: Timestamp,
    /// The document, as JSONB.
    pub body: Bytes,
}

/// The date that is this many days after 1970-01-01; nothing outside the years 0 to 9999.
pub(crate) fn date_text(days: i32) -> Option<String> {
    let mut text = String::with_capacity(10);
    civil::write_date(days, &mut text)?;
    Some(text)
}

/// The time as text; nothing outside the years 0 to 9999.
pub(crate) fn time_text(micros: i64, fraction: crate::schema::Fraction) -> Option<String> {
    let mut text = String::with_capacity(27);
    civil::write_time(micros, fraction, &mut text)?;
    Some(text)
}

pub(crate) use decimal::to_f64 as decimal_to_f64;
