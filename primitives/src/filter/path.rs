//! Dotted paths into a document, and the one walk along them that every part of the filter uses.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::filter::MAX_DEPTH;
use crate::jsonb::{Kind, View};
use crate::key;

/// A dotted path such as `address.city` or `items.0.price`.
///
/// A component names an object's field; one made of digits is also an index into an array. A field
/// whose own name holds a dot cannot be addressed.
///
/// Where the path meets an array, a numeric component takes that element, and the rest of the path
/// is tried on every element that is an object, as in MongoDB. An index past the array's end is a
/// missing value.
///
/// ```
/// use headwater_primitives::filter::Path;
///
/// let path = Path::parse("items.0.price")?;
/// assert_eq!(path.to_string(), "items.0.price");
/// assert!(Path::parse("items..price").is_err());
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    components: Box<[Component]>,
}

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Component {
    pub(crate) name: Box<str>,
    /// The same component as an index, when it is written as one (`0`, `17`, but not `007`).
    pub(crate) index: Option<usize>,
}

impl Path {
    /// Reads a path. Refuses an empty path, an empty component and more than 64 components.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::invalid("a path cannot be empty; write a field such as \"a.b\""));
        }
        let mut components = Vec::new();
        let mut offset = 0;
        for name in text.split('.') {
            if name.is_empty() {
                return Err(Error::invalid(format!(
                    "path {text:?} has an empty component at byte {offset}; write \"a.b.0\""
                )));
            }
            offset += name.len() + 1;
            components.push(Component { name: name.into(), index: index_of(name) });
        }
        if components.len() > MAX_DEPTH {
            return Err(Error::invalid(format!(
                "path has {} components; at most {MAX_DEPTH} are allowed",
                components.len()
            )));
        }
        Ok(Path { components: components.into() })
    }

    /// The empty path: the value itself.
    pub(crate) fn itself() -> Self {
        Path { components: Box::default() }
    }

    pub(crate) fn is_itself(&self) -> bool {
        self.components.is_empty()
    }

    pub(crate) fn components(&self) -> &[Component] {
        &self.components
    }

    /// What is left of this path after `prefix`, when that is a true prefix of it.
    pub(crate) fn strip_prefix(&self, prefix: &Path) -> Option<Path> {
        let rest = self.components.strip_prefix(&*prefix.components)?;
        (!rest.is_empty()).then(|| Path { components: rest.into() })
    }

    /// Calls `accept` with each value at this path, `None` standing for a missing one, until it
    /// returns true. Allocates nothing.
    pub(crate) fn any<'a, F>(&self, document: View<'a>, mut accept: F) -> bool
    where
        F: FnMut(Option<View<'a>>) -> bool,
    {
        if document.kind() != Kind::Object {
            return accept(None);
        }
        walk(document, &self.components, &mut accept)
    }
}

/// The order-preserving key of the value at `path`, for sorting: an array counts as a whole, and of
/// several values that a path through arrays meets the first one counts. `None` when there is none.
pub fn key_of(document: View<'_>, path: &Path) -> Option<Vec<u8>> {
    let mut first = None;
    path.any(document, |value| {
        first = value;
        value.is_some()
    });
    let mut key = Vec::new();
    key::append_jsonb(&mut key, first?).ok()?;
    Some(key)
}

fn walk<'a, F>(value: View<'a>, components: &[Component], accept: &mut F) -> bool
where
    F: FnMut(Option<View<'a>>) -> bool,
{
    let Some((component, rest)) = components.split_first() else {
        return accept(Some(value));
    };
    match value.kind() {
        Kind::Object => match value.get(&component.name) {
            Some(field) => walk(field, rest, accept),
            None => accept(None),
        },
        Kind::Array => walk_array(value, component, rest, accept),
        _ => accept(None),
    }
}

fn walk_array<'a, F>(
    array: View<'a>,
    component: &Component,
    rest: &[Component],
    accept: &mut F,
) -> bool
where
    F: FnMut(Option<View<'a>>) -> bool,
{
    let mut indexed = false;
    if let Some(element) = component.index.and_then(|index| array.index(index)) {
        indexed = true;
        if walk(element, rest, accept) {
            return true;
        }
    }
    for element in array.elements().filter(|element| element.kind() == Kind::Object) {
        let done = match element.get(&component.name) {
            Some(field) => {
                indexed = true;
                walk(field, rest, accept)
            }
            // An object that lacks a field named "0" says nothing about the array's element 0.
            None => component.index.is_none() && accept(None),
        };
        if done {
            return true;
        }
    }
    component.index.is_some() && !indexed && accept(None)
}

fn index_of(name: &str) -> Option<usize> {
    let canonical = name == "0" || !name.starts_with('0');
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { name.parse().ok() } else { None }
}

impl FromStr for Path {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Path::parse(text)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, component) in self.components.iter().enumerate() {
            if position > 0 {
                f.write_str(".")?;
            }
            f.write_str(&component.name)?;
        }
        Ok(())
    }
}
