//! serde's serializer that writes JSONB.

use std::fmt::{self, Display};

use serde::ser::{self, Serialize};

use crate::error::Result;

use super::container::Container;
use super::element::{self, MAX_DEPTH, tag};
use super::fault::Fault;
use super::string;

/// Encodes `value`.
///
/// # Errors
/// `InvalidInput` if the value holds NaN or an infinity, an integer outside `i64` and `u64`, a map
/// key that is neither text, number nor boolean, more than 128 levels, or refuses to be serialized.
///
/// ```
/// use headwater_primitives::jsonb;
///
/// let bytes = jsonb::to_vec(&("one", 2))?;
/// assert_eq!(jsonb::to_json(&bytes)?, r#"["one",2]"#);
/// assert_eq!(jsonb::from_slice::<(&str, u8)>(&bytes)?, ("one", 2));
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(512);
    value.serialize(&mut Encoder::new(&mut out))?;
    Ok(out)
}

/// Encodes `value` at the end of `out`; on an error `out` is left as it was.
///
/// # Errors
/// As [`to_vec`].
pub fn append<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<()> {
    let start = out.len();
    let result = value.serialize(&mut Encoder::new(out));
    if result.is_err() {
        out.truncate(start);
    }
    Ok(result?)
}

pub(super) struct Encoder<'o> {
    pub(super) out: &'o mut Vec<u8>,
    depth: u8,
}

impl<'o> Encoder<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        Encoder { out, depth: 0 }
    }

    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        element::push(self.out, string::text_tag(text), text.as_bytes());
    }

    /// What `text` displays as.
    pub(super) fn display<T: Display + ?Sized>(&mut self, text: &T) -> Result<(), Fault> {
        let start = element::open(self.out);
        let payload = self.out.len();
        fmt::write(&mut Utf8Sink(self.out), format_args!("{text}"))
            .map_err(|_| Fault::invalid("a value failed to display itself"))?;
        let tag = match string::needs_escape(&self.out[payload..]) {
            true => tag::TEXTRAW,
            false => tag::TEXT,
        };
        element::close(self.out, start, tag);
        Ok(())
    }

    #[inline]
    fn integer<I: itoa::Integer>(&mut self, value: I) -> Result<(), Fault> {
        element::push(self.out, tag::INT, itoa::Buffer::new().format(value).as_bytes());
        Ok(())
    }

    #[inline]
    fn float<F: zmij::Float>(&mut self, value: F) -> Result<(), Fault> {
        element::push(self.out, tag::FLOAT, zmij::Buffer::new().format_finite(value).as_bytes());
        Ok(())
    }

    /// Starts an array or object one level further down.
    #[inline]
    pub(super) fn enter(&mut self) -> Result<usize, Fault> {
        if self.depth == MAX_DEPTH {
            return Err(too_deep());
        }
        self.depth += 1;
        Ok(element::open(self.out))
    }

    #[inline]
    pub(super) fn leave(&mut self, start: usize, tag: u8) {
        self.depth -= 1;
        element::close(self.out, start, tag);
    }

    #[inline]
    fn container(&mut self, tag: u8) -> Result<Container<'_, 'o>, Fault> {
        let start = self.enter()?;
        Ok(Container::new(self, start, tag, None))
    }

    /// A container inside an object whose one field is `variant`.
    fn variant(&mut self, variant: &str, tag: u8) -> Result<Container<'_, 'o>, Fault> {
        let wrapper = self.enter()?;
        self.text(variant);
        let start = self.enter()?;
        Ok(Container::new(self, start, tag, Some(wrapper)))
    }
}

#[cold]
fn too_deep() -> Fault {
    Fault::invalid(format!("nested more than {MAX_DEPTH} levels deep"))
}

#[cold]
fn not_finite(value: impl Display) -> Fault {
    Fault::invalid(format!("{value} is not a number that JSON can hold"))
}

struct Utf8Sink<'a>(&'a mut Vec<u8>);

impl fmt::Write for Utf8Sink<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {
        $(#[inline]
        fn $method(self, value: $type) -> Result<(), Fault> {
            self.integer(value)
        })*
    };
}

macro_rules! floats {
    ($($method:ident: $type:ty),*) => {
        $(#[inline]
        fn $method(self, value: $type) -> Result<(), Fault> {
            if value.is_finite() { self.float(value) } else { Err(not_finite(value)) }
        })*
    };
}

macro_rules! wide_integers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), Fault> {
            match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => self.integer(value),
                (_, Ok(value)) => self.integer(value),
                _ => Err(Fault::invalid(format!("{value} does not fit 64 bits"))),
            }
        })*
    };
}

impl<'a, 'o> ser::Serializer for &'a mut Encoder<'o> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Container<'a, 'o>;
    type SerializeTuple = Container<'a, 'o>;
    type SerializeTupleStruct = Container<'a, 'o>;
    type SerializeTupleVariant = Container<'a, 'o>;
    type SerializeMap = Container<'a, 'o>;
    type SerializeStruct = Container<'a, 'o>;
    type SerializeStructVariant = Container<'a, 'o>;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64
    );
    floats!(serialize_f32: f32, serialize_f64: f64);
    wide_integers!(serialize_i128: i128, serialize_u128: u128);

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        self.out.push(if value { tag::TRUE } else { tag::FALSE });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.text(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        self.text(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Fault> {
        let start = self.enter()?;
        for byte in value {
            self.integer(*byte)?;
        }
        self.leave(start, tag::ARRAY);
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Fault> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Fault> {
        self.out.push(tag::NULL);
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Fault> {
        self.text(variant);
        Ok(())
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        let mut object = self.container(tag::OBJECT)?;
        object.field(variant, value)?;
        object.close();
        Ok(())
    }

    #[inline]
    fn serialize_seq(self, _len: Option<usize>) -> Result<Container<'a, 'o>, Fault> {
        self.container(tag::ARRAY)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Container<'a, 'o>, Fault> {
        self.container(tag::ARRAY)
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Container<'a, 'o>, Fault> {
        self.container(tag::ARRAY)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Container<'a, 'o>, Fault> {
        self.variant(variant, tag::ARRAY)
    }

    #[inline]
    fn serialize_map(self, _len: Option<usize>) -> Result<Container<'a, 'o>, Fault> {
        self.container(tag::OBJECT)
    }

    #[inline]
    fn serialize_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Container<'a, 'o>, Fault> {
        self.container(tag::OBJECT)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Container<'a, 'o>, Fault> {
        self.variant(variant, tag::OBJECT)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Fault> {
        self.display(value)
    }
}
