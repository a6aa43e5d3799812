//! The order-preserving tuple codec: comparing two encoded keys byte by byte compares their values.
//!
//! A key is a sequence of elements; each starts with a tag byte that fixes its place in the order
//!
//! null < false < true < numbers < bytes < text < timestamp < tuple < object
//!
//! | element | bytes |
//! |---|---|
//! | null, false, true | `08`, `10`, `11` |
//! | negative number | `20`, then the magnitude as below, every byte complemented |
//! | zero | `21` |
//! | positive number | `22`, then the magnitude: the exponent in 12 bits and the fraction without its trailing zeros, 7 bits to a byte, whose last bit says whether another byte follows |
//! | NaN | `23` |
//! | bytes, text | `30`, `38`, then the bytes with `00` written as `00 FF`, then `00 01` |
//! | timestamp | `40`, then microseconds since 1970 as a big-endian `i64` with its sign bit flipped |
//! | tuple | `50`, then its elements, then `00` |
//! | object | `58`, then name (as text) and value of each field in order of the names, then `00` |
//!
//! - Numbers have one exact order over `i64`, `u64` and `f64`, and equal numbers have equal bytes:
//!   `1` and `1.0`, `0` and `-0.0`. Decoding gives the integer where there is one.
//! - No element is a prefix of another. So `encode(a)` is a prefix of `encode(b)` exactly when `a` is
//!   one of `b`, and all keys that start with `a` lie between it and [`prefix_end`] of it.
//! - No key starts with `FF`, and no tag is below `08`.

mod decode;
mod encode;
mod json;
mod number;
mod tag;
mod value;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use decode::decode;
pub use encode::{encode, encode_into, prefix_end};
pub use json::{append_json, append_jsonb};
pub use value::Value;
