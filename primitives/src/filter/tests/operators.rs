//! Existence, types, patterns, and how filters nest.

use super::{check, check_all};

#[test]
fn existence_counts_null_as_there() {
    check_all(
        r#"{"a": {"$exists": true}}"#,
        &[r#"{"a": null}"#, r#"{"a": []}"#, r#"{"a": 1}"#],
        &["{}", r#"{"b": 1}"#],
    );
    check_all(
        r#"{"a.b": {"$exists": false}}"#,
        &["{}", r#"{"a": 1}"#, r#"{"a": []}"#, r#"{"a": [{"c": 1}]}"#],
        &[r#"{"a": {"b": null}}"#, r#"{"a": [{}, {"b": 1}]}"#],
    );
}

#[test]
fn types_hold_for_the_value_or_an_element() {
    check_all(
        r#"{"a": {"$type": "int"}}"#,
        &[r#"{"a": 1}"#, r#"{"a": ["x", 1]}"#],
        &[r#"{"a": 1.0}"#],
    );
    check_all(r#"{"a": {"$type": "double"}}"#, &[r#"{"a": 1.0}"#], &[r#"{"a": 1}"#, "{}"]);
    check_all(
        r#"{"a": {"$type": "number"}}"#,
        &[r#"{"a": 1}"#, r#"{"a": 1.5}"#],
        &[r#"{"a": "1"}"#, r#"{"a": true}"#],
    );
    check_all(
        r#"{"a": {"$type": ["bool", "null"]}}"#,
        &[r#"{"a": true}"#, r#"{"a": false}"#, r#"{"a": null}"#, r#"{"a": [null]}"#],
        &["{}", r#"{"a": 0}"#],
    );
    check_all(
        r#"{"a": {"$type": "array"}}"#,
        &[r#"{"a": []}"#, r#"{"a": [[1]]}"#],
        &[r#"{"a": {}}"#],
    );
    check_all(
        r#"{"a": {"$type": "object"}}"#,
        &[r#"{"a": {}}"#, r#"{"a": [{}]}"#],
        &[r#"{"a": []}"#],
    );
    check_all(r#"{"a": {"$type": "string"}}"#, &[r#"{"a": ""}"#], &[r#"{"a": 1}"#]);
}

#[test]
fn a_regex_searches_text() {
    check_all(
        r#"{"a": {"$regex": "b.d"}}"#,
        &[r#"{"a": "abcde"}"#, r#"{"a": [1, "bxd"]}"#],
        &["{}", r#"{"a": "b\nd"}"#, r#"{"a": 1}"#, r#"{"a": {"b.d": 1}}"#, r#"{"a": "ABCD"}"#],
    );
    check(r#"{"a": {"$regex": "^B.D$", "$options": "ims"}}"#, r#"{"a": "x\nb\nd\ny"}"#, true);
    check(r#"{"a": {"$regex": "a b # comment", "$options": "x"}}"#, r#"{"a": "ab"}"#, true);
    check(r#"{"a": {"$regex": "^\\d+$"}}"#, r#"{"a": "2024"}"#, true);
    check(r#"{"a": {"$regex": "^\\d+$"}}"#, r#"{"a": 2024}"#, false);
}

#[test]
fn logical_operators_nest() {
    check_all(
        r#"{"$or": [{"a": 1}, {"$and": [{"b": 2}, {"c": {"$ne": 3}}]}]}"#,
        &[r#"{"a": 1, "c": 3}"#, r#"{"b": 2}"#],
        &["{}", r#"{"b": 2, "c": 3}"#],
    );
    check_all(
        r#"{"$nor": [{"a": 1}, {"b": {"$exists": true}}]}"#,
        &["{}", r#"{"a": 2}"#],
        &[r#"{"a": 1}"#, r#"{"b": null}"#],
    );
    check_all(r#"{"$nor": [{}]}"#, &[], &["{}"]);
    check(
        r#"{"a": {"$gt": 1}, "$and": [{"a": {"$gt": 5}}, {"a": {"$lt": 9}}]}"#,
        r#"{"a": 7}"#,
        true,
    );
    check(
        r#"{"a": {"$gt": 1}, "$and": [{"a": {"$gt": 5}}, {"a": {"$lt": 9}}]}"#,
        r#"{"a": 3}"#,
        false,
    );
}

#[test]
fn hw_match_and_native_parts_mix() {
    let filter =
        r#"{"$or": [{"a": [1]}, {"b.0": 1}, {"c": 1}], "d": {"$ne": {"x": 1}}, "e": {"$lt": 3}}"#;
    check_all(
        filter,
        &[r#"{"a": [1], "e": 1}"#, r#"{"b": [1], "e": 1}"#, r#"{"c": 1, "e": 1}"#],
        &["{}", r#"{"c": 1, "e": 5}"#, r#"{"c": 1, "e": 1, "d": {"x": 1}}"#, r#"{"e": 1}"#],
    );
}
