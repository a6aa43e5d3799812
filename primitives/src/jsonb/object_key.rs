//! Map keys on their way into field names: text, and what has one plain spelling as text.

use std::fmt::Display;

use serde::ser::{self, Impossible, Serialize};

use super::encode::Encoder;
use super::fault::Fault;

/// Writes a map key as the name of a field.
pub(super) struct KeyEncoder<'a, 'o>(pub(super) &'a mut Encoder<'o>);

type Never = Impossible<(), Fault>;

#[cold]
fn refused<T>(kind: &str) -> Result<T, Fault> {
    Err(Fault::invalid(format!(
        "a map key is {kind}, where text, a number, a boolean or a unit variant must stand"
    )))
}

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), Fault> {
            self.0.text(itoa::Buffer::new().format(value));
            Ok(())
        })*
    };
}

macro_rules! floats {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), Fault> {
            if !value.is_finite() {
                return refused("not finite");
            }
            self.0.text(zmij::Buffer::new().format_finite(value));
            Ok(())
        })*
    };
}

impl ser::Serializer for KeyEncoder<'_, '_> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128
    );
    floats!(serialize_f32: f32, serialize_f64: f64);

    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        self.0.text(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.0.text(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        self.0.text(value);
        Ok(())
    }

    fn serialize_bytes(self, _value: &[u8]) -> Result<(), Fault> {
        refused("bytes")
    }

    fn serialize_none(self) -> Result<(), Fault> {
        refused("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        refused("null")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Fault> {
        refused("null")
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Fault> {
        self.serialize_str(variant)
    }

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
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), Fault> {
        refused("an object")
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Never, Fault> {
        refused("an array")
    }

    fn serialize_tuple(self, _len: usize) -> Result<Never, Fault> {
        refused("an array")
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Never, Fault> {
        refused("an array")
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Never, Fault> {
        refused("an object")
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Never, Fault> {
        refused("an object")
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Never, Fault> {
        refused("an object")
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Never, Fault> {
        refused("an object")
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Fault> {
        self.0.display(value)
    }
}
