//! What a filter demands of an index: the key ranges in which every match has an entry.

use std::ops::Bound;

use crate::filter::ast::{Comparison, ElemMatch, Node, Predicate};
use crate::filter::literal::Literal;
use crate::filter::path::Path;
use crate::filter::range::{Bounds, KeyRange, Tightness};
use crate::key;

/// How many entries a document may have in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// Any number, as soon as one document has an array on the path. Two limits on one field can
    /// then be satisfied by two elements, so that only one of them bounds the scan.
    Many,
    /// At most one in each document of this index: all limits bound the scan together.
    One,
}

/// What a predicate speaks of.
#[derive(Clone, Copy, PartialEq)]
enum Subject {
    /// The values at the index's path: each has an entry, its elements too, and a missing one none.
    Values,
    /// One element of an array there: it has an entry, its own elements have none.
    Element,
}

impl Node {
    pub(crate) fn bounds(&self, path: &Path, entries: Entries) -> Option<Bounds> {
        match self {
            Node::And(members) => {
                let all = members.iter().filter_map(|member| member.bounds(path, entries));
                conjunction(all, entries)
            }
            Node::Or(members) => {
                let mut union = Bounds::nothing();
                for member in members {
                    union = union.union(member.bounds(path, entries)?);
                }
                Some(union)
            }
            Node::Nor(_) => None,
            Node::Field(own, predicate) if own == path => {
                predicate_bounds(predicate, Subject::Values, entries)
            }
            Node::Field(own, Predicate::ElemMatch(ElemMatch::Object(element))) => {
                element.bounds(&path.strip_prefix(own)?, entries)
            }
            Node::Field(..) => None,
        }
    }

    /// Whether the bounds on `path` alone decide the filter: a document matches when, and only
    /// when, one of its entries lies in them.
    pub(crate) fn is_exact_on(&self, path: &Path, entries: Entries) -> bool {
        match self {
            Node::And(members) => {
                entries == Entries::One
                    && !members.is_empty()
                    && members.iter().all(|member| member.is_exact_on(path, entries))
            }
            Node::Or(members) => members.iter().all(|member| member.is_exact_on(path, entries)),
            Node::Nor(_) => false,
            Node::Field(own, predicate) => own == path && is_exact(predicate),
        }
    }
}

fn conjunction(all: impl Iterator<Item = Bounds>, entries: Entries) -> Option<Bounds> {
    match entries {
        Entries::Many => all.min_by_key(Bounds::tightness),
        Entries::One => all.reduce(|a, b| a.intersect(&b)),
    }
}

fn predicate_bounds(predicate: &Predicate, subject: Subject, entries: Entries) -> Option<Bounds> {
    match predicate {
        positive if subject == Subject::Values && positive.accepts_missing() => None,
        Predicate::Eq(literal) => Some(Bounds::points([literal.key()])),
        Predicate::In(set) => Some(Bounds::points(set.literals().iter().map(Literal::key))),
        Predicate::Compare(comparison, literal) => Some(comparison_bounds(*comparison, literal)),
        Predicate::Regex(pattern) => Some(prefix_bounds(pattern.literal_prefix()?)),
        Predicate::All(items) if items.is_empty() => Some(Bounds::nothing()),
        Predicate::All(items) => {
            let all = items.iter().filter_map(|item| predicate_bounds(item, subject, entries));
            conjunction(all, entries)
        }
        // One element satisfies all of these, and that element has an entry of its own.
        Predicate::ElemMatch(ElemMatch::Value(all)) if subject == Subject::Values => all
            .iter()
            .filter_map(|each| predicate_bounds(each, Subject::Element, entries))
            .reduce(|a, b| a.intersect(&b)),
        _ => None,
    }
}

fn is_exact(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Eq(_) | Predicate::In(_) | Predicate::Compare(..) => {
            !predicate.accepts_missing()
        }
        _ => false,
    }
}

/// The values on one side of `literal`, of its own type only.
fn comparison_bounds(comparison: Comparison, literal: &Literal) -> Bounds {
    let Some(class) = type_range(literal) else {
        return if comparison.accepts_equal() {
            Bounds::points([literal.key()])
        } else {
            Bounds::nothing()
        };
    };
    let key = literal.key();
    let range = match comparison {
        Comparison::Greater => KeyRange { start: Bound::Excluded(key), end: class.end },
        Comparison::GreaterOrEqual => KeyRange { start: Bound::Included(key), end: class.end },
        Comparison::Less => KeyRange { start: class.start, end: Bound::Excluded(key) },
        Comparison::LessOrEqual => KeyRange { start: class.start, end: Bound::Included(key) },
    };
    Bounds::range(range, Tightness::HalfRange)
}

/// All keys of the literal's type, between the neighbouring types of the key codec's order:
/// null < bool < numbers < bytes < text < timestamp < nested. `None` for null, which has one key.
fn type_range(literal: &Literal) -> Option<KeyRange> {
    let key = |value| key::encode(&[value]);
    Some(match literal {
        Literal::Null | Literal::Composite { .. } => return None,
        Literal::Bool(_) => KeyRange {
            start: Bound::Included(key(key::Value::Bool(false))),
            end: Bound::Included(key(key::Value::Bool(true))),
        },
        Literal::Int(_) | Literal::Float(_) => KeyRange {
            start: Bound::Excluded(key(key::Value::Bool(true))),
            end: Bound::Excluded(key(key::Value::Bytes(Vec::new()))),
        },
        Literal::Text(_) => KeyRange {
            start: Bound::Included(key(key::Value::Text(String::new()))),
            end: Bound::Excluded(key(key::Value::Timestamp(i64::MIN))),
        },
    })
}

fn prefix_bounds(prefix: String) -> Bounds {
    let after = match after_all_with_prefix(&prefix) {
        Some(after) => key::Value::Text(after),
        None => key::Value::Timestamp(i64::MIN),
    };
    let range = KeyRange {
        start: Bound::Included(key::encode(&[key::Value::Text(prefix)])),
        end: Bound::Excluded(key::encode(&[after])),
    };
    Bounds::range(range, Tightness::Range)
}

/// The smallest text after all texts with this prefix: UTF-8 sorts as code points do.
fn after_all_with_prefix(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            other => char::from_u32(other as u32 + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}
