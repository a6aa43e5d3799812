//! Arrays and objects while serde fills them.

use serde::ser::{self, Serialize};

use super::element;
use super::encode::Encoder;
use super::fault::Fault;
use super::object_key::KeyEncoder;

/// An array or object whose header is written after its last child.
pub(super) struct Container<'a, 'o> {
    encoder: &'a mut Encoder<'o>,
    start: usize,
    tag: u8,
    /// How many elements were written, or where the last map key starts.
    place: usize,
    /// Where the object starts that names the enum variant whose content this is.
    wrapper: Option<usize>,
}

impl<'a, 'o> Container<'a, 'o> {
    #[inline]
    pub(super) fn new(
        encoder: &'a mut Encoder<'o>,
        start: usize,
        tag: u8,
        wrapper: Option<usize>,
    ) -> Self {
        Container { encoder, start, tag, place: 0, wrapper }
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        let index = self.place;
        self.place += 1;
        value.serialize(&mut *self.encoder).map_err(|fault| fault.in_element(index))
    }

    #[inline]
    pub(super) fn field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.encoder.text(name);
        value.serialize(&mut *self.encoder).map_err(|fault| fault.in_field(name))
    }

    #[inline]
    pub(super) fn close(self) {
        self.encoder.leave(self.start, self.tag);
        if let Some(wrapper) = self.wrapper {
            self.encoder.leave(wrapper, element::tag::OBJECT);
        }
    }

    #[cold]
    fn in_last_key(&self, fault: Fault) -> Fault {
        match element::split(&self.encoder.out[self.place..]) {
            Ok((key, _)) => fault.in_field(&String::from_utf8_lossy(key.payload())),
            Err(_) => fault,
        }
    }
}

macro_rules! sequences {
    ($($kind:ident: $method:ident),*) => {
        $(impl ser::$kind for Container<'_, '_> {
            type Ok = ();
            type Error = Fault;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
                self.element(value)
            }

            #[inline]
            fn end(self) -> Result<(), Fault> {
                self.close();
                Ok(())
            }
        })*
    };
}

sequences!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
);

macro_rules! structs {
    ($($kind:ident),*) => {
        $(impl ser::$kind for Container<'_, '_> {
            type Ok = ();
            type Error = Fault;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Fault> {
                self.field(name, value)
            }

            #[inline]
            fn end(self) -> Result<(), Fault> {
                self.close();
                Ok(())
            }
        })*
    };
}

structs!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Container<'_, '_> {
    type Ok = ();
    type Error = Fault;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        self.place = self.encoder.out.len();
        key.serialize(KeyEncoder(self.encoder))
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        let result = value.serialize(&mut *self.encoder);
        result.map_err(|fault| self.in_last_key(fault))
    }

    #[inline]
    fn end(self) -> Result<(), Fault> {
        self.close();
        Ok(())
    }
}
