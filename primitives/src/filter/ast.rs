//! The parsed filter: one normal form, so that filters which differ only in spelling are equal.

use crate::filter::literal::{Literal, LiteralSet};
use crate::filter::path::Path;
use crate::filter::pattern::Pattern;
use crate::filter::types::TypeSet;

/// A filter. Build it with [`Node::and`], [`Node::or`] and [`Node::nor`], which keep it normal:
/// no conjunction directly in a conjunction, none of one member, members sorted by field and
/// operator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// All hold; of none, it holds.
    And(Vec<Node>),
    Or(Vec<Node>),
    /// None holds.
    Nor(Vec<Node>),
    Field(Path, Predicate),
}

/// What a filter asks of the values at a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Predicate {
    Eq(Literal),
    Ne(Literal),
    Compare(Comparison, Literal),
    In(LiteralSet),
    NotIn(LiteralSet),
    Exists(bool),
    Type(TypeSet),
    Regex(Pattern),
    ElemMatch(ElemMatch),
    Size(u64),
    /// Each holds for the path, whichever element it holds for.
    All(Vec<Predicate>),
    /// Not all hold. Sorted by operator, none twice.
    Not(Vec<Predicate>),
}

/// What `$elemMatch` asks of one element of an array.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ElemMatch {
    /// The element is an object that this filter accepts.
    Object(Box<Node>),
    /// The element itself satisfies all of these. Sorted by operator, none twice.
    Value(Vec<Predicate>),
}

/// An ordering operator. It compares only values of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Comparison {
    pub(crate) fn accepts(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterOrEqual => ordering.is_ge(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessOrEqual => ordering.is_le(),
        }
    }

    /// The same operator in SQL.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
        }
    }

    /// Whether equality satisfies it, which is all that null can offer.
    pub(crate) fn accepts_equal(self) -> bool {
        self.accepts(std::cmp::Ordering::Equal)
    }
}

impl Predicate {
    /// The operator as it is written.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Predicate::Eq(_) => "$eq",
            Predicate::Ne(_) => "$ne",
            Predicate::Compare(Comparison::Greater, _) => "$gt",
            Predicate::Compare(Comparison::GreaterOrEqual, _) => "$gte",
            Predicate::Compare(Comparison::Less, _) => "$lt",
            Predicate::Compare(Comparison::LessOrEqual, _) => "$lte",
            Predicate::In(_) => "$in",
            Predicate::NotIn(_) => "$nin",
            Predicate::Exists(_) => "$exists",
            Predicate::Type(_) => "$type",
            Predicate::Regex(_) => "$regex",
            Predicate::ElemMatch(_) => "$elemMatch",
            Predicate::Size(_) => "$size",
            Predicate::All(_) => "$all",
            Predicate::Not(_) => "$not",
        }
    }

    fn negated_at(self, path: Path) -> Node {
        let negated = match self {
            Predicate::Eq(literal) => Predicate::Ne(literal),
            Predicate::Ne(literal) => Predicate::Eq(literal),
            Predicate::In(set) => Predicate::NotIn(set),
            Predicate::NotIn(set) => Predicate::In(set),
            Predicate::Exists(wanted) => Predicate::Exists(!wanted),
            Predicate::Not(all) => {
                return Node::and(all.into_iter().map(|each| Node::Field(path.clone(), each)));
            }
            other => Predicate::Not(vec![other]),
        };
        Node::Field(path, negated)
    }

    fn depth(&self) -> usize {
        match self {
            Predicate::ElemMatch(ElemMatch::Object(node)) => 1 + node.depth(),
            Predicate::ElemMatch(ElemMatch::Value(all)) | Predicate::Not(all) => 1 + deepest(all),
            Predicate::All(all) => 2 + deepest(all),
            Predicate::Eq(literal) | Predicate::Ne(literal) => 1 + literal_depth(literal),
            Predicate::In(set) | Predicate::NotIn(set) => {
                2 + set.literals().iter().map(literal_depth).max().unwrap_or(0)
            }
            _ => 2,
        }
    }
}

impl Node {
    pub(crate) const ALL: Node = Node::And(Vec::new());

    pub(crate) fn and(members: impl IntoIterator<Item = Node>) -> Node {
        let mut flat = Vec::new();
        for member in members {
            match member {
                Node::And(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        flat.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        single(flat).unwrap_or_else(Node::And)
    }

    pub(crate) fn or(members: impl IntoIterator<Item = Node>) -> Node {
        let mut flat = Vec::new();
        for member in members {
            match member {
                Node::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        single(flat).unwrap_or_else(Node::Or)
    }

    pub(crate) fn nor(members: impl IntoIterator<Item = Node>) -> Node {
        let members = members.into_iter().collect();
        match single(members) {
            Err(several) => Node::Nor(several),
            Ok(Node::Or(inner)) => Node::Nor(inner),
            Ok(Node::Nor(inner)) => Node::or(inner),
            Ok(Node::Field(path, predicate)) => predicate.negated_at(path),
            Ok(other) => Node::Nor(vec![other]),
        }
    }

    /// How deep the JSON text of this filter can nest.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Node::And(members) | Node::Or(members) | Node::Nor(members) => {
                2 + members.iter().map(Node::depth).max().unwrap_or(0)
            }
            Node::Field(_, predicate) => 1 + predicate.depth(),
        }
    }

    fn sort_key(&self) -> (u8, Option<(&Path, &'static str)>) {
        match self {
            Node::And(_) => (0, None),
            Node::Or(_) => (1, None),
            Node::Nor(_) => (2, None),
            Node::Field(path, predicate) => (3, Some((path, predicate.name()))),
        }
    }
}

fn single(mut members: Vec<Node>) -> Result<Node, Vec<Node>> {
    match members.pop() {
        Some(only) if members.is_empty() => Ok(only),
        Some(last) => {
            members.push(last);
            Err(members)
        }
        None => Err(members),
    }
}

fn deepest(predicates: &[Predicate]) -> usize {
    predicates.iter().map(Predicate::depth).max().unwrap_or(0)
}

fn literal_depth(literal: &Literal) -> usize {
    fn of(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::Array(items) => 1 + items.iter().map(of).max().unwrap_or(0),
            serde_json::Value::Object(fields) => 1 + fields.values().map(of).max().unwrap_or(0),
            _ => 0,
        }
    }
    match literal {
        Literal::Composite { value, .. } => of(value),
        _ => 0,
    }
}
