//! The visitor that writes JSONB while serde_json parses.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::element::{self, tag};
use super::encode::Encoder;

/// The most fields of an object whose names are compared one by one.
const SCANNED: usize = 16;

/// Writes the value that a deserializer yields, and refuses a field name that occurs twice.
pub(super) struct Transcoder<'o> {
    out: &'o mut Vec<u8>,
    /// Where the names of the open objects lie in `out`, innermost object last.
    names: Vec<(usize, usize)>,
}

impl<'o> Transcoder<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        Transcoder { out, names: Vec::new() }
    }

    pub(super) fn run<'de, D: Deserializer<'de>>(&mut self, source: D) -> Result<(), D::Error> {
        Value(self).deserialize(source)
    }
}

struct Value<'t, 'o>(&'t mut Transcoder<'o>);

impl Value<'_, '_> {
    fn scalar<T: serde::Serialize, E: de::Error>(self, value: T) -> Result<(), E> {
        value.serialize(&mut Encoder::new(self.0.out)).map_err(de::Error::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.scalar(())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let start = element::open(self.0.out);
        while elements.next_element_seed(Value(self.0))?.is_some() {}
        element::close(self.0.out, start, tag::ARRAY);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let Value(transcoder) = self;
        let start = element::open(transcoder.out);
        let first = transcoder.names.len();
        let mut many = HashSet::new();
        while fields.next_key_seed(Name { transcoder, first, many: &mut many })?.is_some() {
            fields.next_value_seed(Value(transcoder))?;
        }
        transcoder.names.truncate(first);
        element::close(transcoder.out, start, tag::OBJECT);
        Ok(())
    }
}

/// The next name in the object whose names start at `first`.
struct Name<'t, 'o> {
    transcoder: &'t mut Transcoder<'o>,
    first: usize,
    /// Every name, once they are too many to compare one by one.
    many: &'t mut HashSet<Box<str>>,
}

impl Name<'_, '_> {
    fn occurred(&mut self, name: &str) -> bool {
        let Transcoder { out, names } = &*self.transcoder;
        let names = &names[self.first..];
        if names.len() < SCANNED {
            return names.iter().any(|(start, end)| out[*start..*end] == *name.as_bytes());
        }
        if self.many.is_empty() {
            let text = |(start, end): &(usize, usize)| String::from_utf8_lossy(&out[*start..*end]);
            self.many.extend(names.iter().map(|range| text(range).into()));
        }
        !self.many.insert(name.into())
    }
}

impl<'de> DeserializeSeed<'de> for Name<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: de::Error>(mut self, name: &str) -> Result<(), E> {
        if self.occurred(name) {
            return Err(E::custom(format_args!("the field {name:?} occurs twice")));
        }
        let Transcoder { out, names } = self.transcoder;
        Encoder::new(out).text(name);
        names.push((out.len() - name.len(), out.len()));
        Ok(())
    }
}
