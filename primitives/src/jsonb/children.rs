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
    rest: &'a [u8],
}

impl<'a> Entries<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Entries { rest }
    }

    /// As `next`, but tells damage from the end.
    pub(crate) fn try_next(&mut self) -> Result<Option<(Cow<'a, str>, View<'a>)>, Damage> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (key, rest) = element::split(self.rest)?;
        let (value, rest) = element::split(rest)?;
        let name = key.as_str().ok_or(Damage::Name)?;
        self.rest = rest;
        Ok(Some((name, value)))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Cow<'a, str>, View<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.try_next().ok().flatten()
    }
}
