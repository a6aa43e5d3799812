//! serde's deserializer that reads JSONB.

use std::borrow::Cow;

use serde::de::{self, Deserialize, Unexpected, Visitor};

use crate::error::Result;

use super::View;
use super::access::{Elements, Fields, Variant};
use super::element::{self, MAX_DEPTH, tag};
use super::fault::Fault;
use super::number::{self, Number};

/// Decodes the value that fills `bytes`. Text is borrowed where the type asks for that and the text
/// is stored without escapes, as everything that [`to_vec`](super::to_vec) writes is.
///
/// # Errors
/// `Corrupt` if the bytes that had to be read are not well-formed JSONB or nest more than 128 levels
/// deep, `InvalidInput` if the value does not fit `T`; both name the field.
///
/// ```
/// use headwater_primitives::jsonb;
///
/// let bytes = jsonb::from_json_str(r#"{"point":[1,"x"]}"#)?;
/// let error = jsonb::from_slice::<std::collections::BTreeMap<String, Vec<u8>>>(&bytes).unwrap_err();
/// assert!(error.to_string().starts_with("point[1]: invalid type"));
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T> {
    Ok(T::deserialize(Decoder::new(View::parse(bytes)?))?)
}

/// One element, and how many containers may still open inside it.
pub(super) struct Decoder<'de> {
    view: View<'de>,
    levels: u8,
}

impl<'de> Decoder<'de> {
    pub(super) fn new(view: View<'de>) -> Self {
        Decoder { view, levels: MAX_DEPTH }
    }

    #[inline]
    pub(super) fn nested(view: View<'de>, levels: u8) -> Self {
        Decoder { view, levels }
    }

    #[inline]
    pub(super) fn view(&self) -> View<'de> {
        self.view
    }

    #[inline]
    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.view.number() {
            Ok(Number::Int(value)) => visitor.visit_i64(value),
            Ok(Number::Unsigned(value)) => visitor.visit_u64(value),
            Ok(Number::Float(value)) => visitor.visit_f64(value),
            Err(_) => self.mismatch(&visitor),
        }
    }

    #[inline]
    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.view.as_str() {
            Some(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Some(Cow::Owned(text)) => visitor.visit_string(text),
            None => self.mismatch(&visitor),
        }
    }

    #[inline]
    pub(super) fn array<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.view.tag() != tag::ARRAY {
            return self.mismatch(&visitor);
        }
        let mut elements = Elements::new(self.view.payload(), element::inner(self.levels)?);
        let value = visitor.visit_seq(&mut elements)?;
        elements.finish()?;
        Ok(value)
    }

    #[inline]
    pub(super) fn object<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.view.tag() != tag::OBJECT {
            return self.mismatch(&visitor);
        }
        let mut fields = Fields::new(self.view.payload(), element::inner(self.levels)?);
        let value = visitor.visit_map(&mut fields)?;
        fields.finish()?;
        Ok(value)
    }

    /// The error for an element that the visitor does not expect, or that is damaged.
    #[cold]
    pub(super) fn mismatch<T>(self, expected: &dyn de::Expected) -> Result<T, Fault> {
        let text;
        let unexpected = match self.view.tag() {
            tag::NULL => Unexpected::Unit,
            tag::TRUE => Unexpected::Bool(true),
            tag::FALSE => Unexpected::Bool(false),
            tag::INT | tag::INT5 | tag::FLOAT | tag::FLOAT5 => match self.view.number()? {
                Number::Int(value) => Unexpected::Signed(value),
                Number::Unsigned(value) => Unexpected::Unsigned(value),
                Number::Float(value) => Unexpected::Float(value),
            },
            tag::ARRAY => Unexpected::Seq,
            tag::OBJECT => Unexpected::Map,
            _ => {
                text = self.view.text()?;
                Unexpected::Str(&text)
            }
        };
        Err(de::Error::invalid_type(unexpected, expected))
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {
        $(#[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.number(visitor)
        })*
    };
}

macro_rules! texts {
    ($($method:ident)*) => {
        $(#[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.text(visitor)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Decoder<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.view.tag() {
            tag::NULL => visitor.visit_unit(),
            tag::TRUE => visitor.visit_bool(true),
            tag::FALSE => visitor.visit_bool(false),
            tag::INT | tag::INT5 | tag::FLOAT | tag::FLOAT5 => self.number(visitor),
            tag::ARRAY => self.array(visitor),
            tag::OBJECT => self.object(visitor),
            _ => self.text(visitor),
        }
    }

    numbers!(
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f64
    );
    texts!(deserialize_char deserialize_str deserialize_string deserialize_identifier);

    #[inline]
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.view.tag() {
            tag::FLOAT => visitor.visit_f32(number::single(self.view.payload())?),
            _ => self.number(visitor),
        }
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.view.tag() {
            tag::TRUE => visitor.visit_bool(true),
            tag::FALSE => visitor.visit_bool(false),
            _ => self.mismatch(&visitor),
        }
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.view.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    #[inline]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.view.is_null() { visitor.visit_unit() } else { self.mismatch(&visitor) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.array(visitor)
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.array(visitor)
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.array(visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.object(visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if self.view.tag() == tag::ARRAY { self.array(visitor) } else { self.object(visitor) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.view.tag() {
            tag::OBJECT => {
                let levels = element::inner(self.levels)?;
                let (name, rest) = element::split(self.view.payload())?;
                let (content, rest) = element::split(rest)?;
                if !rest.is_empty() {
                    return Err(Fault::invalid("an enum variant must be the only field"));
                }
                visitor.visit_enum(Variant::new(name, Some(Decoder::nested(content, levels))))
            }
            tag::TEXT | tag::TEXTJ | tag::TEXT5 | tag::TEXTRAW => {
                visitor.visit_enum(Variant::new(self.view, None))
            }
            _ => self.mismatch(&"text or an object with one field"),
        }
    }

    /// The element is already delimited: nothing in it has to be read.
    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    /// Bytes are stored as an array of integers; text gives its UTF-8 bytes.
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.view.as_str() {
            Some(Cow::Borrowed(text)) => visitor.visit_borrowed_bytes(text.as_bytes()),
            Some(Cow::Owned(text)) => visitor.visit_byte_buf(text.into_bytes()),
            None => self.array(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_bytes(visitor)
    }
}
