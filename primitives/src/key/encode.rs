//! Values to bytes.

use super::value::Value;
use super::{number, tag};

/// The encoded key of `parts`. `O(n)` in its length.
///
/// ```
/// use headwater_primitives::key::{self, Value};
///
/// let key = key::encode(&["orders".into(), 7.into()]);
/// assert!(key < key::encode(&["orders".into(), 7.5.into()]));
/// assert!(key.starts_with(&key::encode(&["orders".into()])));
/// assert_eq!(key::decode(&key)?, [Value::Text("orders".into()), Value::Int(7)]);
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
pub fn encode(parts: &[Value]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 * parts.len());
    encode_into(&mut out, parts);
    out
}

/// Appends the encoded key of `parts` to `out`.
pub fn encode_into(out: &mut Vec<u8>, parts: &[Value]) {
    for part in parts {
        append(out, part);
    }
}

/// The smallest key that is greater than every key with this prefix. `None` if there is none, which
/// no prefix made by [`encode`] meets except the empty one.
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

fn append(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(tag::NULL),
        Value::Bool(value) => append_bool(out, *value),
        Value::Int(value) => number::append_i64(out, *value),
        Value::Unsigned(value) => number::append_u64(out, *value),
        Value::Float(value) => number::append_f64(out, *value),
        Value::Bytes(value) => append_escaped(out, tag::BYTES, value),
        Value::Text(value) => append_text(out, value),
        Value::Timestamp(value) => append_timestamp(out, *value),
        Value::Tuple(parts) => {
            out.push(tag::TUPLE);
            encode_into(out, parts);
            out.push(tag::END);
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            out.push(tag::OBJECT);
            for (name, value) in fields {
                append_text(out, name);
                append(out, value);
            }
            out.push(tag::END);
        }
    }
}

pub(super) fn append_bool(out: &mut Vec<u8>, value: bool) {
    out.push(if value { tag::TRUE } else { tag::FALSE });
}

pub(super) fn append_text(out: &mut Vec<u8>, text: &str) {
    append_escaped(out, tag::TEXT, text.as_bytes());
}

fn append_timestamp(out: &mut Vec<u8>, micros: i64) {
    out.push(tag::TIMESTAMP);
    out.extend_from_slice(&(micros as u64 ^ 1 << 63).to_be_bytes());
}

fn append_escaped(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.reserve(bytes.len() + 3);
    out.push(tag);
    let mut rest = bytes;
    while let Some(zero) = rest.iter().position(|byte| *byte == 0) {
        out.extend_from_slice(&rest[..=zero]);
        out.push(tag::ESCAPED);
        rest = &rest[zero + 1..];
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(&[0, tag::STOP]);
}
