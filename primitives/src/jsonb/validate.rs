//! Whether bytes are well-formed JSONB to the last one.

use crate::error::{Error, Result};

use super::damage::Damage;
use super::element::{self, MAX_DEPTH, tag};
use super::{View, string};

/// Checks a whole value: every header, that containers are filled exactly, that field names are
/// text, UTF-8, escapes and the spelling of numbers. Names that occur twice are not looked for.
///
/// # Errors
/// `Corrupt`, with the offset of the element that is wrong. A value of another writer that nests
/// more than 128 levels deep is refused as well.
pub fn validate(bytes: &[u8]) -> Result<()> {
    let (view, rest) = element::split(bytes).map_err(|damage| at(0, damage.message()))?;
    if !rest.is_empty() {
        return Err(at(bytes.len() - rest.len(), "damaged JSONB: bytes after the value"));
    }
    check(view, 0, MAX_DEPTH)
}

fn check(view: View<'_>, offset: usize, levels: u8) -> Result<()> {
    match view.tag() {
        tag::NULL | tag::TRUE | tag::FALSE if view.bytes().len() == 1 => Ok(()),
        tag::NULL | tag::TRUE | tag::FALSE => {
            Err(at(offset, "damaged JSONB: null, true or false with a payload"))
        }
        tag::INT | tag::INT5 | tag::FLOAT | tag::FLOAT5 => match view.number() {
            Ok(_) => Ok(()),
            Err(damage) => Err(at(offset, damage.message())),
        },
        tag::ARRAY | tag::OBJECT => check_children(view, offset, levels),
        _ => check_text(view, offset),
    }
}

fn check_text(view: View<'_>, offset: usize) -> Result<()> {
    let missing_escape = match view.tag() {
        tag::TEXT => string::needs_escape(view.payload()),
        tag::TEXTJ => !string::is_escaped(view.payload()),
        _ => false,
    };
    if missing_escape {
        return Err(at(offset, "damaged JSONB: a character of a text needs an escape"));
    }
    match view.text() {
        Ok(_) => Ok(()),
        Err(damage) => Err(at(offset, damage.message())),
    }
}

fn check_children(container: View<'_>, offset: usize, levels: u8) -> Result<()> {
    let levels = element::inner(levels).map_err(|damage| at(offset, damage.message()))?;
    let end = offset + container.bytes().len();
    let mut rest = container.payload();
    let mut is_name = container.tag() == tag::OBJECT;
    while !rest.is_empty() {
        let offset = end - rest.len();
        let (child, after) = element::split(rest).map_err(|damage| at(offset, damage.message()))?;
        if is_name {
            check_name(child, offset)?;
        } else {
            check(child, offset, levels)?;
        }
        is_name = !is_name && container.tag() == tag::OBJECT;
        rest = after;
    }
    if container.tag() == tag::OBJECT && !is_name {
        return Err(at(offset, "damaged JSONB: a field has no value"));
    }
    Ok(())
}

fn check_name(name: View<'_>, offset: usize) -> Result<()> {
    match name.tag() {
        tag::TEXT | tag::TEXTJ | tag::TEXT5 | tag::TEXTRAW => check_text(name, offset),
        _ => Err(at(offset, Damage::Name.message())),
    }
}

#[cold]
fn at(offset: usize, message: &str) -> Error {
    Error::corrupt(format!("{message} (at byte {offset})"))
}
