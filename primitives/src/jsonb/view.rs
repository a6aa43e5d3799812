//! A borrowed value that is walked where it lies.

use std::borrow::Cow;

use serde::Deserialize;

use crate::error::{Error, Result};

use super::children::{Elements, Entries, Fields};
use super::damage::Damage;
use super::element::{self, tag};
use super::number::{self, Number};
use super::string;

/// What sort of JSON value a [`View`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number without fraction and exponent.
    Integer,
    /// Any other number.
    Float,
    /// A string.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A JSONB value inside a byte slice. Copying it is free; nothing is decoded before it is asked for.
///
/// Only the header is checked when a view is made. Where the bytes inside a container are damaged,
/// a walk over it ends and a look-up finds nothing; [`validate`](super::validate) tells whether that
/// can happen.
///
/// ```
/// use headwater_primitives::jsonb::{self, View};
///
/// let bytes = jsonb::from_json_str(r#"{"name":"Ada","tags":["x","y"]}"#)?;
/// let view = View::parse(&bytes)?;
/// assert_eq!(view.get("name").and_then(View::as_str).as_deref(), Some("Ada"));
/// assert_eq!(view.get("tags").map(View::len), Some(2));
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct View<'a> {
    bytes: &'a [u8],
    header: u8,
}

impl<'a> View<'a> {
    /// `bytes` must be one element whose header, the first `header` bytes, has been checked.
    #[inline]
    pub(super) fn new(bytes: &'a [u8], header: u8) -> Self {
        View { bytes, header }
    }

    /// The value that fills `bytes`. Costs no more than reading its header.
    ///
    /// # Errors
    /// `Corrupt` if `bytes` is not exactly one element.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let (view, rest) = element::split(bytes)?;
        if rest.is_empty() {
            Ok(view)
        } else {
            Err(Error::corrupt(format!("damaged JSONB: {} bytes after the value", rest.len())))
        }
    }

    #[inline]
    pub(crate) fn tag(self) -> u8 {
        self.bytes[0] & 0x0f
    }

    #[inline]
    pub(crate) fn payload(self) -> &'a [u8] {
        &self.bytes[usize::from(self.header)..]
    }

    /// What sort of value this is.
    #[inline]
    pub fn kind(self) -> Kind {
        match self.tag() {
            tag::NULL => Kind::Null,
            tag::TRUE | tag::FALSE => Kind::Bool,
            tag::INT | tag::INT5 => Kind::Integer,
            tag::FLOAT | tag::FLOAT5 => Kind::Float,
            tag::ARRAY => Kind::Array,
            tag::OBJECT => Kind::Object,
            _ => Kind::Text,
        }
    }

    /// The whole element, header included: itself a JSONB value.
    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Whether this is `null`.
    #[inline]
    pub fn is_null(self) -> bool {
        self.tag() == tag::NULL
    }

    /// The boolean, if this is one.
    pub fn as_bool(self) -> Option<bool> {
        match self.tag() {
            tag::TRUE => Some(true),
            tag::FALSE => Some(false),
            _ => None,
        }
    }

    /// The integer, if this is one between `i64::MIN` and `i64::MAX`.
    pub fn as_i64(self) -> Option<i64> {
        match self.integer()? {
            Number::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The integer, if this is one between 0 and `u64::MAX`.
    pub fn as_u64(self) -> Option<u64> {
        match self.integer()? {
            Number::Int(value) => u64::try_from(value).ok(),
            Number::Unsigned(value) => Some(value),
            Number::Float(_) => None,
        }
    }

    /// The number as a float; an integer of more than 53 bits is rounded to the nearest one.
    pub fn as_f64(self) -> Option<f64> {
        Some(match self.number().ok()? {
            Number::Int(value) => value as f64,
            Number::Unsigned(value) => value as f64,
            Number::Float(value) => value,
        })
    }

    /// The text, if this is text; borrowed unless it is stored with escapes.
    #[inline]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        string::decode(self.tag(), self.payload())
    }

    /// As `as_str`, but the refusal is an error.
    pub(crate) fn text(self) -> Result<Cow<'a, str>, Damage> {
        self.as_str().ok_or(Damage::Text)
    }

    #[inline]
    pub(crate) fn number(self) -> Result<Number, Damage> {
        number::parse(self.tag(), self.payload()).ok_or(Damage::Number)
    }

    fn integer(self) -> Option<Number> {
        self.number().ok().filter(|_| self.kind() == Kind::Integer)
    }

    /// Reads this value into a type.
    ///
    /// # Errors
    /// As [`from_slice`](super::from_slice).
    pub fn to<T: Deserialize<'a>>(self) -> Result<T> {
        super::from_slice(self.bytes)
    }

    /// The value of the field `name`, if this is an object that has it. Walks the fields before it.
    pub fn get(self, name: &str) -> Option<View<'a>> {
        let mut rest = self.children(tag::OBJECT);
        while !rest.is_empty() {
            let (key, after) = element::split(rest).ok()?;
            let (value, after) = element::split(after).ok()?;
            let found = match key.tag() {
                tag::TEXT | tag::TEXTRAW => key.payload() == name.as_bytes(),
                _ => key.as_str()? == name,
            };
            if found {
                return Some(value);
            }
            rest = after;
        }
        None
    }

    /// The element at `index`, if this is an array that has it. Walks the elements before it.
    pub fn index(self, index: usize) -> Option<View<'a>> {
        self.elements().nth(index)
    }

    /// The elements of an array; nothing for any other value.
    pub fn elements(self) -> Elements<'a> {
        Elements::new(self.children(tag::ARRAY))
    }

    /// The fields of an object in stored order; nothing for any other value.
    pub fn entries(self) -> Entries<'a> {
        Entries::new(self.children(tag::OBJECT))
    }

    /// As [`entries`](Self::entries), with the names as they are stored.
    #[inline]
    pub fn fields(self) -> Fields<'a> {
        Fields::new(self.children(tag::OBJECT))
    }

    /// How many elements an array or fields an object has; 0 for any other value. Walks them all.
    #[allow(clippy::len_without_is_empty, reason = "a number has no emptiness to ask for")]
    pub fn len(self) -> usize {
        match self.tag() {
            tag::ARRAY => self.elements().count(),
            tag::OBJECT => {
                let mut elements = Elements::new(self.payload());
                let mut count = 0;
                while elements.next().is_some() && elements.next().is_some() {
                    count += 1;
                }
                count
            }
            _ => 0,
        }
    }

    fn children(self, container: u8) -> &'a [u8] {
        if self.tag() == container { self.payload() } else { &[] }
    }
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match super::to_json(self.bytes) {
            Ok(json) => f.write_str(&json),
            Err(error) => write!(f, "<{error}>"),
        }
    }
}
