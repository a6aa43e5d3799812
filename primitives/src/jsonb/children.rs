//! The iterators over what an array or an object holds.

use std::borrow::Cow;

use super::View;
use super::damage::Damage;
use super::element;

/// The elements of an array. Ends early where the array is damaged.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Elements { rest }
    }

    /// As `next`, but tells damage from the end.
    pub(crate) fn try_next(&mut self) -> Result<Option<View<'a>>, Damage> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (view, rest) = element::split(self.rest)?;
        self.rest = rest;
        Ok(Some(view))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = View<'a>;

    fn next(&mut self) -> Option<View<'a>> {
        self.try_next().ok().flatten()
    }
}

/// The fields of an object: names and values. Ends early where the object is damaged.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    fields: Fields<'a>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Entries { fields: Fields::new(rest) }
    }

    /// As `next`, but tells damage from the end.
    pub(crate) fn try_next(&mut self) -> Result<Option<(Cow<'a, str>, View<'a>)>, Damage> {
        let rest = self.fields.rest;
        let Some((name, value)) = self.fields.try_next()? else { return Ok(None) };
        match name.as_str() {
            Some(name) => Ok(Some((name, value))),
            None => {
                self.fields.rest = rest;
                Err(Damage::Name)
            }
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Cow<'a, str>, View<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.try_next().ok().flatten()
    }
}

/// The fields of an object with their names as they are stored, to be compared before they are decoded.
/// Ends early where the object is damaged; a name may be of any kind.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Fields { rest }
    }

    #[inline]
    fn try_next(&mut self) -> Result<Option<(View<'a>, View<'a>)>, Damage> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (name, rest) = element::split(self.rest)?;
        let (value, rest) = element::split(rest)?;
        self.rest = rest;
        Ok(Some((name, value)))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (View<'a>, View<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.try_next().ok().flatten()
    }
}
