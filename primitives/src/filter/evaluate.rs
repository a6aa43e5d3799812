//! Decides in memory whether a document satisfies a filter. The SQL of `sql.rs` means the same.

use crate::filter::ast::{ElemMatch, Node, Predicate};
use crate::filter::literal::Literal;
use crate::filter::path::Path;
use crate::jsonb::{Kind, View};

impl Node {
    pub(crate) fn accepts(&self, document: View<'_>) -> bool {
        match self {
            Node::And(members) => members.iter().all(|member| member.accepts(document)),
            Node::Or(members) => members.iter().any(|member| member.accepts(document)),
            Node::Nor(members) => !members.iter().any(|member| member.accepts(document)),
            Node::Field(path, predicate) => predicate.accepts_at(document, path),
        }
    }
}

impl Predicate {
    /// Whether it holds for what `path` leads to. The negative operators deny the positive one as a
    /// whole: `$ne` holds when no value at the path is equal.
    fn accepts_at(&self, document: View<'_>, path: &Path) -> bool {
        match self {
            Predicate::Ne(literal) => !path.any(document, |value| eq_or_missing(literal, value)),
            Predicate::NotIn(set) => !path.any(document, |value| match value {
                Some(value) => itself_or_element(value, |value| set.contains(value)),
                None => set.has_null(),
            }),
            Predicate::Exists(wanted) => path.any(document, |value| value.is_some()) == *wanted,
            Predicate::All(items) => {
                !items.is_empty() && items.iter().all(|item| item.accepts_at(document, path))
            }
            Predicate::Not(all) => !all.iter().all(|each| each.accepts_at(document, path)),
            Predicate::Eq(literal) => path.any(document, |value| eq_or_missing(literal, value)),
            Predicate::Size(_) | Predicate::ElemMatch(_) => {
                path.any(document, |value| value.is_some_and(|value| self.accepts_value(value)))
            }
            Predicate::Compare(..)
            | Predicate::In(_)
            | Predicate::Type(_)
            | Predicate::Regex(_) => path.any(document, |value| match value {
                Some(value) => itself_or_element(value, |value| self.accepts_value(value)),
                None => self.accepts_missing(),
            }),
        }
    }

    /// Whether it holds for this one value, an array's elements left aside.
    fn accepts_value(&self, value: View<'_>) -> bool {
        match self {
            Predicate::Eq(literal) => literal.equals(value),
            Predicate::Ne(literal) => !literal.equals(value),
            Predicate::Compare(comparison, literal) => {
                literal.compared_by(value).is_some_and(|ordering| comparison.accepts(ordering))
            }
            Predicate::In(set) => set.contains(value),
            Predicate::NotIn(set) => !set.contains(value),
            Predicate::Exists(wanted) => *wanted,
            Predicate::Type(types) => types.contains(value.kind()),
            Predicate::Regex(pattern) => {
                value.kind() == Kind::Text
                    && value.as_str().is_some_and(|text| pattern.is_match(&text))
            }
            Predicate::ElemMatch(element_match) => {
                value.kind() == Kind::Array
                    && value.elements().any(|element| element_match.accepts(element))
            }
            Predicate::Size(size) => {
                value.kind() == Kind::Array && u64::try_from(value.len()) == Ok(*size)
            }
            Predicate::All(items) => {
                !items.is_empty() && items.iter().all(|item| item.accepts_value(value))
            }
            Predicate::Not(all) => !all.iter().all(|each| each.accepts_value(value)),
        }
    }

    /// Whether a missing value satisfies a positive predicate: it does where null would be equal.
    pub(crate) fn accepts_missing(&self) -> bool {
        match self {
            Predicate::Eq(literal) => *literal == Literal::Null,
            Predicate::Compare(comparison, Literal::Null) => comparison.accepts_equal(),
            Predicate::In(set) => set.has_null(),
            _ => false,
        }
    }
}

impl ElemMatch {
    fn accepts(&self, element: View<'_>) -> bool {
        match self {
            ElemMatch::Object(node) => element.kind() == Kind::Object && node.accepts(element),
            ElemMatch::Value(all) => all.iter().all(|each| each.accepts_value(element)),
        }
    }
}

fn eq_or_missing(literal: &Literal, value: Option<View<'_>>) -> bool {
    match value {
        Some(value) => itself_or_element(value, |value| literal.equals(value)),
        None => *literal == Literal::Null,
    }
}

fn itself_or_element<'a>(value: View<'a>, mut holds: impl FnMut(View<'a>) -> bool) -> bool {
    holds(value) || (value.kind() == Kind::Array && value.elements().any(holds))
}
