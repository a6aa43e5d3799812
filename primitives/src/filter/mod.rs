//! The filter language: MongoDB's operators, parsed once, then compiled to SQL or evaluated in
//! memory with the same meaning.

mod ast;
mod bounds;
mod builder;
mod combine;
mod evaluate;
mod functions;
mod index;
mod literal;
mod native;
mod operand;
mod parse;
mod path;
mod pattern;
mod position;
mod print;
mod range;
mod sql;
mod suggest;
#[cfg(test)]
mod tests;
mod types;

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::filter::ast::Node;
use crate::filter::position::{Limits, Position};
use crate::jsonb::{self, View};

pub use crate::filter::bounds::Entries;
pub use crate::filter::builder::{Field, field, value};
pub use crate::filter::functions::register_functions;
pub use crate::filter::index::index_entries;
pub use crate::filter::operand::Operand;
pub use crate::filter::path::{Path, key_of};
pub use crate::filter::range::{Bounds, KeyRange, Tightness};
pub use crate::filter::sql::SqlFilter;

/// How deep a filter's JSON, and a path, may nest.
pub(crate) const MAX_DEPTH: usize = 64;

const LIMITS: Limits = Limits { depth: MAX_DEPTH, members: 10_000 };

/// What our own printed filters may need past [`LIMITS`]: a literal can be written one operator
/// deeper than it was read, and lists that were joined are longer than their parts.
const CANONICAL_LIMITS: Limits = Limits { depth: MAX_DEPTH + 8, members: usize::MAX };

/// A condition on documents.
///
/// # The language
///
/// A filter is a JSON object of conditions that must all hold. A key is a dotted path
/// ([`Path`]) with a value to equal or an object of operators, or one of `$and`, `$or`, `$nor` with
/// a list of filters.
///
/// | operator | holds for | SQL |
/// |---|---|---|
/// | `$eq` `$ne` | an equal value; `1` equals `1.0`; null equals missing too | native (arrays, objects: called) |
/// | `$gt` `$gte` `$lt` `$lte` | a value of the same type: number, text (by its bytes) or boolean; `$gte` and `$lte` null mean `$eq` null | native |
/// | `$in` `$nin` | a value equal to one of the list | native up to 64 plain values, called past that |
/// | `$exists` | `true`: the field is there, null or not | native |
/// | `$type` | `null bool number int double string array object`, or a list of these | native |
/// | `$regex` (`$options` of `i m s x`) | text with a match, in the syntax of the `regex` crate | native, calling `hw_regexp` |
/// | `$size` | an array of that length | native |
/// | `$elemMatch` | an array with one element that satisfies all operators, or is an object that the filter accepts | operators on plain values: native; a filter: called |
/// | `$all` | a value, or an array's elements, equal to each of the list (or `$elemMatch` of each) | as its members |
/// | `$not` | what its operators together do not hold for | as its members |
///
/// *Native* means that SQLite decides by itself, on paths without indexes and without quotes in
/// their names; a document with an array before the path's last component, and whatever is
/// *called*, goes through `hw_match`, which runs [`matches`](Self::matches).
///
/// A condition holds at a path when it holds for one of the values there: see [`Path`] for how a
/// path runs through arrays. Where an array stands at the end of the path, it holds for the array
/// itself or for one of its elements (`$size` and `$elemMatch`: for the array only). `$ne`, `$nin`
/// and `$not` deny that as a whole: `{"tags": {"$ne": "x"}}` means that no tag is `"x"`.
///
/// Numbers compare exactly, integers past 2^53 with floats included. Objects are equal when they have equal fields, in whatever order.
///
/// ```
/// use headwater_primitives::filter::Filter;
/// use headwater_primitives::jsonb::{self, View};
///
/// let filter = Filter::parse(r#"{"age": {"$gte": 18}, "address.city": "Bern"}"#)?;
/// let document = jsonb::from_json_str(r#"{"age": 30, "address": {"city": "Bern"}}"#)?;
/// assert!(filter.matches(View::parse(&document)?));
///
/// let error = Filter::parse(r#"{"age": {"$gtee": 18}}"#).unwrap_err();
/// assert!(error.to_string().starts_with("filter at $.age.$gtee: unknown operator; did you mean $gte?"));
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
#[derive(Clone)]
pub struct Filter {
    node: Node,
    /// How deep the JSON of this filter can nest, at most.
    depth: usize,
    defect: Option<Defect>,
}

/// Why a built filter cannot be used.
#[derive(Clone, Debug, PartialEq)]
enum Defect {
    /// It speaks of an element without an array around it, as [`Field::any`] would give it.
    Loose,
    /// A builder call was wrong.
    Refused(String),
}

