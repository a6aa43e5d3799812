//! Reads a filter from JSON, refusing what it does not know with its position and the nearest name.

use serde_json::{Map, Value};

use crate::error::Result;
use crate::filter::ast::{Comparison, ElemMatch, Node, Predicate};
use crate::filter::literal::{Literal, LiteralSet};
use crate::filter::path::Path;
use crate::filter::pattern::Pattern;
use crate::filter::position::Position;
use crate::filter::suggest::suggestion;
use crate::filter::types::TypeSet;

const LOGICAL: [&str; 3] = ["$and", "$nor", "$or"];
const OPERATORS: [&str; 16] = [
    "$eq",
    "$ne",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$in",
    "$nin",
    "$exists",
    "$type",
    "$regex",
    "$options",
    "$elemMatch",
    "$size",
    "$all",
    "$not",
];

/// A filter: an object of fields and logical operators.
pub(crate) fn filter(value: &Value, at: &Position<'_>) -> Result<Node> {
    at.check_depth()?;
    let Value::Object(entries) = value else {
        return Err(at.refuse(format!(
            "expected a filter such as {{\"age\": {{\"$gte\": 18}}}}, found {}",
            describe(value)
        )));
    };
    let mut members = Vec::with_capacity(entries.len());
    // What stands under a key of the object comes before what stands in its $and, whatever the
    // map's order, so that a printed filter reads back as itself.
    for (key, value) in entries.iter().filter(|(key, _)| *key != "$and") {
        let at = at.key(key);
        match key.as_str() {
            "$or" => members.push(Node::or(list_of_filters(value, &at)?)),
            "$nor" => members.push(Node::nor(list_of_filters(value, &at)?)),
            operator if operator.starts_with('$') => {
                return Err(at.refuse(misplaced_operator(operator)));
            }
            path => {
                let path = Path::parse(path).map_err(|error| at.locate(error))?;
                members.extend(field(path, value, &at)?);
            }
        }
    }
    if let Some(value) = entries.get("$and") {
        members.extend(list_of_filters(value, &at.key("$and"))?);
    }
    Ok(Node::and(members))
}

/// The predicate that `operator` with `operand` stands for.
pub(crate) fn predicate(operator: &str, operand: &Value, at: &Position<'_>) -> Result<Predicate> {
    at.check_depth()?;
    Ok(match operator {
        "$eq" => Predicate::Eq(literal(operand, at)?),
        "$ne" => Predicate::Ne(literal(operand, at)?),
        "$gt" => comparison(Comparison::Greater, operand, at)?,
        "$gte" => comparison(Comparison::GreaterOrEqual, operand, at)?,
        "$lt" => comparison(Comparison::Less, operand, at)?,
        "$lte" => comparison(Comparison::LessOrEqual, operand, at)?,
        "$in" => Predicate::In(literals(operand, at)?),
        "$nin" => Predicate::NotIn(literals(operand, at)?),
        "$exists" => match operand {
            Value::Bool(wanted) => Predicate::Exists(*wanted),
            other => return Err(at.refuse(expected("true or false", other))),
        },
        "$type" => types(operand, at)?,
        "$regex" => regex(operand, "", at)?,
        "$elemMatch" => element_match(operand, at)?,
        "$size" => match operand.as_u64() {
            Some(size) => Predicate::Size(size),
            None => return Err(at.refuse(expected("a whole number, 0 or more", operand))),
        },
        "$all" => all(operand, at)?,
        "$not" => {
            let Value::Object(entries) = operand else {
                return Err(at.refuse(expected("an object of operators", operand)));
            };
            Predicate::Not(operators(entries, at)?)
        }
        "$options" => return Err(at.refuse("stands beside $regex, never alone")),
        unknown => return Err(at.refuse(unknown_operator(unknown))),
    })
}

fn list_of_filters(value: &Value, at: &Position<'_>) -> Result<Vec<Node>> {
    let items = list(value, at)?;
    if items.is_empty() {
        return Err(at.refuse("expected at least one filter in the list"));
    }
    items.iter().enumerate().map(|(index, item)| filter(item, &at.index(index))).collect()
}

fn field(path: Path, value: &Value, at: &Position<'_>) -> Result<Vec<Node>> {
    let predicates = match value {
        Value::Object(entries) if has_operators(entries) => operators(entries, at)?,
        value => vec![Predicate::Eq(literal(value, at)?)],
    };
    Ok(predicates.into_iter().map(|predicate| Node::Field(path.clone(), predicate)).collect())
}

/// An object of operators: sorted by name, none twice, at least one.
fn operators(entries: &Map<String, Value>, at: &Position<'_>) -> Result<Vec<Predicate>> {
    let mut predicates = Vec::with_capacity(entries.len());
    for (name, operand) in entries {
        let at = at.key(name);
        if !name.starts_with('$') {
            return Err(at.refuse(
                "a field cannot stand among operators; compare a whole object with $eq, \
                 or name the field by its path",
            ));
        }
        match (name.as_str(), entries.get("$options")) {
            ("$options", _) if entries.contains_key("$regex") => {}
            ("$regex", Some(Value::String(options))) => {
                predicates.push(regex(operand, options, &at)?);
            }
            ("$regex", Some(other)) => {
                return Err(at.refuse(format!("$options: {}", expected("text", other))));
            }
            (name, _) => predicates.push(predicate(name, operand, &at)?),
        }
    }
    if predicates.is_empty() {
        return Err(at.refuse("expected at least one operator"));
    }
    predicates.sort_by_key(Predicate::name);
    Ok(predicates)
}

