//! Bytes back to values.

use crate::error::{Error, Result};

use super::value::Value;
use super::{number, tag};

/// The most levels of tuples and objects: one more than any JSON value of ours has.
const MAX_DEPTH: u8 = 129;

/// The elements of an encoded key. A number comes back as `Int` or `Unsigned` where it is a whole
/// number that fits, and as `Float` otherwise.
///
/// # Errors
/// `Corrupt` if `key` is not what [`encode`](super::encode) or its JSON counterparts write, with the
/// offset of the element that is wrong.
pub fn decode(key: &[u8]) -> Result<Vec<Value>> {
    let mut reader = Reader { key, rest: key };
    let mut parts = Vec::new();
    while !reader.rest.is_empty() {
        parts.push(reader.value(MAX_DEPTH)?);
    }
    Ok(parts)
}

struct Reader<'a> {
    key: &'a [u8],
    rest: &'a [u8],
}

impl Reader<'_> {
    fn value(&mut self, levels: u8) -> Result<Value> {
        let start = self.rest;
        let value = match self.byte(start)? {
            tag::NULL => Value::Null,
            tag::FALSE => Value::Bool(false),
            tag::TRUE => Value::Bool(true),
            tag::ZERO => Value::Int(0),
            tag::NAN => Value::Float(f64::NAN),
            tag @ (tag::NEGATIVE | tag::POSITIVE) => {
                let number = number::read(tag, self.rest);
                let (value, rest) = number.ok_or_else(|| self.damaged(start, "a number"))?;
                self.rest = rest;
                value
            }
            tag::BYTES => Value::Bytes(self.escaped(start)?),
            tag::TEXT => Value::Text(self.text(start)?),
            tag::TIMESTAMP => {
                let (micros, rest) = self
                    .rest
                    .split_first_chunk()
                    .ok_or_else(|| self.damaged(start, "a timestamp"))?;
                self.rest = rest;
                Value::Timestamp((u64::from_be_bytes(*micros) ^ 1 << 63) as i64)
            }
            tag::TUPLE => Value::Tuple(self.tuple(start, levels)?),
            tag::OBJECT => Value::Object(self.object(start, levels)?),
            _ => return Err(self.damaged(start, "an unknown tag")),
        };
        Ok(value)
    }

    fn tuple(&mut self, start: &[u8], levels: u8) -> Result<Vec<Value>> {
        let levels = self.inner(start, levels)?;
        let mut parts = Vec::new();
        while !self.ended(start)? {
            parts.push(self.value(levels)?);
        }
        Ok(parts)
    }

    fn object(&mut self, start: &[u8], levels: u8) -> Result<Vec<(String, Value)>> {
        let levels = self.inner(start, levels)?;
        let mut fields: Vec<(String, Value)> = Vec::new();
        while !self.ended(start)? {
            let at = self.rest;
            if self.byte(at)? != tag::TEXT {
                return Err(self.damaged(at, "a field name"));
            }
            let name = self.text(at)?;
            if fields.last().is_some_and(|(last, _)| *last > name) {
                return Err(self.damaged(at, "the order of fields"));
            }
            fields.push((name, self.value(levels)?));
        }
        Ok(fields)
    }

    fn inner(&self, start: &[u8], levels: u8) -> Result<u8> {
        levels.checked_sub(1).ok_or_else(|| self.damaged(start, "the depth"))
    }

    /// Whether the container ends here; its end is then behind us.
    fn ended(&mut self, start: &[u8]) -> Result<bool> {
        match self.rest {
            [tag::END, rest @ ..] => {
                self.rest = rest;
                Ok(true)
            }
            [] => Err(self.damaged(start, "the end")),
            _ => Ok(false),
        }
    }

    fn text(&mut self, start: &[u8]) -> Result<String> {
        let bytes = self.escaped(start)?;
        String::from_utf8(bytes).map_err(|_| self.damaged(start, "a text"))
    }

    fn escaped(&mut self, start: &[u8]) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        loop {
            let zero = self.rest.iter().position(|byte| *byte == 0);
            let zero = zero.ok_or_else(|| self.damaged(start, "the end"))?;
            let (plain, rest) = self.rest.split_at(zero);
            out.extend_from_slice(plain);
            match rest {
                [0, tag::STOP, rest @ ..] => {
                    self.rest = rest;
                    return Ok(out);
                }
                [0, tag::ESCAPED, rest @ ..] => {
                    out.push(0);
                    self.rest = rest;
                }
                _ => return Err(self.damaged(start, "an escape")),
            }
        }
    }

    fn byte(&mut self, start: &[u8]) -> Result<u8> {
        let (first, rest) =
            self.rest.split_first().ok_or_else(|| self.damaged(start, "the end"))?;
        self.rest = rest;
        Ok(*first)
    }

    #[cold]
    fn damaged(&self, start: &[u8], what: &str) -> Error {
        let offset = self.key.len() - start.len();
        Error::corrupt(format!("damaged key: {what} of the element at byte {offset} is not valid"))
    }
}
