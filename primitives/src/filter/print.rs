//! Writes a filter back as JSON that reads as the same filter.

use serde_json::{Map, Value};

use crate::filter::ast::{ElemMatch, Node, Predicate};
use crate::filter::literal::Literal;

impl Node {
    /// The canonical JSON of this filter.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Node::And(members) => conjunction(members),
            Node::Or(members) => object("$or", list(members)),
            Node::Nor(members) => object("$nor", list(members)),
            Node::Field(..) => conjunction(std::slice::from_ref(self)),
        }
    }
}

/// One object as far as its keys go; what would need a key twice goes to its `$and`.
fn conjunction(members: &[Node]) -> Value {
    let mut object = Map::new();
    let mut fields: Vec<(String, Map<String, Value>)> = Vec::new();
    let mut rest = Vec::new();
    for member in members {
        match member {
            Node::Or(inner) if !object.contains_key("$or") => {
                object.insert("$or".to_owned(), list(inner));
            }
            Node::Nor(inner) if !object.contains_key("$nor") => {
                object.insert("$nor".to_owned(), list(inner));
            }
            Node::Field(path, predicate) => {
                let path = path.to_string();
                if fields.last().is_none_or(|(last, _)| *last != path) {
                    fields.push((path, Map::new()));
                }
                match fields.last_mut() {
                    Some((_, operators)) if !operators.contains_key(predicate.name()) => {
                        write_operator(operators, predicate);
                    }
                    _ => rest.push(member.to_value()),
                }
            }
            other => rest.push(other.to_value()),
        }
    }
    for (path, operators) in fields {
        object.insert(path, implicit_equality(operators));
    }
    if !rest.is_empty() {
        object.insert("$and".to_owned(), Value::Array(rest));
    }
    Value::Object(object)
}

/// `{"$eq": 1}` is written `1`, unless the value would itself read as operators.
fn implicit_equality(mut operators: Map<String, Value>) -> Value {
    let reads_as_operators = |value: &Value| {
        value.as_object().is_some_and(|fields| fields.keys().any(|key| key.starts_with('$')))
    };
    match operators.get("$eq") {
        Some(value) if operators.len() == 1 && !reads_as_operators(value) => {
            operators.remove("$eq").unwrap_or_default()
        }
        _ => Value::Object(operators),
    }
}

fn write_operator(object: &mut Map<String, Value>, predicate: &Predicate) {
    let operand = match predicate {
        Predicate::Eq(literal) | Predicate::Ne(literal) | Predicate::Compare(_, literal) => {
            literal.to_value()
        }
        Predicate::In(set) | Predicate::NotIn(set) => {
            set.literals().iter().map(Literal::to_value).collect()
        }
        Predicate::Exists(wanted) => Value::Bool(*wanted),
        Predicate::Type(types) => types.to_value(),
        Predicate::Regex(pattern) => {
            if !pattern.options().is_empty() {
                object.insert("$options".to_owned(), Value::from(pattern.options()));
            }
            Value::from(pattern.source())
        }
        Predicate::ElemMatch(ElemMatch::Object(node)) => node.to_value(),
        Predicate::ElemMatch(ElemMatch::Value(predicates)) | Predicate::Not(predicates) => {
            operators(predicates)
        }
        Predicate::Size(size) => Value::from(*size),
        Predicate::All(items) => items.iter().map(all_item).collect(),
    };
    object.insert(predicate.name().to_owned(), operand);
}

fn all_item(item: &Predicate) -> Value {
    match item {
        Predicate::Eq(literal) => literal.to_value(),
        other => operators(std::slice::from_ref(other)),
    }
}

fn operators(predicates: &[Predicate]) -> Value {
    let mut object = Map::new();
    for predicate in predicates {
        write_operator(&mut object, predicate);
    }
    Value::Object(object)
}

fn list(members: &[Node]) -> Value {
    members.iter().map(Node::to_value).collect()
}

fn object(key: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}
