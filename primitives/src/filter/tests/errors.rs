//! What is refused, with its position and what would be right.

use crate::error::ErrorKind;
use crate::filter::Filter;

#[track_caller]
fn refused(filter: &str, parts: &[&str]) {
    let error = Filter::parse(filter).expect_err(filter);
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{message:?} should contain {part:?}");
    }
    assert!(!message.contains('\n'), "{message:?}");
}

#[test]
fn unknown_operators_are_named_with_the_nearest_known_one() {
    refused(
        r#"{"age": {"$gtee": 18}}"#,
        &["filter at $.age.$gtee: unknown operator; did you mean $gte?", "$elemMatch"],
    );
    refused(r#"{"a": {"$EQ": 18}}"#, &["$.a.$EQ", "did you mean $eq?"]);
    refused(r#"{"a": {"$where": "x"}}"#, &["$.a.$where", "unknown operator; known are $eq"]);
    refused(r#"{"$orr": []}"#, &["filter at $.$orr: unknown operator; did you mean $or?"]);
    refused(
        r#"{"$or": [{"a": 1}, {"b": {"$elemmatch": {}}}]}"#,
        &["$.$or[1].b.$elemmatch", "$elemMatch?"],
    );
}

#[test]
fn operators_in_the_wrong_place_are_told_where_they_belong() {
    refused(r#"{"$gt": 5}"#, &["$.$gt", "inside a field"]);
    refused(r#"{"$not": {"a": 1}}"#, &["$.$not", "$nor"]);
    refused(r#"{"a": {"$or": [1]}}"#, &["$.a.$or", "outside a field"]);
    refused(r#"{"a": {"$gt": 1, "b": 2}}"#, &["$.a.b", "field"]);
    refused(r#"{"a": {"$options": "i"}}"#, &["$.a.$options", "beside $regex"]);
    refused(r#"{"a": {"$in": [{"$gt": 1}]}}"#, &["$.a.$in[0]", "$gt cannot stand in a list"]);
}

#[test]
fn wrong_operands_are_told_from_right_ones() {
    refused("[]", &["filter at $:", "found a list"]);
    refused("7", &["found a number"]);
    refused(r#"{"a": {"$gt": [1]}}"#, &["$.a.$gt", "found a list"]);
    refused(r#"{"a": {"$lte": {}}}"#, &["$.a.$lte", "found an object"]);
    refused(r#"{"a": {"$in": 1}}"#, &["$.a.$in", "expected a list", "found a number"]);
    refused(r#"{"a": {"$exists": 1}}"#, &["$.a.$exists", "expected true or false"]);
    refused(r#"{"a": {"$size": -1}}"#, &["$.a.$size", "whole number"]);
    refused(r#"{"a": {"$size": 1.5}}"#, &["$.a.$size"]);
    refused(r#"{"a": {"$type": "str"}}"#, &["$.a.$type", "unknown type \"str\"", "string"]);
    refused(r#"{"a": {"$type": "strin"}}"#, &["did you mean string?"]);
    refused(r#"{"a": {"$type": []}}"#, &["at least one"]);
    refused(r#"{"a": {"$type": [2]}}"#, &["type name"]);
    refused(r#"{"a": {"$regex": 1}}"#, &["$.a.$regex", "as text"]);
    refused(r#"{"a": {"$regex": "x", "$options": "g"}}"#, &["'g'", "i, m, s and x"]);
    refused(r#"{"a": {"$regex": "x", "$options": 1}}"#, &["$options", "expected text"]);
    refused(r#"{"a": {"$regex": "(x"}}"#, &["$.a.$regex", "\"(x\"", "unclosed group"]);
    refused(r#"{"a": {"$elemMatch": 1}}"#, &["$.a.$elemMatch", "found a number"]);
    refused(r#"{"a": {"$not": 1}}"#, &["$.a.$not", "object of operators"]);
    refused(r#"{"a": {"$not": {}}}"#, &["$.a.$not", "at least one operator"]);
    refused(r#"{"a": {"$all": 1}}"#, &["$.a.$all", "list"]);
    refused(r#"{"$and": []}"#, &["$.$and", "at least one filter"]);
    refused(r#"{"$or": {"a": 1}}"#, &["$.$or", "expected a list"]);
    refused(r#"{"$nor": [1]}"#, &["$.$nor[0]", "expected a filter"]);
}

#[test]
fn malformed_paths_are_refused_in_place() {
    refused(r#"{"a..b": 1}"#, &["filter at $.a..b: path \"a..b\"", "byte 2"]);
    refused(r#"{"": 1}"#, &["filter at $[\"\"]", "cannot be empty"]);
    refused(r#"{"a": {"$elemMatch": {"b.": 1}}}"#, &["$.a.$elemMatch.b."]);
}

#[test]
fn json_errors_have_line_and_column() {
    refused("{\n  \"a\": }", &["line 2 column 8"]);
    refused(r#"{"a": 1} x"#, &["line 1 column 10"]);
    refused("", &["line 1 column 0"]);
    refused(r#"{"a": 1e999}"#, &["out of range"]);
}

#[test]
fn a_key_twice_is_refused_not_dropped() {
    refused(
        r#"{"a": {"$ne": 1, "$ne": 2}}"#,
        &["filter: ", "\"$ne\" occurs twice", "line 1 column"],
    );
}

#[test]
fn depth_and_size_are_limited() {
    let nested = |levels: usize| {
        format!("{}{{\"a\": 1}}{}", r#"{"$or": [{"b": 1}, "#.repeat(levels), "]}".repeat(levels))
    };
    assert!(Filter::parse(&nested(31)).is_ok());
    refused(&nested(40), &["deeper than 64"]);
    let deep_value = format!(r#"{{"a": {}1{}}}"#, "[".repeat(70), "]".repeat(70));
    refused(&deep_value, &["deeper than 64"]);
    let list = |length: usize| format!(r#"{{"a": {{"$in": [{}]}}}}"#, vec!["1"; length].join(","));
    assert!(Filter::parse(&list(10_000)).is_ok());
    refused(&list(10_001), &["$.a.$in", "10001 members", "10000"]);
    refused(&"[".repeat(10_000), &["recursion limit"]);
}