fn comparison(operator: Comparison, operand: &Value, at: &Position<'_>) -> Result<Predicate> {
    if operand.is_array() || operand.is_object() {
        return Err(at.refuse(expected("a number, text, true, false or null", operand)));
    }
    Ok(Predicate::Compare(operator, literal(operand, at)?))
}

fn types(operand: &Value, at: &Position<'_>) -> Result<Predicate> {
    let names = match operand {
        Value::Array(names) if !names.is_empty() => names.as_slice(),
        Value::Array(_) => return Err(at.refuse("expected at least one type name")),
        name => std::slice::from_ref(name),
    };
    let mut set = TypeSet::EMPTY;
    for name in names {
        let Value::String(name) = name else {
            return Err(at.refuse(expected("a type name or a list of them", name)));
        };
        set = set.with(name).ok_or_else(|| {
            let known = TypeSet::known_names();
            at.refuse(format!("unknown type {name:?}{}", suggestion(name, &known)))
        })?;
    }
    Ok(Predicate::Type(set))
}

fn regex(operand: &Value, options: &str, at: &Position<'_>) -> Result<Predicate> {
    let Value::String(source) = operand else {
        return Err(at.refuse(expected("a regular expression as text", operand)));
    };
    Pattern::new(source, options).map(Predicate::Regex).map_err(|error| at.locate(error))
}

fn element_match(operand: &Value, at: &Position<'_>) -> Result<Predicate> {
    let element = match operand {
        Value::Object(entries) if has_operators(entries) && !has_logical(entries) => {
            ElemMatch::Value(operators(entries, at)?)
        }
        Value::Object(_) => ElemMatch::Object(Box::new(filter(operand, at)?)),
        other => return Err(at.refuse(expected("an object of operators or a filter", other))),
    };
    Ok(Predicate::ElemMatch(element))
}

fn all(operand: &Value, at: &Position<'_>) -> Result<Predicate> {
    let mut items = Vec::new();
    for (index, item) in list(operand, at)?.iter().enumerate() {
        let at = at.index(index);
        items.push(match item {
            Value::Object(entries) if entries.len() == 1 && entries.contains_key("$elemMatch") => {
                predicate("$elemMatch", &entries["$elemMatch"], &at.key("$elemMatch"))?
            }
            item => Predicate::Eq(list_item(item, &at)?),
        });
    }
    Ok(Predicate::All(items))
}

fn literals(operand: &Value, at: &Position<'_>) -> Result<LiteralSet> {
    let items = list(operand, at)?.iter().enumerate();
    let literals: Result<Vec<Literal>> =
        items.map(|(index, item)| list_item(item, &at.index(index))).collect();
    Ok(LiteralSet::new(literals?))
}

/// A value in a list, where an operator can only be a mistake.
fn list_item(value: &Value, at: &Position<'_>) -> Result<Literal> {
    if let Value::Object(entries) = value
        && let Some(operator) = entries.keys().find(|key| OPERATORS.contains(&key.as_str()))
    {
        return Err(at.refuse(format!("operator {operator} cannot stand in a list of values")));
    }
    literal(value, at)
}

fn literal(value: &Value, at: &Position<'_>) -> Result<Literal> {
    check_nesting(value, at)?;
    Ok(Literal::new(value))
}

fn check_nesting(value: &Value, at: &Position<'_>) -> Result<()> {
    at.check_depth()?;
    match value {
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(i, item)| check_nesting(item, &at.index(i)))
        }
        Value::Object(fields) => {
            fields.iter().try_for_each(|(key, field)| check_nesting(field, &at.key(key)))
        }
        _ => Ok(()),
    }
}

fn list<'v>(value: &'v Value, at: &Position<'_>) -> Result<&'v [Value]> {
    let Value::Array(items) = value else {
        return Err(at.refuse(expected("a list", value)));
    };
    if items.len() > at.most_members() {
        return Err(at.refuse(format!(
            "the list has {} members; at most {} are allowed",
            items.len(),
            at.most_members()
        )));
    }
    Ok(items)
}

fn has_operators(entries: &Map<String, Value>) -> bool {
    entries.keys().any(|key| key.starts_with('$'))
}

fn has_logical(entries: &Map<String, Value>) -> bool {
    entries.keys().any(|key| LOGICAL.contains(&key.as_str()))
}

fn misplaced_operator(operator: &str) -> String {
    if operator == "$not" {
        "stands inside a field; to negate whole filters write {\"$nor\": [...]}".to_owned()
    } else if OPERATORS.contains(&operator) {
        format!("stands inside a field, as in {{\"field\": {{\"{operator}\": …}}}}")
    } else {
        format!("unknown operator{}", suggestion(operator, &LOGICAL))
    }
}

fn unknown_operator(operator: &str) -> String {
    if LOGICAL.contains(&operator) {
        return format!("stands outside a field, as in {{\"{operator}\": [...]}}");
    }
    format!("unknown operator{}", suggestion(operator, &OPERATORS))
}

fn expected(what: &str, found: &Value) -> String {
    format!("expected {what}, found {}", describe(found))
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
