//! The meaning of a filter once more, read straight from its JSON: slow, short, and sharing no code.

use std::cmp::Ordering;

use serde_json::{Map, Value};

/// Whether `document` satisfies the valid filter `filter`.
pub(super) fn accepts(filter: &Value, document: &Value) -> bool {
    filter.as_object().unwrap().iter().all(|(key, operand)| {
        let of_list = || operand.as_array().unwrap().iter().map(|inner| accepts(inner, document));
        match key.as_str() {
            "$and" => of_list().all(|answer| answer),
            "$or" => of_list().any(|answer| answer),
            "$nor" => !of_list().any(|answer| answer),
            path => {
                let names: Vec<&str> = path.split('.').collect();
                let mut values = Vec::new();
                collect(document, &names, &mut values);
                condition(operand, &values)
            }
        }
    })
}

/// The values at a path; `None` is a missing one.
fn collect<'a>(value: &'a Value, names: &[&str], out: &mut Vec<Option<&'a Value>>) {
    let Some((name, rest)) = names.split_first() else {
        return out.push(Some(value));
    };
    match value {
        Value::Object(fields) => match fields.get(*name) {
            Some(field) => collect(field, rest, out),
            None => out.push(None),
        },
        Value::Array(elements) => {
            let index: Option<usize> = name.parse().ok();
            let before = out.len();
            let indexed = index.and_then(|index| elements.get(index));
            if let Some(element) = indexed {
                collect(element, rest, out);
            }
            for element in elements.iter().filter(|element| element.is_object()) {
                if index.is_none() || element.get(name).is_some() {
                    collect(element, names, out);
                }
            }
            if index.is_some() && indexed.is_none() && out.len() == before {
                out.push(None);
            }
        }
        _ => out.push(None),
    }
}

fn operators(condition: &Value) -> Option<&Map<String, Value>> {
    condition.as_object().filter(|fields| fields.keys().any(|key| key.starts_with('$')))
}

fn condition(condition: &Value, values: &[Option<&Value>]) -> bool {
    match operators(condition) {
        Some(all) => all.iter().all(|(name, operand)| operator(name, operand, values)),
        None => operator("$eq", condition, values),
    }
}

fn operator(name: &str, operand: &Value, values: &[Option<&Value>]) -> bool {
    match name {
        "$ne" => !operator("$eq", operand, values),
        "$nin" => !operator("$in", operand, values),
        "$not" => !condition(operand, values),
        "$exists" => values.iter().any(Option::is_some) == (operand == &Value::Bool(true)),
        "$all" => {
            let items = operand.as_array().unwrap();
            !items.is_empty() && items.iter().all(|item| condition(item, values))
        }
        "$size" | "$elemMatch" => values.iter().flatten().any(|value| one(name, operand, value)),
        _ => values.iter().any(|value| match value {
            None => one(name, operand, &Value::Null) && !["$type"].contains(&name),
            Some(Value::Array(elements)) => {
                one(name, operand, &Value::from(elements.clone()))
                    || elements.iter().any(|element| one(name, operand, element))
            }
            Some(value) => one(name, operand, value),
        }),
    }
}

/// An operator on one value by itself.
fn one(name: &str, operand: &Value, value: &Value) -> bool {
    let order = || compare(value, operand);
    match name {
        "$eq" => equal(value, operand),
        "$ne" => !equal(value, operand),
        "$gt" => order() == Some(Ordering::Greater),
        "$lt" => order() == Some(Ordering::Less),
        "$gte" => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
        "$lte" => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
        "$in" => operand.as_array().unwrap().iter().any(|item| equal(value, item)),
        "$nin" => !one("$in", operand, value),
        "$exists" => operand == &Value::Bool(true),
        "$type" => match operand {
            Value::Array(names) => names.iter().any(|name| is_type(name, value)),
            name => is_type(name, value),
        },
        "$regex" => value.as_str().is_some_and(|text| {
            regex::Regex::new(operand.as_str().unwrap()).unwrap().is_match(text)
        }),
        "$size" => {
            value.as_array().is_some_and(|items| Some(items.len() as u64) == operand.as_u64())
        }
        "$all" => {
            let items = operand.as_array().unwrap();
            !items.is_empty() && items.iter().all(|item| on_element(item, value))
        }
        "$not" => !on_element(operand, value),
        "$elemMatch" => value.as_array().is_some_and(|elements| {
            elements.iter().any(|element| match operators(operand) {
                Some(_) => on_element(operand, element),
                None => element.is_object() && accepts(operand, element),
            })
        }),
        other => panic!("{other}"),
    }
}

fn on_element(condition: &Value, element: &Value) -> bool {
    match operators(condition) {
        Some(all) => all.iter().all(|(name, operand)| one(name, operand, element)),
        None => equal(condition, element),
    }
}

fn is_type(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "bool" => value.is_boolean(),
        "number" => value.is_number(),
        "int" => value.is_i64() || value.is_u64(),
        "double" => value.is_f64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other}"),
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let in_b = |(key, a)| b.get(key).is_some_and(|b| equal(a, b));
            a.len() == b.len() && a.iter().all(in_b)
        }
        _ => compare(a, b) == Some(Ordering::Equal),
    }
}

/// The order of two scalars of one type.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Number(_), Value::Number(_)) => Some(match (a.as_f64()?, b.as_f64()?) {
            // Where rounding makes them equal, both are whole: the digits decide.
            (x, y) if x == y && x.abs() > 1e15 && x.abs() < 1e30 => whole(a).cmp(&whole(b)),
            (x, y) => x.partial_cmp(&y)?,
        }),
        _ => None,
    }
}

fn whole(number: &Value) -> i128 {
    match number.as_number().unwrap().as_i128() {
        Some(int) => int,
        None => number.as_f64().unwrap() as i128,
    }
}
