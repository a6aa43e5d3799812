//! Random documents and filters from pools small enough that they meet.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// What documents and filters name most of the time.
const COMMON: &[&str] = &["a", "b", "0", "a.b", "a.0", "b.a", "a.0.b", "a.b.0"];
/// Longer paths, and names that SQL has to quote.
const RARE: &[&str] = &["c d", "a.b.a", "b.a.c d", "a.1", "b.0.0", "q\"'\\", "a.q\"'\\"];

/// One of each sort of scalar, and those that rounding could confuse.
pub(super) fn scalars() -> Vec<Value> {
    let mut scalars = vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-0.0),
        json!(1),
        json!(1.0),
        json!(2),
        json!(2.5),
        json!(-1),
        json!(9_007_199_254_740_992_i64),
        json!(9_007_199_254_740_993_i64),
        json!(9_007_199_254_740_992.0),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(9_223_372_036_854_775_808.0),
        json!(u64::MAX),
        json!(u64::MAX - 1),
        json!(1u64 << 63),
        json!(18446744073709551616.0),
        json!(1e300),
        json!(5e-324),
    ];
    scalars.extend(
        ["", "a", "ab", "A", "1", "true", "[1]", "é", "😀", "a\u{0}b", "a\"\n"].map(Value::from),
    );
    scalars
}

pub(super) fn scalar() -> impl Strategy<Value = Value> {
    let common = vec![json!(null), json!(true), json!(1), json!(1.0), json!(2), json!("a")];
    prop_oneof![
        12 => select(common),
        6 => select(scalars()),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::from),
        1 => ".{0,4}".prop_map(Value::from),
    ]
}

pub(super) fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            object(inner),
        ]
    })
}

pub(super) fn document() -> impl Strategy<Value = Value> {
    let objects = prop::collection::vec(object(scalar()), 1..4).prop_map(Value::Array);
    object(prop_oneof![3 => value(), 1 => objects])
}

fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let name =
        prop_oneof![6 => select(vec!["a", "b", "0"]), 1 => select(vec!["c d", "1", "q\"'\\"])];
    prop::collection::vec((name, value), 0..4).prop_map(|fields| {
        Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    })
}

/// Every path that a filter here can name.
pub(super) fn paths() -> impl Iterator<Item = &'static str> {
    COMMON.iter().chain(RARE).copied()
}

fn path() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => select(COMMON), 1 => select(RARE)]
}

pub(super) fn filter() -> impl Strategy<Value = Value> {
    let leaf = (path(), condition(2)).prop_map(|(path, condition)| json!({ path: condition }));
    leaf.prop_recursive(3, 12, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            (select(vec!["$and", "$or", "$nor"]), list)
                .prop_map(|(operator, list)| json!({ operator: list })),
            prop::collection::vec(inner, 0..3).prop_map(|members| {
                let mut merged = Map::new();
                for member in members {
                    merged.extend(member.as_object().cloned().unwrap_or_default());
                }
                Value::Object(merged)
            }),
        ]
    })
}

/// A value to equal, or operators.
fn condition(depth: u32) -> BoxedStrategy<Value> {
    prop_oneof![1 => value(), 4 => operators(depth)].boxed()
}

fn operators(depth: u32) -> BoxedStrategy<Value> {
    let count = prop_oneof![3 => 1..2usize, 1 => 2..4usize];
    count
        .prop_flat_map(move |count| prop::collection::vec(operator(depth), count))
        .prop_map(|pairs| {
            Value::Object(pairs.into_iter().map(|(name, v)| (name.to_owned(), v)).collect())
        })
        .boxed()
}

fn operator(depth: u32) -> BoxedStrategy<(&'static str, Value)> {
    let types =
        select(vec!["null", "bool", "number", "int", "double", "string", "array", "object"]);
    let regexes = select(vec!["^a", "a$", "", "b", "^(?i)A", "^a\\x00?", "^ab*", "^a|1", "."]);
    let leaf = prop_oneof![
        3 => (select(vec!["$eq", "$ne"]), value()),
        5 => (select(vec!["$gt", "$gte", "$lt", "$lte"]), scalar()),
        3 => (select(vec!["$in", "$nin", "$all"]), values()),
        1 => any::<bool>().prop_map(|wanted| ("$exists", json!(wanted))),
        1 => prop::collection::vec(types, 1..3).prop_map(|names| ("$type", json!(names))),
        1 => regexes.prop_map(|regex| ("$regex", json!(regex))),
        1 => (0..3).prop_map(|size| ("$size", json!(size))),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    prop_oneof![
        6 => leaf,
        1 => operators(depth - 1).prop_map(|operators| ("$not", operators)),
        1 => operators(depth - 1).prop_map(|operators| ("$elemMatch", operators)),
        1 => (path(), condition(depth - 1))
            .prop_map(|(path, condition)| ("$elemMatch", json!({ path: condition }))),
        1 => operators(depth - 1)
            .prop_map(|operators| ("$all", json!([{ "$elemMatch": operators }]))),
    ]
    .boxed()
}

/// Mostly short lists; some longer than SQL searches by itself.
fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        9 => prop::collection::vec(value(), 0..4),
        1 => prop::collection::vec(scalar(), 60..80),
    ]
    .prop_map(Value::Array)
}
