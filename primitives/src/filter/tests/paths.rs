//! How paths are read, and how they run through objects and arrays.

use super::{check, check_all};
use crate::filter::{Path, index_entries, key_of};
use crate::jsonb::{self, View};
use crate::key;

#[test]
fn a_path_runs_through_objects() {
    check_all(
        r#"{"a.b.c": 1}"#,
        &[r#"{"a": {"b": {"c": 1}}}"#],
        &["{}", r#"{"a": {"b": 1}}"#, r#"{"a.b.c": 1}"#, r#"{"a": {"b": {"c": 2}}}"#],
    );
}

#[test]
fn a_path_tries_each_object_of_an_array() {
    check_all(
        r#"{"a.b": 1}"#,
        &[r#"{"a": [{"b": 0}, {"b": 1}]}"#, r#"{"a": [5, {"b": [1]}]}"#],
        &[r#"{"a": [[{"b": 1}]]}"#, r#"{"a": []}"#, r#"{"a": [1]}"#],
    );
    check(r#"{"a.b.c": 1}"#, r#"{"a": [{"b": [{"c": 2}]}, {"b": {"c": 1}}]}"#, true);
    check(r#"{"a.b": {"$gt": 1, "$lt": 3}}"#, r#"{"a": [{"b": 0}, {"b": 9}]}"#, true);
    check(r#"{"a.b": {"$ne": 1}}"#, r#"{"a": [{"b": 0}, {"b": 1}]}"#, false);
}

#[test]
fn a_number_is_an_index_or_a_name() {
    check_all(
        r#"{"a.0": 1}"#,
        &[r#"{"a": [1, 2]}"#, r#"{"a": {"0": 1}}"#, r#"{"a": [[1]]}"#, r#"{"a": [{"0": 1}]}"#],
        &["{}", r#"{"a": [2, 1]}"#, r#"{"a": []}"#, r#"{"a": 1}"#],
    );
    check(r#"{"a.1.b": 5}"#, r#"{"a": [{"b": 1}, {"b": 5}]}"#, true);
    check(r#"{"a.0.b": 5}"#, r#"{"a": [{"b": 1}, {"b": 5}]}"#, false);
    check(r#"{"a.0.b": 5}"#, r#"{"a": [[{"b": 5}]]}"#, true);
    check(r#"{"a.00": 1}"#, r#"{"a": [1]}"#, false);
    check(r#"{"0": 1}"#, r#"{"0": 1}"#, true);
    check(r#"{"a.99999999999999999999": 1}"#, r#"{"a": [1]}"#, false);
}

#[test]
fn an_index_past_the_end_is_missing() {
    check_all(
        r#"{"a.1": null}"#,
        &["{}", r#"{"a": [1]}"#, r#"{"a": [1, null]}"#, r#"{"a": []}"#, r#"{"a": [{"b": 1}]}"#],
        &[r#"{"a": [1, 2]}"#],
    );
    check_all(r#"{"a.0.b": null}"#, &[r#"{"a": [{}]}"#], &[r#"{"a": [{"b": 1}]}"#]);
}

#[test]
fn names_that_sql_would_read_differently_still_mean_themselves() {
    for name in
        ["it's", "say \\\"hi\\\"", "back\\\\slash", "tab\\t", "ключ", "a b", "a[0]", "*", "😀"]
    {
        check(&format!(r#"{{"{name}": 1}}"#), &format!(r#"{{"{name}": 1}}"#), true);
        check(&format!(r#"{{"x.{name}": 1}}"#), &format!(r#"{{"x": {{"{name}": 1}}}}"#), true);
        check(&format!(r#"{{"{name}": 1}}"#), &format!(r#"{{"x": {{"{name}": 1}}}}"#), false);
    }
}

#[test]
fn a_malformed_path_is_refused_with_its_place() {
    for (path, reason) in [
        ("", "empty"),
        (".", "at byte 0"),
        ("a..b", "at byte 2"),
        ("a.", "at byte 2"),
        (".a", "at byte 0"),
    ] {
        let error = Path::parse(path).unwrap_err();
        assert!(error.to_string().contains(reason), "{path:?}: {error}");
    }
    assert!(Path::parse(&["a"; 64].join(".")).is_ok());
    assert!(Path::parse(&["a"; 65].join(".")).is_err());
}

#[test]
fn a_path_is_written_as_it_was_read() {
    for text in ["a", "a.b.0", "a b.ü", "007"] {
        assert_eq!(text.parse::<Path>().unwrap().to_string(), text);
    }
}

fn entries(document: &str, path: &str) -> Vec<Vec<u8>> {
    let body = jsonb::from_json_str(document).unwrap();
    let mut out = Vec::new();
    index_entries(View::parse(&body).unwrap(), &Path::parse(path).unwrap(), &mut out).unwrap();
    out
}

fn keys(values: &str) -> Vec<Vec<u8>> {
    let values: Vec<serde_json::Value> = serde_json::from_str(values).unwrap();
    let key = |value| {
        let mut key = Vec::new();
        key::append_json(&mut key, value);
        key
    };
    let mut keys: Vec<Vec<u8>> = values.iter().map(key).collect();
    keys.sort();
    keys
}

#[test]
fn index_entries_are_the_values_the_elements_and_the_whole_array() {
    assert_eq!(entries("{}", "a"), keys("[]"));
    assert_eq!(entries(r#"{"a": null}"#, "a"), keys("[null]"));
    assert_eq!(entries(r#"{"a": [2, 1, 2.0]}"#, "a"), keys("[1, 2, [2, 1, 2]]"));
    assert_eq!(entries(r#"{"a": []}"#, "a"), keys("[[]]"));
    assert_eq!(entries(r#"{"a": [{"b": 1}, {"b": [2]}, 3]}"#, "a.b"), keys("[1, 2, [2]]"));
    assert_eq!(entries(r#"{"a": {"b": 1}}"#, "a"), keys(r#"[{"b": 1}]"#));
}

#[test]
fn the_sort_key_is_the_first_value_and_an_array_as_a_whole() {
    let key = |document: &str, path: &str| {
        let body = jsonb::from_json_str(document).unwrap();
        key_of(View::parse(&body).unwrap(), &Path::parse(path).unwrap())
    };
    assert_eq!(key(r#"{"a": [3, 1]}"#, "a"), keys("[[3, 1]]").pop());
    assert_eq!(key(r#"{"a": [{"c": 1}, {"b": 7}, {"b": 5}]}"#, "a.b"), keys("[7]").pop());
    assert_eq!(key(r#"{"a": null}"#, "a"), keys("[null]").pop());
    assert_eq!(key("{}", "a"), None);
}
