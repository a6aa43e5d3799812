//! What the operators mean for arrays and objects.

use super::{check, check_all};

#[test]
fn two_limits_may_be_met_by_two_elements() {
    check(r#"{"a": {"$gt": 5, "$lt": 3}}"#, r#"{"a": [1, 9]}"#, true);
    check(r#"{"a": {"$elemMatch": {"$gt": 5, "$lt": 3}}}"#, r#"{"a": [1, 9]}"#, false);
    check(r#"{"a": {"$elemMatch": {"$gt": 5, "$lt": 9}}}"#, r#"{"a": [1, 7]}"#, true);
}

#[test]
fn arrays_and_objects_are_equal_as_wholes() {
    check_all(
        r#"{"a": [1, 2]}"#,
        &[r#"{"a": [1, 2]}"#, r#"{"a": [1.0, 2]}"#, r#"{"a": [[1, 2], 3]}"#],
        &[r#"{"a": [2, 1]}"#, r#"{"a": [1, 2, 3]}"#, r#"{"a": 1}"#, "{}"],
    );
    check_all(
        r#"{"a": {"x": 1, "y": [null]}}"#,
        &[r#"{"a": {"y": [null], "x": 1}}"#, r#"{"a": [{"x": 1.0, "y": [null]}]}"#],
        &[r#"{"a": {"x": 1}}"#, r#"{"a": {"x": 1, "y": null}}"#, "{}"],
    );
    check_all(r#"{"a": {}}"#, &[r#"{"a": {}}"#], &[r#"{"a": []}"#, r#"{"a": {"b": 1}}"#, "{}"]);
    check_all(r#"{"a": []}"#, &[r#"{"a": []}"#, r#"{"a": [[]]}"#], &[r#"{"a": [1]}"#, "{}"]);
    check(r#"{"a": {"$eq": {"$x": 1}}}"#, r#"{"a": {"$x": 1}}"#, true);
}

#[test]
fn size_counts_the_elements_of_an_array() {
    check_all(
        r#"{"a": {"$size": 2}}"#,
        &[r#"{"a": [1, [2]]}"#],
        &[
            "{}",
            r#"{"a": [1]}"#,
            r#"{"a": [[1, 2]]}"#,
            r#"{"a": {"x": 1, "y": 2}}"#,
            r#"{"a": "ab"}"#,
        ],
    );
    check(r#"{"a.b": {"$size": 0}}"#, r#"{"a": [{"b": [1]}, {"b": []}]}"#, true);
}

#[test]
fn all_needs_each_value() {
    check_all(
        r#"{"a": {"$all": [1, "x"]}}"#,
        &[r#"{"a": ["x", 2, 1]}"#],
        &["{}", r#"{"a": 1}"#, r#"{"a": [1]}"#, r#"{"a": [[1, "x"]]}"#],
    );
    check(r#"{"a": {"$all": [1]}}"#, r#"{"a": 1}"#, true);
    check_all(r#"{"a": {"$all": []}}"#, &[], &["{}", r#"{"a": []}"#]);
    check(
        r#"{"a": {"$all": [{"$elemMatch": {"x": 1}}, {"$elemMatch": {"x": 2}}]}}"#,
        r#"{"a": [{"x": 1}, {"x": 2}]}"#,
        true,
    );
}

#[test]
fn element_match_wants_one_element_for_all() {
    let filter = r#"{"a": {"$elemMatch": {"x": 1, "y": {"$gt": 1}}}}"#;
    check_all(
        filter,
        &[r#"{"a": [{"x": 2}, {"x": 1, "y": 2}]}"#, r#"{"a": [{"x": [1], "y": 2}]}"#],
        &[
            "{}",
            r#"{"a": {"x": 1, "y": 2}}"#,
            r#"{"a": [{"x": 1}, {"y": 2}]}"#,
            r#"{"a": [[{"x": 1, "y": 2}]]}"#,
        ],
    );
    check_all(
        r#"{"a": {"$elemMatch": {"$or": [{"x": 1}, {"y": null}]}}}"#,
        &[r#"{"a": [{}]}"#, r#"{"a": [{"x": 1, "y": 1}]}"#],
        &[r#"{"a": [1]}"#, r#"{"a": [{"y": 1}]}"#, r#"{"a": []}"#],
    );
    check_all(
        r#"{"a": {"$elemMatch": {}}}"#,
        &[r#"{"a": [{}]}"#],
        &[r#"{"a": [1]}"#, r#"{"a": []}"#],
    );
}

#[test]
fn element_match_on_values_looks_at_the_element_alone() {
    check_all(
        r#"{"a": {"$elemMatch": {"$eq": null}}}"#,
        &[r#"{"a": [1, null]}"#],
        &["{}", r#"{"a": null}"#, r#"{"a": []}"#],
    );
    check_all(
        r#"{"a": {"$elemMatch": {"$ne": null}}}"#,
        &[r#"{"a": [1, null]}"#, r#"{"a": [[]]}"#],
        &["{}", r#"{"a": 1}"#, r#"{"a": [null]}"#],
    );
    check_all(
        r#"{"a": {"$elemMatch": {"$gt": 1, "$nin": [5, "x"]}}}"#,
        &[r#"{"a": [5, 6]}"#],
        &[r#"{"a": [5, 0]}"#, r#"{"a": [[6]]}"#],
    );
    check(r#"{"a": {"$elemMatch": {"$elemMatch": {"$gt": 1}}}}"#, r#"{"a": [[0], [2]]}"#, true);
    check(r#"{"a": {"$elemMatch": {"$not": {"$gt": 1}}}}"#, r#"{"a": [[5]]}"#, true);
    check(r#"{"a": {"$elemMatch": {"$size": 1}}}"#, r#"{"a": [[5]]}"#, true);
    check(r#"{"a": {"$elemMatch": {"$type": "array"}}}"#, r#"{"a": [[5]]}"#, true);
    check(r#"{"a": {"$elemMatch": {"$exists": true, "$regex": "x"}}}"#, r#"{"a": ["x"]}"#, true);
    check(r#"{"a": {"$elemMatch": {"$gt": null}}}"#, r#"{"a": [null, 1]}"#, false);
}
