//! Which predicates SQLite's own JSON functions can decide, and the test of each JSON type.

use rusqlite::types::Value;

use crate::filter::ast::{Comparison, ElemMatch, Node, Predicate};
use crate::filter::literal::{Literal, LiteralSet};
use crate::filter::path::Path;
use crate::filter::types::TypeSet;
use crate::jsonb::Kind;

/// Longer lists are searched by our own function: O(log n), and within SQLite's variable limit.
const LONGEST_LIST: usize = 64;

/// A test of one value whose JSON type is known.
#[derive(Clone)]
pub(crate) enum Test {
    Always,
    Compare(&'static str, Value),
    OneOf(Vec<Value>),
    Matches(String),
}

/// What a positive predicate asks of one value: a test for each JSON type, as `json_type` names
/// them, that can satisfy it. A type that is not listed fails.
pub(crate) type Tests = Vec<(&'static str, Test)>;

/// A positive predicate that SQL can decide where no array stands on the way.
pub(crate) enum Leaf {
    /// By type, for the value or an element of it.
    Tests(Tests),
    Present,
    Size(i64),
    /// All of these for one element; a test that is `false` must fail.
    Element(Vec<(bool, Tests)>),
}

impl Leaf {
    pub(crate) fn of(predicate: &Predicate) -> Option<Leaf> {
        match predicate {
            Predicate::Exists(true) => Some(Leaf::Present),
            Predicate::Size(size) => i64::try_from(*size).ok().map(Leaf::Size),
            Predicate::ElemMatch(ElemMatch::Value(all)) => {
                all.iter().map(element_tests).collect::<Option<_>>().map(Leaf::Element)
            }
            other => tests(other).map(Leaf::Tests),
        }
    }
}

fn element_tests(predicate: &Predicate) -> Option<(bool, Tests)> {
    match predicate {
        Predicate::Ne(literal) => Some((false, tests(&Predicate::Eq(literal.clone()))?)),
        Predicate::NotIn(set) => Some((false, tests(&Predicate::In(set.clone()))?)),
        positive => Some((true, tests(positive)?)),
    }
}

/// Whether SQL alone can decide the filter where no array stands on the way.
pub(crate) fn is_native(node: &Node) -> bool {
    match node {
        Node::And(members) | Node::Or(members) | Node::Nor(members) => {
            members.iter().all(is_native)
        }
        Node::Field(path, predicate) => is_native_at(path, predicate),
    }
}

fn is_native_at(path: &Path, predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Ne(literal) => is_native_at(path, &Predicate::Eq(literal.clone())),
        Predicate::NotIn(set) => is_native_at(path, &Predicate::In(set.clone())),
        Predicate::Exists(_) => sql_path(path, path.components().len()).is_some(),
        Predicate::Not(all) | Predicate::All(all) => all.iter().all(|p| is_native_at(path, p)),
        positive => {
            sql_path(path, path.components().len()).is_some() && Leaf::of(positive).is_some()
        }
    }
}

/// The tests of a positive predicate; `None` when SQL alone cannot hold its meaning, as for arrays
/// and objects, which compare by their key.
fn tests(predicate: &Predicate) -> Option<Tests> {
    match predicate {
        Predicate::Eq(literal) => equality(literal),
        Predicate::Compare(comparison, literal) => ordering(*comparison, literal),
        Predicate::In(set) => membership(set),
        Predicate::Type(types) => Some(type_names(*types)),
        Predicate::Regex(pattern) => Some(vec![("text", Test::Matches(pattern.inline()))]),
        _ => None,
    }
}

/// The path as SQLite writes it, for the first `length` components. `None` when SQLite would read a
/// component differently: an index, or a name that needs an escape.
pub(crate) fn sql_path(path: &Path, length: usize) -> Option<String> {
    let mut text = String::from("'$");
    for component in &path.components()[..length] {
        let needs_escape = |char: char| char == '"' || char == '\\' || char.is_control();
        if component.index.is_some() || component.name.contains(needs_escape) {
            return None;
        }
        text.push_str(".\"");
        text.push_str(&component.name.replace('\'', "''"));
        text.push('"');
    }
    text.push('\'');
    Some(text)
}

fn equality(literal: &Literal) -> Option<Tests> {
    match literal {
        Literal::Null => Some(vec![("null", Test::Always)]),
        Literal::Bool(truth) => Some(vec![(bool_name(*truth), Test::Always)]),
        scalar => scalar_tests("=", scalar),
    }
}

fn ordering(comparison: Comparison, literal: &Literal) -> Option<Tests> {
    match literal {
        Literal::Null if comparison.accepts_equal() => Some(vec![("null", Test::Always)]),
        Literal::Null => Some(Vec::new()),
        Literal::Bool(bound) => {
            let accepted = [false, true].into_iter().filter(|t| comparison.accepts(t.cmp(bound)));
            Some(accepted.map(|truth| (bool_name(truth), Test::Always)).collect())
        }
        scalar => scalar_tests(comparison.sql(), scalar),
    }
}

/// Numbers compare with numbers and text with text; text compares by its bytes.
fn scalar_tests(operator: &'static str, literal: &Literal) -> Option<Tests> {
    if let Literal::Text(text) = literal {
        return Some(vec![("text", Test::Compare(operator, Value::Text(text.clone())))]);
    }
    Some(numbers(Test::Compare(operator, sql_number(literal)?)))
}

/// SQLite compares an integer with a float without rounding either. But it reads an integer between
/// `i64::MAX` and `u64::MAX` as a float, so that only what is outside of these compares exactly.
fn sql_number(literal: &Literal) -> Option<Value> {
    const ROUNDED: std::ops::RangeInclusive<f64> =
        9_223_372_036_854_775_808.0..=18_446_744_073_709_551_616.0;
    match literal {
        Literal::Int(int) => i64::try_from(*int).ok().map(Value::Integer),
        Literal::Float(float) if ROUNDED.contains(float) => None,
        Literal::Float(float) => Some(Value::Real(*float)),
        _ => None,
    }
}

fn membership(set: &LiteralSet) -> Option<Tests> {
    if set.literals().len() > LONGEST_LIST {
        return None;
    }
    let mut tests = Vec::new();
    let (mut number_list, mut text_list) = (Vec::new(), Vec::new());
    for literal in set.literals() {
        match literal {
            Literal::Null => tests.push(("null", Test::Always)),
            Literal::Bool(truth) => tests.push((bool_name(*truth), Test::Always)),
            Literal::Text(text) => text_list.push(Value::Text(text.clone())),
            number => number_list.push(sql_number(number)?),
        }
    }
    if !number_list.is_empty() {
        tests.extend(numbers(Test::OneOf(number_list)));
    }
    if !text_list.is_empty() {
        tests.push(("text", Test::OneOf(text_list)));
    }
    Some(tests)
}

fn type_names(types: TypeSet) -> Tests {
    let names: [(Kind, &[&'static str]); 7] = [
        (Kind::Null, &["null"]),
        (Kind::Bool, &["true", "false"]),
        (Kind::Integer, &["integer"]),
        (Kind::Float, &["real"]),
        (Kind::Text, &["text"]),
        (Kind::Array, &["array"]),
        (Kind::Object, &["object"]),
    ];
    let wanted = names.into_iter().filter(|(kind, _)| types.contains(*kind));
    wanted.flat_map(|(_, names)| names.iter().map(|name| (*name, Test::Always))).collect()
}

fn numbers(test: Test) -> Tests {
    vec![("integer", test.clone()), ("real", test)]
}

fn bool_name(truth: bool) -> &'static str {
    if truth { "true" } else { "false" }
}
