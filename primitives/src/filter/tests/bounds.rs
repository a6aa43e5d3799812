//! Which ranges of an index a filter needs.

use std::ops::Bound;

use serde_json::Value;

use crate::filter::{Bounds, Entries, Filter, Tightness};
use crate::key;

fn key(json: &str) -> Vec<u8> {
    let value: Value = serde_json::from_str(json).unwrap();
    let mut key = Vec::new();
    key::append_json(&mut key, &value);
    key
}

fn bounds(filter: &str, path: &str) -> Option<Bounds> {
    Filter::parse(filter).unwrap().bounds(path)
}

/// Asserts which values have their key within the bounds on `a`.
#[track_caller]
fn covers(filter: &str, inside: &[&str], outside: &[&str]) {
    let bounds = bounds(filter, "a").expect(filter);
    for value in inside {
        assert!(bounds.contains(&key(value)), "{filter} should cover {value}");
    }
    for value in outside {
        assert!(!bounds.contains(&key(value)), "{filter} should not cover {value}");
    }
}

#[test]
fn equality_is_a_point() {
    let eq = bounds(r#"{"a": 1}"#, "a").unwrap();
    assert_eq!(eq.ranges()[0].as_point(), Some(key("1.0").as_slice()));
    assert_eq!(eq.tightness(), Tightness::Points(1));
    covers(r#"{"a": {"$in": [3, 1, "x", [2]]}}"#, &["1", "3", "\"x\"", "[2]"], &["2", "null"]);
    assert_eq!(bounds(r#"{"a": {"$in": [3, 1, 1.0]}}"#, "a").unwrap().ranges().len(), 2);
    assert!(bounds(r#"{"a": {"$in": []}}"#, "a").unwrap().is_empty());
    assert!(bounds(r#"{"a": {"$gt": null}}"#, "a").unwrap().is_empty());
}

#[test]
fn an_order_covers_its_type_only() {
    covers(r#"{"a": {"$gt": 5}}"#, &["5.5", "6", "1e308"], &["5", "\"a\"", "true", "null", "[]"]);
    covers(r#"{"a": {"$lte": 5}}"#, &["5", "-1e308"], &["6", "true", "null", "\"\""]);
    covers(r#"{"a": {"$lt": "b"}}"#, &["\"\"", "\"a\""], &["\"b\"", "1", "[]"]);
    covers(r#"{"a": {"$gte": "b"}}"#, &["\"b\"", "\"😀\""], &["\"a\"", "1", "[]", "{}"]);
    covers(r#"{"a": {"$gte": false}}"#, &["false", "true"], &["null", "0"]);
}

#[test]
fn what_need_not_have_an_entry_has_no_bounds() {
    for filter in [
        "{}",
        r#"{"a": null}"#,
        r#"{"a": {"$in": [1, null]}}"#,
        r#"{"a": {"$gte": null}}"#,
        r#"{"a": {"$all": [null]}}"#,
        r#"{"a": {"$ne": 1}}"#,
        r#"{"a": {"$nin": [1]}}"#,
        r#"{"a": {"$exists": false}}"#,
        r#"{"a": {"$not": {"$gt": 1}}}"#,
        r#"{"a": {"$size": 1}}"#,
        r#"{"b": 1}"#,
        r#"{"a.b": 1}"#,
        r#"{"$or": [{"a": 1}, {"b": 1}]}"#,
        r#"{"$nor": [{"a": 1}, {"a": 2}]}"#,
        r#"{"a": {"$regex": "x"}}"#,
        r#"{"a": {"$elemMatch": {"$elemMatch": {"$gt": 1}}}}"#,
    ] {
        assert_eq!(bounds(filter, "a"), None, "{filter}");
    }
    assert_eq!(bounds(r#"{"a": 1}"#, "a..b"), None);
}

#[test]
fn two_limits_bound_together_only_for_one_entry_or_one_element() {
    let filter = Filter::parse(r#"{"a": {"$gte": 1, "$lt": 5}}"#).unwrap();
    let many = filter.bounds("a").unwrap();
    assert_eq!(many.tightness(), Tightness::HalfRange);
    let one = filter.bounds_with("a", Entries::One).unwrap();
    assert_eq!(one.tightness(), Tightness::Range);
    assert_eq!(one.ranges()[0].start, Bound::Included(key("1")));
    assert_eq!(one.ranges()[0].end, Bound::Excluded(key("5")));
    let element = bounds(r#"{"a": {"$elemMatch": {"$gte": 1, "$lt": 5}}}"#, "a").unwrap();
    assert_eq!(element, one);
    covers(r#"{"a": {"$elemMatch": {"$eq": null}}}"#, &["null"], &["1"]);
}

#[test]
fn the_tightest_condition_is_chosen() {
    covers(r#"{"a": {"$gt": 0, "$in": [1, 2]}, "b": 1}"#, &["1", "2"], &["3"]);
    covers(r#"{"a": {"$all": [[1], 7]}}"#, &["[1]"], &["7"]);
    covers(r#"{"a": {"$gt": 0, "$lt": 3, "$eq": 1}}"#, &["1"], &["2"]);
}

#[test]
fn alternatives_on_one_path_unite() {
    covers(
        r#"{"$or": [{"a": 1}, {"a": {"$gt": 5}}, {"a": {"$gt": 7}}]}"#,
        &["1", "6", "8"],
        &["2", "5"],
    );
    let merged =
        bounds(r#"{"$or": [{"a": {"$gt": 7}}, {"a": {"$gt": 5}}, {"a": 6}]}"#, "a").unwrap();
    assert_eq!(merged.ranges().len(), 1);
}

#[test]
fn a_regex_with_a_literal_start_is_a_range() {
    covers(
        r#"{"a": {"$regex": "^ab"}}"#,
        &["\"ab\"", "\"abz\"", "\"ab😀\""],
        &["\"aa\"", "\"ac\"", "1"],
    );
    covers(r#"{"a": {"$regex": "^a\\.b*"}}"#, &["\"a.\"", "\"a.b\""], &["\"ab\"", "\"b\""]);
    covers(
        r#"{"a": {"$regex": "^\u{10ffff}"}}"#.replace("\\u{10ffff}", "\u{10ffff}").as_str(),
        &["\"\u{10ffff}x\""],
        &["\"z\"", "[]"],
    );
    covers("{\"a\": {\"$regex\": \"^\u{d7ff}\"}}", &["\"\u{d7ff}x\""], &["\"\u{e000}\""]);
    for regex in ["^ab|c", "^", "^a?b", "^(?i)ab", "ab", "^.*", "^\\\\<a"] {
        assert_eq!(bounds(&format!(r#"{{"a": {{"$regex": "{regex}"}}}}"#), "a"), None, "{regex}");
    }
    assert_eq!(bounds(r#"{"a": {"$regex": "^ab", "$options": "i"}}"#, "a"), None);
}

#[test]
fn a_field_of_an_element_bounds_the_longer_path() {
    let inner = bounds(r#"{"items": {"$elemMatch": {"sku": "x", "n": {"$gt": 1}}}}"#, "items.sku");
    assert_eq!(inner.unwrap().ranges()[0].as_point(), Some(key("\"x\"").as_slice()));
    assert_eq!(bounds(r#"{"items": {"$elemMatch": {"sku": "x"}}}"#, "items"), None);
}

#[test]
fn bounds_are_exact_when_they_say_everything() {
    let exact = |filter: &str, entries| Filter::parse(filter).unwrap().is_exact_with("a", entries);
    for filter in [
        r#"{"a": 1}"#,
        r#"{"a": [1]}"#,
        r#"{"a": {"$gt": "x"}}"#,
        r#"{"a": {"$in": [1, {"b": 1}]}}"#,
        r#"{"$or": [{"a": 1}, {"a": {"$lt": 0}}]}"#,
    ] {
        assert!(exact(filter, Entries::Many), "{filter}");
    }
    for filter in [
        "{}",
        r#"{"a": null}"#,
        r#"{"a": {"$ne": 1}}"#,
        r#"{"a": 1, "b": 1}"#,
        r#"{"a": {"$gt": 1, "$lt": 2}}"#,
        r#"{"a": {"$regex": "^x"}}"#,
        r#"{"a": {"$elemMatch": {"$gt": 1}}}"#,
    ] {
        assert!(!exact(filter, Entries::Many), "{filter}");
    }
    assert!(exact(r#"{"a": {"$gt": 1, "$lt": 2}}"#, Entries::One));
}
