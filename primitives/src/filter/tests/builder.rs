//! The Rust builder makes the same filters as the JSON text does.

use serde_json::json;

use crate::filter::{Filter, field, value};

#[track_caller]
fn same(built: Filter, json: &str) {
    built.check().unwrap();
    assert_eq!(built, Filter::parse(json).unwrap());
    assert_eq!(Filter::parse(&built.to_string()).unwrap(), built);
}

#[test]
fn each_operator_has_a_method() {
    same(field("a").eq(1), r#"{"a": 1}"#);
    same(field("a").eq(None::<i32>), r#"{"a": null}"#);
    same(field("a").eq(json!({"x": 1})), r#"{"a": {"x": 1}}"#);
    same(field("a").eq(vec!["x", "y"]), r#"{"a": ["x", "y"]}"#);
    same(field("a").ne("x"), r#"{"a": {"$ne": "x"}}"#);
    same(field("a").gt(1.5), r#"{"a": {"$gt": 1.5}}"#);
    same(field("a").gte(1u64), r#"{"a": {"$gte": 1}}"#);
    same(field("a").lt("x".to_owned()), r#"{"a": {"$lt": "x"}}"#);
    same(field("a").lte(false), r#"{"a": {"$lte": false}}"#);
    same(field("a").one_of([1, 2]), r#"{"a": {"$in": [1, 2]}}"#);
    same(field("a").none_of(["x"]), r#"{"a": {"$nin": ["x"]}}"#);
    same(field("a").all_of([1, 2]), r#"{"a": {"$all": [1, 2]}}"#);
    same(field("a").contains("x"), r#"{"a": "x"}"#);
    same(field("a").exists(), r#"{"a": {"$exists": true}}"#);
    same(field("a").missing(), r#"{"a": {"$exists": false}}"#);
    same(field("a").is_type("int"), r#"{"a": {"$type": "int"}}"#);
    same(field("a").is_type(["int", "null"]), r#"{"a": {"$type": ["null", "int"]}}"#);
    same(field("a").matches("^x"), r#"{"a": {"$regex": "^x"}}"#);
    same(field("a").size(3), r#"{"a": {"$size": 3}}"#);
    same(
        field("a").any(field("b").eq(1) & field("c").eq(2)),
        r#"{"a": {"$elemMatch": {"b": 1, "c": 2}}}"#,
    );
    same(
        field("a").any(value().gt(1) & value().lt(5)),
        r#"{"a": {"$elemMatch": {"$gt": 1, "$lt": 5}}}"#,
    );
    same(
        field("a").any(value().any(!value().eq(1))),
        r#"{"a": {"$elemMatch": {"$elemMatch": {"$ne": 1}}}}"#,
    );
    same(field("a").any(Filter::all()), r#"{"a": {"$elemMatch": {}}}"#);
}

#[test]
fn filters_combine() {
    let (a, b, c) = (field("a").eq(1), field("b").eq(2), field("c").eq(3));
    same(a.clone().and(b.clone()).and(c.clone()), r#"{"a": 1, "b": 2, "c": 3}"#);
    same(c.clone() & b.clone() & a.clone(), r#"{"$and": [{"a": 1}, {"c": 3}, {"b": 2}]}"#);
    same(a.clone() | b.clone() | c.clone(), r#"{"$or": [{"a": 1}, {"b": 2}, {"c": 3}]}"#);
    same(!(a.clone() | b.clone()), r#"{"$nor": [{"a": 1}, {"b": 2}]}"#);
    same(!(a.clone() & b.clone()), r#"{"$nor": [{"a": 1, "b": 2}]}"#);
    same(!!(a.clone() & b.clone()), r#"{"a": 1, "b": 2}"#);
    same(!a.clone(), r#"{"a": {"$ne": 1}}"#);
    same(!field("a").gt(1), r#"{"a": {"$not": {"$gt": 1}}}"#);
    same(!field("a").exists(), r#"{"a": {"$exists": false}}"#);
    same(
        field("a").gt(1) & field("a").gt(2),
        r#"{"$and": [{"a": {"$gt": 1}}, {"a": {"$gt": 2}}]}"#,
    );
    same(Filter::all() & a.clone(), r#"{"a": 1}"#);
    same(Filter::all_of([]), "{}");
    same(Filter::any_of([]), r#"{"$nor": [{}]}"#);
    assert!(Filter::all().is_all() && !a.is_all());
}

#[test]
fn a_wrong_call_is_told_by_check_and_matches_nothing() {
    let mut nested = field("a").eq(1);
    for _ in 0..100_000 {
        nested = !(nested | field("b").eq(1)) & field("c").eq(1);
    }
    let mut arrays = json!(1);
    for _ in 0..100 {
        arrays = json!([arrays]);
    }
    for (built, reason) in [
        (field("a..b").eq(1), "empty component"),
        (field("a").matches("("), "unclosed group"),
        (field("a").gt(vec![1]), "found a list"),
        (field("a").lt(f64::NAN), "finite"),
        (field("a").one_of([f64::INFINITY]), "finite"),
        (field("a").is_type("text"), "unknown type"),
        (field("a").one_of(vec![1; 10_001]), "10001"),
        (field("a").eq(arrays), "deeper than 64"),
        (nested, "deeper than 64"),
        (value().eq(1), "inside"),
        (value().eq(1) & field("a").eq(1), "inside"),
        (field("a").any(value().eq(1) | value().eq(2)), "joined with &"),
        (field("a").any(value().eq(1) & field("b").eq(2)), "joined with &"),
        (field("a").any(value().ne(1) & value().ne(2)), "each once"),
        (!field("a..b").eq(1) | field("a").exists(), "empty component"),
    ] {
        let error = built.check().unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!super::matches(&built, &json!({"a": 1, "b": 1, "c": 1})));
        assert_eq!(built.to_sql("body").text, "0");
        assert_eq!(built.bounds("a"), None);
    }
}
