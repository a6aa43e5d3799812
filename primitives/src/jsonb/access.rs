//! How serde walks arrays, objects and enum variants.

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::View;
use super::decode::Decoder;
use super::element;
use super::fault::Fault;
use super::name::Name;

/// The elements of an array that were not read yet.
pub(super) struct Elements<'de> {
    rest: &'de [u8],
    levels: u8,
    index: usize,
}

impl<'de> Elements<'de> {
    #[inline]
    pub(super) fn new(rest: &'de [u8], levels: u8) -> Self {
        Elements { rest, levels, index: 0 }
    }

    /// Refuses what the type left unread.
    #[inline]
    pub(super) fn finish(self) -> Result<(), Fault> {
        if self.rest.is_empty() { Ok(()) } else { Err(left_over("elements", self.index)) }
    }
}

impl<'de> de::SeqAccess<'de> for &mut Elements<'de> {
    type Error = Fault;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (view, rest) = element::split(self.rest)?;
        self.rest = rest;
        let index = self.index;
        self.index += 1;
        match seed.deserialize(Decoder::nested(view, self.levels)) {
            Ok(value) => Ok(Some(value)),
            Err(fault) => Err(fault.in_element(index)),
        }
    }
}

/// The fields of an object that were not read yet.
pub(super) struct Fields<'de> {
    rest: &'de [u8],
    levels: u8,
    count: usize,
    name: Option<View<'de>>,
}

impl<'de> Fields<'de> {
    #[inline]
    pub(super) fn new(rest: &'de [u8], levels: u8) -> Self {
        Fields { rest, levels, count: 0, name: None }
    }

    /// Refuses what the type left unread.
    #[inline]
    pub(super) fn finish(self) -> Result<(), Fault> {
        if self.rest.is_empty() { Ok(()) } else { Err(left_over("fields", self.count)) }
    }
}

impl<'de> de::MapAccess<'de> for &mut Fields<'de> {
    type Error = Fault;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (name, rest) = element::split(self.rest)?;
        self.rest = rest;
        self.count += 1;
        self.name = Some(name);
        seed.deserialize(Name(name)).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (value, rest) = element::split(self.rest)?;
        self.rest = rest;
        match seed.deserialize(Decoder::nested(value, self.levels)) {
            Ok(value) => Ok(value),
            Err(fault) => Err(in_named(fault, self.name)),
        }
    }
}

#[cold]
fn in_named(fault: Fault, name: Option<View<'_>>) -> Fault {
    match name.and_then(View::as_str) {
        Some(name) => fault.in_field(&name),
        None => fault,
    }
}

#[cold]
fn left_over(what: &str, count: usize) -> Fault {
    Fault::invalid(format!("more than the expected {count} {what}"))
}

/// The variant of an enum: its name, and the content if there is one.
pub(super) struct Variant<'de> {
    name: View<'de>,
    content: Option<Decoder<'de>>,
}

impl<'de> Variant<'de> {
    pub(super) fn new(name: View<'de>, content: Option<Decoder<'de>>) -> Self {
        Variant { name, content }
    }

    fn content(self) -> Result<Decoder<'de>, Fault> {
        self.content.ok_or_else(|| Fault::invalid("the enum variant has no content"))
    }

    fn within<T>(self, read: impl FnOnce(Decoder<'de>) -> Result<T, Fault>) -> Result<T, Fault> {
        let name = self.name;
        read(self.content()?).map_err(|fault| in_named(fault, Some(name)))
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        Ok((seed.deserialize(Name(self.name))?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match &self.content {
            Some(content) if !content.view().is_null() => {
                Err(Fault::invalid("the enum variant has no content, but some is stored"))
            }
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        self.within(|content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Fault> {
        self.within(|content| content.array(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.within(|content| content.deserialize_struct("", fields, visitor))
    }
}