impl Filter {
    /// Reads a filter from JSON text.
    ///
    /// Refuses, with the position in the text or in the filter, what is not JSON, a key that stands
    /// twice, an unknown operator, a wrong operand, a malformed path, a regular expression that
    /// cannot be compiled, nesting deeper than 64 and lists longer than 10,000.
    pub fn parse(json: &str) -> Result<Self> {
        Filter::from_value(&read_json(json)?)
    }

    /// Reads a filter from a JSON value; refuses what [`parse`](Self::parse) refuses.
    pub fn from_value(value: &Value) -> Result<Self> {
        Filter::within(value, LIMITS)
    }

    /// Reads what [`to_value`](Self::to_value) wrote.
    pub(crate) fn from_canonical(value: &Value) -> Result<Self> {
        Filter::within(value, CANONICAL_LIMITS)
    }

    fn within(value: &Value, limits: Limits) -> Result<Self> {
        let node = parse::filter(value, &Position::root(limits))?;
        Ok(Filter { depth: node.depth(), node, defect: None })
    }

    /// The filter that matches every document.
    pub fn all() -> Self {
        Filter { node: Node::ALL, depth: Node::ALL.depth(), defect: None }
    }

    /// Whether this is the filter that matches every document.
    pub fn is_all(&self) -> bool {
        self.node == Node::ALL && self.defect.is_none()
    }

    /// Whether `document` satisfies the filter. A document is an object; in anything else every
    /// field is missing.
    ///
    /// Allocates nothing, except to compare arrays and objects and to unescape escaped text.
    pub fn matches(&self, document: View<'_>) -> bool {
        self.defect.is_none() && self.node.accepts(document)
    }

    /// The same condition in SQL, over the JSONB column (or expression) `body_column`, which is
    /// copied into the text as it is. The connection must have [`register_functions`].
    ///
    /// ```
    /// # use headwater_primitives::filter::Filter;
    /// let sql = Filter::parse(r#"{"age": {"$gte": 18}}"#)?.to_sql("body");
    /// assert!(sql.text.starts_with("CASE ifnull(json_type(body, '$.\"age\"'), 'missing')"));
    /// assert_eq!(sql.text.matches('?').count(), sql.params.len());
    /// # Ok::<(), headwater_primitives::Error>(())
    /// ```
    pub fn to_sql(&self, body_column: &str) -> SqlFilter {
        match self.defect {
            None => sql::compile(&self.node, body_column),
            Some(_) => sql::nothing(),
        }
    }

    /// The ranges of index keys in which every matching document has an entry, as
    /// [`index_entries`] makes them, when the filter limits `path` at all. Equal to
    /// [`bounds_with`](Self::bounds_with) for [`Entries::Many`].
    ///
    /// What gives bounds: `$eq`, `$in`, `$gt` to `$lte`, `$all`, `$elemMatch`, a `$regex` anchored
    /// to literal text, and an `$or` all of whose members give bounds on this path. What a missing
    /// value satisfies, such as equality to null, gives none.
    pub fn bounds(&self, path: &str) -> Option<Bounds> {
        self.bounds_with(path, Entries::Many)
    }

    /// The same, knowing how many entries a document may have in the index.
    pub fn bounds_with(&self, path: &str, entries: Entries) -> Option<Bounds> {
        if self.defect.is_some() {
            return None;
        }
        self.node.bounds(&Path::parse(path).ok()?, entries)
    }

    /// Whether the [`bounds`](Self::bounds) on `path` alone decide the filter, so that documents
    /// found through the index need not be tested again.
    pub fn is_exact_on(&self, path: &str) -> bool {
        self.is_exact_with(path, Entries::Many)
    }

    /// The same for [`bounds_with`](Self::bounds_with).
    pub fn is_exact_with(&self, path: &str, entries: Entries) -> bool {
        self.defect.is_none()
            && Path::parse(path).is_ok_and(|path| self.node.is_exact_on(&path, entries))
    }

    /// The canonical JSON of the filter; [`from_value`](Self::from_value) makes it equal again.
    pub fn to_value(&self) -> Value {
        self.node.to_value()
    }
}

/// Reads JSON text, in which no key may stand twice: the first of two conditions would be lost.
fn read_json(text: &str) -> Result<Value> {
    let bytes = jsonb::from_json_str(text).map_err(|error| error.context("filter"))?;
    jsonb::from_slice(&bytes)
}

/// Equal when they mean the same in the same canonical form.
impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node && self.defect == other.defect
    }
}

impl FromStr for Filter {
    type Err = Error;

    fn from_str(json: &str) -> Result<Self> {
        Filter::parse(json)
    }
}

impl TryFrom<&Value> for Filter {
    type Error = Error;

    fn try_from(value: &Value) -> Result<Self> {
        Filter::from_value(value)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.defect {
            None => write!(f, "Filter({self})"),
            Some(defect) => write!(f, "Filter({defect:?})"),
        }
    }
}
