//! The SQL functions that compiled filters call: `hw_key`, `hw_regexp` and `hw_match`.

use regex::Regex;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;

use crate::error::{Error, Result};
use crate::filter::path::{Path, key_of};
use crate::filter::pattern::compile;
use crate::filter::{Filter, read_json};
use crate::jsonb::{self, View};

/// Registers on `connection` what [`Filter::to_sql`] and sorting need:
///
/// * `hw_key(body, path)`: the order-preserving key of the value at the dotted path, NULL when
///   missing, as [`key_of`] gives it;
/// * `hw_regexp(pattern, text)`: 1 when the text has a match of the pattern, 0 otherwise and for
///   anything but text;
/// * `hw_match(filter, body)`: 1 when the document satisfies the filter, given as JSON text or as
///   JSONB.
///
/// All are deterministic, and parse their constant argument once for each run of a statement. They
/// are for statements only: a view or trigger that used one would keep programs which do not have
/// the function from opening the database.
pub fn register_functions(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("hw_key", 2, flags, hw_key)?;
    connection.create_scalar_function("hw_regexp", 2, flags, hw_regexp)?;
    connection.create_scalar_function("hw_match", 2, flags, hw_match)?;
    Ok(())
}

fn hw_key(context: &Context<'_>) -> rusqlite::Result<Option<Vec<u8>>> {
    let path = context.get_or_create_aux(1, |value| Path::parse(text(value, "hw_key: path")?))?;
    let Some(body) = body(context, 0).map_err(fail)? else {
        return Ok(None);
    };
    Ok(key_of(body, &path))
}

fn hw_regexp(context: &Context<'_>) -> rusqlite::Result<bool> {
    let regex: std::sync::Arc<Regex> =
        context.get_or_create_aux(0, |value| compile(text(value, "hw_regexp: pattern")?))?;
    Ok(match context.get_raw(1) {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).is_ok_and(|text| regex.is_match(text)),
        _ => false,
    })
}

fn hw_match(context: &Context<'_>) -> rusqlite::Result<bool> {
    let filter = context.get_or_create_aux(0, |value| {
        Filter::from_canonical(&match value {
            ValueRef::Blob(bytes) => jsonb::from_slice(bytes)?,
            value => read_json(text(value, "hw_match: filter")?)?,
        })
    })?;
    let Some(body) = body(context, 1).map_err(fail)? else {
        return Ok(false);
    };
    Ok(filter.matches(body))
}

fn body<'a>(context: &'a Context<'_>, argument: usize) -> Result<Option<View<'a>>> {
    match context.get_raw(argument) {
        ValueRef::Null => Ok(None),
        ValueRef::Blob(bytes) => View::parse(bytes).map(Some),
        other => Err(Error::invalid(format!(
            "argument {} must be a JSONB document, not {}",
            argument + 1,
            other.data_type()
        ))),
    }
}

fn text<'a>(value: ValueRef<'a>, what: &str) -> Result<&'a str> {
    value.as_str().map_err(|_| Error::invalid(format!("{what} must be text")))
}

fn fail(error: Error) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(Box::new(error))
}
