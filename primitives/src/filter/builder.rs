//! Builds filters in Rust: `field("age").gte(18) & field("tags").contains("x")`.

use crate::error::Result;
use crate::filter::ast::{ElemMatch, Node, Predicate};
use crate::filter::operand::Operand;
use crate::filter::path::Path;
use crate::filter::position::Position;
use crate::filter::{Defect, Filter, LIMITS, parse};

/// Starts a condition on the dotted `path`.
///
/// What is wrong with the path or with an operand is told by [`Filter::check`], which every store
/// calls before it uses a filter.
///
/// ```
/// use headwater_primitives::filter::field;
///
/// let adult = field("age").gte(18);
/// let filter = adult & (field("tags").contains("x") | !field("seen").exists());
/// assert_eq!(
///     filter.to_string(),
///     r#"{"$or":[{"tags":"x"},{"seen":{"$exists":false}}],"age":{"$gte":18}}"#,
/// );
/// ```
pub fn field(path: &str) -> Field {
    Field { name: path.to_owned(), path: Path::parse(path) }
}

/// Starts a condition on one element of an array itself, for [`Field::any`].
///
/// ```
/// use headwater_primitives::filter::{field, value};
///
/// let filter = field("scores").any(value().gte(80) & value().lt(85));
/// assert_eq!(filter.to_string(), r#"{"scores":{"$elemMatch":{"$gte":80,"$lt":85}}}"#);
/// ```
pub fn value() -> Field {
    Field { name: String::new(), path: Ok(Path::itself()) }
}

/// A field, to be followed by the condition on it.
#[derive(Debug)]
#[must_use = "a field alone is no filter; follow it by a condition such as .eq(1)"]
pub struct Field {
    name: String,
    path: Result<Path>,
}

impl Field {
    /// `$eq`: equal, or an array with an equal element. Null equals a missing value too.
    pub fn eq(self, value: impl Into<Operand>) -> Filter {
        self.operator("$eq", value.into())
    }

    /// `$ne`: not [`eq`](Self::eq).
    pub fn ne(self, value: impl Into<Operand>) -> Filter {
        self.operator("$ne", value.into())
    }

    /// The same as [`eq`](Self::eq), for a field that holds an array.
    pub fn contains(self, element: impl Into<Operand>) -> Filter {
        self.eq(element)
    }

    /// `$gt`: greater, and of the same type.
    pub fn gt(self, value: impl Into<Operand>) -> Filter {
        self.operator("$gt", value.into())
    }

    /// `$gte`: greater or equal, and of the same type.
    pub fn gte(self, value: impl Into<Operand>) -> Filter {
        self.operator("$gte", value.into())
    }

    /// `$lt`: less, and of the same type.
    pub fn lt(self, value: impl Into<Operand>) -> Filter {
        self.operator("$lt", value.into())
    }

    /// `$lte`: less or equal, and of the same type.
    pub fn lte(self, value: impl Into<Operand>) -> Filter {
        self.operator("$lte", value.into())
    }

    /// `$in`: equal to one of these.
    pub fn one_of<T: Into<Operand>>(self, values: impl IntoIterator<Item = T>) -> Filter {
        self.operator("$in", Operand::list(values))
    }

    /// `$nin`: equal to none of these.
    pub fn none_of<T: Into<Operand>>(self, values: impl IntoIterator<Item = T>) -> Filter {
        self.operator("$nin", Operand::list(values))
    }

    /// `$all`: equal to each of these; for an array, whose elements they may be. Of no values it
    /// matches nothing.
    pub fn all_of<T: Into<Operand>>(self, values: impl IntoIterator<Item = T>) -> Filter {
        self.operator("$all", Operand::list(values))
    }

    /// `$exists: true`: the field is there, null or not.
    pub fn exists(self) -> Filter {
        self.operator("$exists", true.into())
    }

    /// `$exists: false`: the field is not there.
    pub fn missing(self) -> Filter {
        self.operator("$exists", false.into())
    }

    /// `$type`: one of `null`, `bool`, `number`, `int`, `double`, `string`, `array`, `object`, or a
    /// list of them.
    pub fn is_type(self, names: impl Into<Operand>) -> Filter {
        self.operator("$type", names.into())
    }

    /// `$regex`: text with a match of the pattern, in the syntax of the `regex` crate.
    pub fn matches(self, pattern: &str) -> Filter {
        self.operator("$regex", pattern.into())
    }

    /// `$size`: an array of this length.
    pub fn size(self, length: u64) -> Filter {
        self.operator("$size", length.into())
    }

    /// `$elemMatch`: an array with an element that satisfies `element`: an object with the fields
    /// that it names, or the element [`value`] itself.
    pub fn any(self, element: Filter) -> Filter {
        let depth = element.depth + 2;
        let element_match = match element.defect {
            None => ElemMatch::Object(Box::new(element.node)),
            Some(Defect::Refused(reason)) => return Filter::refused(reason),
            Some(Defect::Loose) => match value_predicates(element.node) {
                Some(all) => ElemMatch::Value(all),
                None => {
                    return Filter::refused(format!(
                        "filter at $.{}: conditions on value() can only be joined with & to other \
                         operators on value(), each once",
                        self.name
                    ));
                }
            },
        };
        self.filter(Predicate::ElemMatch(element_match), depth)
    }

    fn operator(self, name: &str, operand: Operand) -> Filter {
        let root = Position::root(LIMITS);
        let at = root.key(&self.name);
        let at = at.key(name);
        let predicate = match operand.0 {
            Some(operand) => parse::predicate(name, &operand, &at),
            None => Err(at.refuse("expected a finite number")),
        };
        match predicate {
            Ok(predicate) => self.filter(predicate, 0),
            Err(error) => Filter::refused(error.to_string()),
        }
    }

    fn filter(self, predicate: Predicate, depth: usize) -> Filter {
        let path = match self.path {
            Ok(path) => path,
            Err(error) => return Filter::refused(format!("filter: {error}")),
        };
        let defect = path.is_itself().then_some(Defect::Loose);
        let node = Node::Field(path, predicate);
        let depth = if depth == 0 { node.depth() } else { depth };
        Filter { node, depth, defect }.within_limits()
    }
}

/// The predicates on [`value`] when the filter is a conjunction of nothing else, none twice.
fn value_predicates(node: Node) -> Option<Vec<Predicate>> {
    let members = match node {
        Node::And(members) => members,
        other => vec![other],
    };
    let mut predicates: Vec<Predicate> = Vec::with_capacity(members.len());
    for member in members {
        match member {
            Node::Field(path, predicate) if path.is_itself() => predicates.push(predicate),
            _ => return None,
        }
    }
    let ascending = predicates.windows(2).all(|pair| pair[0].name() < pair[1].name());
    ascending.then_some(predicates)
}
