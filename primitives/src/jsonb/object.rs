//! Objects put together from parts that are encoded already.

use std::fmt;

use serde::Serialize;

use super::View;
use super::element::{self, tag};
use super::encode::append;
use super::string;
use crate::error::Result;

/// Writes an object field by field. Whoever writes sees to it that no name comes twice.
///
/// ```
/// use headwater_primitives::jsonb::{self, ObjectWriter, View};
///
/// let mut out = Vec::new();
/// let mut object = ObjectWriter::new(&mut out);
/// object.field("id", &7)?;
/// object.fields_of(View::parse(&jsonb::from_json_str(r#"{"a":[1]}"#)?)?);
/// object.finish();
/// assert_eq!(jsonb::to_json(&out)?, r#"{"id":7,"a":[1]}"#);
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
#[must_use = "an object is whole only after `finish`"]
pub struct ObjectWriter<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
}

/// The name of a field, encoded once for many objects.
#[derive(Clone, Debug)]
pub struct FieldName(Box<[u8]>);

impl FieldName {
    /// Encodes `name`.
    pub fn new(name: &str) -> Self {
        let mut out = Vec::with_capacity(name.len() + 9);
        element::push(&mut out, string::text_tag(name), name.as_bytes());
        FieldName(out.into())
    }
}

/// The name as text, in quotes.
impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = View::parse(&self.0).ok().and_then(|name| name.as_str());
        fmt::Debug::fmt(&name.unwrap_or_default(), f)
    }
}

impl<'o> ObjectWriter<'o> {
    /// Begins an object at the end of `out`.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        let start = element::open(out);
        ObjectWriter { out, start }
    }

    /// Adds a field.
    ///
    /// # Errors
    /// As [`to_vec`](super::to_vec).
    pub fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<()> {
        self.name(name);
        append(self.out, value)
    }

    /// Adds a field whose name is encoded already.
    ///
    /// # Errors
    /// As [`to_vec`](super::to_vec).
    #[inline]
    pub fn named<T: Serialize + ?Sized>(&mut self, name: &FieldName, value: &T) -> Result<()> {
        self.out.extend_from_slice(&name.0);
        append(self.out, value)
    }

    /// Adds a field whose name and value are encoded already.
    pub fn named_encoded(&mut self, name: &FieldName, value: &[u8]) {
        self.out.extend_from_slice(&name.0);
        self.out.extend_from_slice(value);
    }

    /// Adds a field whose value is encoded already.
    pub fn encoded(&mut self, name: &str, value: &[u8]) {
        self.name(name);
        self.out.extend_from_slice(value);
    }

    /// Adds all fields of `object`; nothing for any other value.
    pub fn fields_of(&mut self, object: View<'_>) {
        if object.tag() == tag::OBJECT {
            self.out.extend_from_slice(object.payload());
        }
    }

    /// Ends the object.
    pub fn finish(self) {
        element::close(self.out, self.start, tag::OBJECT);
    }

    fn name(&mut self, name: &str) {
        element::push(self.out, string::text_tag(name), name.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonb::{from_json_str, to_vec};

    #[test]
    fn an_object_of_parts_equals_one_encoded_at_once() {
        let mut out = vec![7];
        let mut object = ObjectWriter::new(&mut out);
        object.encoded("a\"b", &to_vec(&[1.5f32, -0.0]).unwrap());
        object.fields_of(View::parse(&from_json_str(r#"{"x":null,"y":"é"}"#).unwrap()).unwrap());
        object.fields_of(View::parse(&to_vec(&5).unwrap()).unwrap());
        object.field("text", &"t".repeat(300)).unwrap();
        object.named(&FieldName::new("né\"e"), &1).unwrap();
        object.named_encoded(&FieldName::new(""), &to_vec("e").unwrap());
        object.finish();
        let text = format!(
            r#"{{"a\"b":[1.5,-0.0],"x":null,"y":"é","text":"{}","né\"e":1,"":"e"}}"#,
            "t".repeat(300)
        );
        assert_eq!(out[1..], from_json_str(&text).unwrap());
    }
}
