//! JSONPath (RFC 9535): the part that SQLite can answer becomes SQL, the rest is the library's.

use std::fmt;

use headwater_primitives::{Error, Result};
use serde_json::Value;

/// A parsed JSONPath query.
///
/// ```
/// use headwater_document::JsonPath;
/// use serde_json::json;
///
/// let path = JsonPath::parse("$.lines[?@.price > 10].sku").unwrap();
/// let order = json!({"lines": [{"sku": "a", "price": 5}, {"sku": "b", "price": 20}]});
/// assert_eq!(path.query(&order), vec![&json!("b")]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath {
    text: String,
    path: serde_json_path::JsonPath,
    prefix: String,
    singular: bool,
}

impl JsonPath {
    /// Parses `text`.
    ///
    /// # Errors
    /// `InvalidInput` with the position and the reason when it is no RFC 9535 query.
    pub fn parse(text: &str) -> Result<JsonPath> {
        let path = serde_json_path::JsonPath::parse(text).map_err(|error| {
            Error::invalid(format!(
                "JSONPath {text:?}, at character {}: {}",
                error.position(),
                error.message()
            ))
            .with_source(error)
        })?;
        let (prefix, rest) = sql_prefix(text);
        Ok(JsonPath { text: text.to_owned(), path, prefix, singular: rest.is_empty() })
    }

    /// The values that the query selects in `document`, in the order of RFC 9535.
    pub fn query<'v>(&self, document: &'v Value) -> Vec<&'v Value> {
        self.path.query(document).all()
    }

    /// The path as SQLite writes it, up to the first step that can select more than one value. A
    /// document without a value there has no match.
    pub(crate) fn sql_prefix(&self) -> Option<String> {
        (self.prefix != "$").then(|| self.prefix.clone())
    }

    /// Whether [`sql_prefix`](Self::sql_prefix) is the whole query.
    pub(crate) fn is_singular(&self) -> bool {
        self.singular
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The longest beginning of `text` that selects at most one value, and what follows it.
fn sql_prefix(text: &str) -> (String, &str) {
    let mut sql = "$".to_owned();
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    while let Some((step, after)) = step(rest) {
        sql.push_str(&step);
        rest = after;
    }
    (sql, rest)
}

/// One step by name or index in SQLite's words.
fn step(text: &str) -> Option<(String, &str)> {
    if let Some(name) = text.strip_prefix('.') {
        let ends = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_';
        let end = name.find(ends).unwrap_or(name.len());
        let (name, rest) = name.split_at(end);
        return (!name.is_empty()).then(|| (format!(".\"{name}\""), rest));
    }
    let inside = text.strip_prefix('[')?;
    let quote = inside.chars().next()?;
    if quote == '"' || quote == '\'' {
        let (name, rest) = inside[1..].split_once(quote)?;
        let rest = rest.strip_prefix(']')?;
        let plain =
            !name.is_empty() && !name.contains(['\\', '"']) && !name.contains(char::is_control);
        return plain.then(|| (format!(".\"{name}\""), rest));
    }
    let (index, rest) = inside.split_once(']')?;
    let index: i32 = index.parse().ok()?;
    let step = if index < 0 { format!("[#{index}]") } else { format!("[{index}]") };
    Some((step, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_selects_at_most_one_value_becomes_sql() {
        for (text, sql, rest) in [
            ("$", "$", ""),
            ("$.a.b_1", "$.\"a\".\"b_1\"", ""),
            ("$['a b'][\"c\"][0][-1]", "$.\"a b\".\"c\"[0][#-1]", ""),
            ("$.aä.ö", "$.\"aä\".\"ö\"", ""),
            ("$.a .b", "$.\"a\"", " .b"),
            ("$.a[*].b", "$.\"a\"", "[*].b"),
            ("$.a..b", "$.\"a\"", "..b"),
            ("$['a','b']", "$", "['a','b']"),
            ("$['\\'']", "$", "['\\'']"),
            ("$.a[?@.b == 1]", "$.\"a\"", "[?@.b == 1]"),
            ("$.a[1:2]", "$.\"a\"", "[1:2]"),
        ] {
            assert_eq!(sql_prefix(text), (sql.to_owned(), rest), "{text}");
        }
    }

    #[test]
    fn a_malformed_path_is_refused_with_its_position() {
        let error = JsonPath::parse("$.a[").unwrap_err();
        assert!(error.to_string().contains("at character"), "{error}");
    }
}
