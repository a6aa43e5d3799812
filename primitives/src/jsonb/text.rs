//! JSON text to JSONB and back, without a tree in between.

use crate::error::{Error, Result};

use super::element::{self, MAX_DEPTH, tag};
use super::number::Number;
use super::transcode::Transcoder;
use super::{View, string};

/// Encodes JSON text.
///
/// # Errors
/// `InvalidInput`, with line and column, if `text` is not one JSON value (RFC 8259), names a field
/// twice in one object, or nests more than 127 levels deep.
///
/// ```
/// use headwater_primitives::jsonb;
///
/// let error = jsonb::from_json_str("{\"a\": 1,\n \"a\": 2}").unwrap_err();
/// assert_eq!(error.to_string(), "the field \"a\" occurs twice at line 2 column 4");
/// ```
pub fn from_json_str(text: &str) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Transcoder::new(&mut out)
        .run(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| Error::invalid(error.to_string()))?;
    Ok(out)
}

/// The compact JSON text of a value.
///
/// # Errors
/// `Corrupt` if the bytes are not well-formed JSONB or nest more than 128 levels deep.
pub fn to_json(bytes: &[u8]) -> Result<String> {
    let mut out = String::with_capacity(bytes.len() + bytes.len() / 4);
    write_json(bytes, &mut out)?;
    Ok(out)
}

/// Appends the compact JSON text of a value to `out`; on an error `out` is left as it was.
///
/// # Errors
/// As [`to_json`].
pub fn write_json(bytes: &[u8], out: &mut String) -> Result<()> {
    let start = out.len();
    let result = View::parse(bytes).and_then(|view| write(view, out, MAX_DEPTH));
    if result.is_err() {
        out.truncate(start);
    }
    result
}

fn write(view: View<'_>, out: &mut String, levels: u8) -> Result<()> {
    match view.tag() {
        tag::NULL => out.push_str("null"),
        tag::TRUE => out.push_str("true"),
        tag::FALSE => out.push_str("false"),
        tag::INT | tag::INT5 | tag::FLOAT | tag::FLOAT5 => write_number(view, out)?,
        tag::ARRAY => write_array(view.payload(), out, element::inner(levels)?)?,
        tag::OBJECT => write_object(view.payload(), out, element::inner(levels)?)?,
        _ => string::write_quoted(&view.text()?, out),
    }
    Ok(())
}

fn write_array(mut rest: &[u8], out: &mut String, levels: u8) -> Result<()> {
    out.push('[');
    let mut separator = "";
    while !rest.is_empty() {
        let (element, after) = element::split(rest)?;
        out.push_str(separator);
        write(element, out, levels)?;
        (rest, separator) = (after, ",");
    }
    out.push(']');
    Ok(())
}

fn write_object(mut rest: &[u8], out: &mut String, levels: u8) -> Result<()> {
    out.push('{');
    let mut separator = "";
    while !rest.is_empty() {
        let (name, after) = element::split(rest)?;
        let (value, after) = element::split(after)?;
        out.push_str(separator);
        string::write_quoted(&name.text()?, out);
        out.push(':');
        write(value, out, levels)?;
        (rest, separator) = (after, ",");
    }
    out.push('}');
    Ok(())
}

/// The digits as they are stored; the spellings that only JSON5 knows become plain JSON.
fn write_number(view: View<'_>, out: &mut String) -> Result<()> {
    match (view.tag(), view.number()?, string::utf8(view.payload())) {
        (tag::INT | tag::FLOAT, _, Some(digits)) => out.push_str(digits),
        (_, Number::Int(value), _) => out.push_str(itoa::Buffer::new().format(value)),
        (_, Number::Unsigned(value), _) => out.push_str(itoa::Buffer::new().format(value)),
        (_, Number::Float(value), _) if value.is_finite() => {
            out.push_str(zmij::Buffer::new().format_finite(value));
        }
        // SQLite's spelling of a number too large for a float.
        (_, Number::Float(value), _) => {
            out.push_str(if value > 0.0 { "9.0e999" } else { "-9.0e999" });
        }
    }
    Ok(())
}
