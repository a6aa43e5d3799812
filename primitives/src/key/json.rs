//! JSON values as elements of a key: arrays as tuples, objects with their fields in order of name.

use crate::error::Result;
use crate::jsonb::{self, Kind, MAX_DEPTH, Number, View};

use super::encode::{append_bool, append_text};
use super::{number, tag};

/// Appends one JSONB value. Equal JSON values have equal bytes, whichever order the fields of their
/// objects have, and [`append_json`] gives the same bytes for the same value.
///
/// # Errors
/// `Corrupt` if the value is not well-formed JSONB or nests more than 128 levels deep; `out` is then
/// left as it was.
pub fn append_jsonb(out: &mut Vec<u8>, value: View<'_>) -> Result<()> {
    let start = out.len();
    let result = append(out, value, MAX_DEPTH);
    if result.is_err() {
        out.truncate(start);
    }
    result
}

fn append(out: &mut Vec<u8>, value: View<'_>, levels: u8) -> Result<()> {
    match value.kind() {
        Kind::Null => out.push(tag::NULL),
        Kind::Bool => append_bool(out, value.as_bool() == Some(true)),
        Kind::Integer | Kind::Float => match value.number()? {
            Number::Int(value) => number::append_i64(out, value),
            Number::Unsigned(value) => number::append_u64(out, value),
            Number::Float(value) => number::append_f64(out, value),
        },
        Kind::Text => append_text(out, &value.text()?),
        Kind::Array => {
            let levels = jsonb::inner(levels)?;
            out.push(tag::TUPLE);
            let mut elements = value.elements();
            while let Some(element) = elements.try_next()? {
                append(out, element, levels)?;
            }
            out.push(tag::END);
        }
        Kind::Object => append_object(out, value, jsonb::inner(levels)?)?,
    }
    Ok(())
}

fn append_object(out: &mut Vec<u8>, object: View<'_>, levels: u8) -> Result<()> {
    let mut fields = Vec::new();
    let mut entries = object.entries();
    while let Some(field) = entries.try_next()? {
        fields.push(field);
    }
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    out.push(tag::OBJECT);
    for (name, value) in fields {
        append_text(out, &name);
        append(out, value, levels)?;
    }
    out.push(tag::END);
    Ok(())
}

/// Appends one JSON value.
pub fn append_json(out: &mut Vec<u8>, value: &serde_json::Value) {
    use serde_json::Value as Json;
    match value {
        Json::Null => out.push(tag::NULL),
        Json::Bool(value) => append_bool(out, *value),
        Json::Number(value) => match (value.as_i64(), value.as_u64(), value.as_f64()) {
            (Some(value), ..) => number::append_i64(out, value),
            (_, Some(value), _) => number::append_u64(out, value),
            (.., value) => number::append_f64(out, value.unwrap_or(f64::NAN)),
        },
        Json::String(value) => append_text(out, value),
        Json::Array(elements) => {
            out.push(tag::TUPLE);
            elements.iter().for_each(|element| append_json(out, element));
            out.push(tag::END);
        }
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            out.push(tag::OBJECT);
            for (name, value) in fields {
                append_text(out, name);
                append_json(out, value);
            }
            out.push(tag::END);
        }
    }
}
