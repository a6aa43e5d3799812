//! How values compare: null, missing, mixed types and the largest numbers included.

use super::{check, check_all};

#[test]
fn an_empty_filter_matches_everything() {
    check_all("{}", &["{}", r#"{"a": 1}"#], &[]);
}

#[test]
fn equality_holds_for_the_value_or_an_element() {
    check_all(
        r#"{"a": 1}"#,
        &[r#"{"a": 1}"#, r#"{"a": 1.0}"#, r#"{"a": [0, 1]}"#, r#"{"b": 0, "a": 1}"#],
        &[
            "{}",
            r#"{"a": 2}"#,
            r#"{"a": "1"}"#,
            r#"{"a": true}"#,
            r#"{"a": null}"#,
            r#"{"a": [[1]]}"#,
            r#"{"a": {"a": 1}}"#,
            r#"{"b": 1}"#,
        ],
    );
    check_all(
        r#"{"a": true}"#,
        &[r#"{"a": true}"#, r#"{"a": [false, true]}"#],
        &["{}", r#"{"a": 1}"#, r#"{"a": "true"}"#, r#"{"a": false}"#],
    );
    check_all(
        r#"{"a": "x"}"#,
        &[r#"{"a": "x"}"#, r#"{"a": ["y", "x"]}"#],
        &["{}", r#"{"a": "X"}"#, r#"{"a": ""}"#, r#"{"a": {"x": "x"}}"#],
    );
    check_all(r#"{"a": "[1]"}"#, &[r#"{"a": "[1]"}"#], &[r#"{"a": [1]}"#]);
    check_all(r#"{"a": "1"}"#, &[r#"{"a": "1"}"#], &[r#"{"a": 1}"#]);
}

#[test]
fn null_equals_null_and_missing() {
    for filter in [
        r#"{"a": null}"#,
        r#"{"a": {"$eq": null}}"#,
        r#"{"a": {"$gte": null}}"#,
        r#"{"a": {"$lte": null}}"#,
        r#"{"a": {"$in": [7, null]}}"#,
        r#"{"a": {"$all": [null]}}"#,
    ] {
        check_all(
            filter,
            &["{}", r#"{"a": null}"#, r#"{"a": [1, null]}"#],
            &[
                r#"{"a": 0}"#,
                r#"{"a": false}"#,
                r#"{"a": []}"#,
                r#"{"a": [[null]]}"#,
                r#"{"a": {}}"#,
            ],
        );
    }
    check_all(r#"{"a": {"$gt": null}}"#, &[], &["{}", r#"{"a": null}"#, r#"{"a": 1}"#]);
    check_all(r#"{"a": {"$lt": null}}"#, &[], &["{}", r#"{"a": null}"#, r#"{"a": [null]}"#]);
}

/// The documents and the answers of MongoDB's own tests of null on a dotted path.
#[test]
fn null_on_a_dotted_path_looks_into_objects_in_arrays_only() {
    let matching = [
        "{}",
        r#"{"a": {}}"#,
        r#"{"a": null}"#,
        r#"{"a": 4}"#,
        r#"{"a": {"b": null}}"#,
        r#"{"a": [{"b": null}, {}]}"#,
        r#"{"a": [{"b": null}, {"b": 3}]}"#,
        r#"{"a": [{"b": 3}, {}]}"#,
    ];
    let others = [
        r#"{"a": {"b": "hi"}}"#,
        r#"{"a": [[]]}"#,
        r#"{"a": []}"#,
        r#"{"a": [{"b": 1}, {"b": 3}, {"b": "string"}]}"#,
        r#"{"a": [null, null]}"#,
        r#"{"a": [1, "string", 4]}"#,
    ];
    check_all(r#"{"a.b": null}"#, &matching, &others);
    check_all(r#"{"a.b": {"$in": [null, 75]}}"#, &matching, &others);
    check_all(r#"{"a.b": {"$ne": null}}"#, &others, &matching);
    check_all(r#"{"a.b": {"$nin": [null, 75]}}"#, &others, &matching);
    check_all(r#"{"a.b": {"$not": {"$gte": null}}}"#, &others, &matching);
}

#[test]
fn negations_deny_every_element() {
    check_all(
        r#"{"a": {"$ne": 1}}"#,
        &["{}", r#"{"a": 2}"#, r#"{"a": [2, 3]}"#, r#"{"a": "1"}"#, r#"{"a": []}"#],
        &[r#"{"a": 1}"#, r#"{"a": [1, 2]}"#],
    );
    check_all(
        r#"{"a": {"$nin": [1, "x"]}}"#,
        &["{}", r#"{"a": 2}"#, r#"{"a": null}"#, r#"{"a": [[1]]}"#],
        &[r#"{"a": 1.0}"#, r#"{"a": ["x"]}"#],
    );
    check_all(
        r#"{"a": {"$not": {"$gt": 1, "$lt": 3}}}"#,
        &["{}", r#"{"a": 1}"#, r#"{"a": "x"}"#],
        &[r#"{"a": 2}"#, r#"{"a": [0, 5]}"#],
    );
    check_all(
        r#"{"a": {"$not": {"$regex": "^x"}}}"#,
        &["{}", r#"{"a": "yx"}"#, r#"{"a": 1}"#],
        &[r#"{"a": "xy"}"#, r#"{"a": ["y", "x"]}"#],
    );
}

#[test]
fn ordering_compares_values_of_one_type() {
    check_all(
        r#"{"a": {"$gt": 5}}"#,
        &[r#"{"a": 6}"#, r#"{"a": 5.5}"#, r#"{"a": [1, 9]}"#, r#"{"a": 1e300}"#],
        &["{}", r#"{"a": 5}"#, r#"{"a": "6"}"#, r#"{"a": true}"#, r#"{"a": null}"#, r#"{"a": {}}"#],
    );
    check_all(
        r#"{"a": {"$lte": 5}}"#,
        &[r#"{"a": 5}"#, r#"{"a": -1e300}"#, r#"{"a": ["x", 0]}"#],
        &["{}", r#"{"a": null}"#, r#"{"a": false}"#, r#"{"a": "1"}"#],
    );
    check_all(
        r#"{"a": {"$lt": "b"}}"#,
        &[r#"{"a": "a"}"#, r#"{"a": ""}"#, r#"{"a": "B"}"#, r#"{"a": "a\u0000"}"#],
        &["{}", r#"{"a": "b"}"#, r#"{"a": "é"}"#, r#"{"a": 1}"#, r#"{"a": []}"#],
    );
    check_all(
        r#"{"a": {"$gt": false}}"#,
        &[r#"{"a": true}"#, r#"{"a": [1, true]}"#],
        &["{}", r#"{"a": false}"#, r#"{"a": 1}"#],
    );
    check_all(r#"{"a": {"$lte": true}}"#, &[r#"{"a": true}"#, r#"{"a": false}"#], &["{}"]);
}

#[test]
fn text_compares_by_its_bytes() {
    check(r#"{"a": {"$gt": "\uffff"}}"#, r#"{"a": "😀"}"#, true);
    check(r#"{"a": {"$gt": "a"}}"#, r#"{"a": "a\u0000"}"#, true);
    check(r#"{"a": "a\u0000b"}"#, r#"{"a": "a\u0000b"}"#, true);
    check(r#"{"a": "a\u0000b"}"#, r#"{"a": "a\u0000c"}"#, false);
    check(r#"{"a": "a"}"#, r#"{"a": "a\u0000"}"#, false);
    check(r#"{"a": "line\nbreak \"quoted\" \\"}"#, r#"{"a": "line\nbreak \"quoted\" \\"}"#, true);
}

#[test]
fn numbers_compare_without_rounding() {
    check(r#"{"a": 9007199254740993}"#, r#"{"a": 9007199254740992.0}"#, false);
    check(r#"{"a": {"$gt": 9007199254740992.0}}"#, r#"{"a": 9007199254740993}"#, true);
    check(r#"{"a": {"$lt": 9007199254740993}}"#, r#"{"a": 9007199254740992.0}"#, true);
    check(r#"{"a": 9223372036854775807}"#, r#"{"a": 9223372036854775808.0}"#, false);
    check(r#"{"a": {"$lt": 9223372036854775808}}"#, r#"{"a": 9223372036854775807}"#, true);
    check(r#"{"a": -9223372036854775808}"#, r#"{"a": -9223372036854775808.0}"#, true);
    check(r#"{"a": 0}"#, r#"{"a": -0.0}"#, true);
    check(r#"{"a": {"$gt": 4}}"#, r#"{"a": 4.5}"#, true);
    check(r#"{"a": {"$gt": -4}}"#, r#"{"a": -4.5}"#, false);
    check(r#"{"a": 18446744073709551615}"#, r#"{"a": 18446744073709551615}"#, true);
    check(r#"{"a": {"$in": [18446744073709551615]}}"#, r#"{"a": [18446744073709551615]}"#, true);
    check(r#"{"a": 18446744073709551616.0}"#, r#"{"a": 18446744073709551615}"#, false);
    check(r#"{"a": {"$gt": 18446744073709551614}}"#, r#"{"a": 18446744073709551615}"#, true);
    check(r#"{"a": {"$gt": 9223372036854775808.0}}"#, r#"{"a": 9223372036854775809}"#, true);
    check(r#"{"a": {"$gt": 9223372036854775807}}"#, r#"{"a": 9223372036854775808}"#, true);
    check(r#"{"a": {"$lt": 18446744073709556000.0}}"#, r#"{"a": 18446744073709551615}"#, true);
    check(r#"{"a": 5e-324}"#, r#"{"a": 5e-324}"#, true);
    check(r#"{"a": {"$lt": 1.7976931348623157e308}}"#, r#"{"a": 1.7976931348623155e308}"#, true);
}

#[test]
fn membership_is_equality_with_one() {
    check_all(
        r#"{"a": {"$in": [1, "x", true, [2, 3], {"k": 1}]}}"#,
        &[
            r#"{"a": 1.0}"#,
            r#"{"a": "x"}"#,
            r#"{"a": true}"#,
            r#"{"a": [2, 3]}"#,
            r#"{"a": [[2, 3]]}"#,
            r#"{"a": {"k": 1}}"#,
            r#"{"a": [0, {"k": 1}]}"#,
        ],
        &["{}", r#"{"a": false}"#, r#"{"a": [2]}"#, r#"{"a": {"k": 2}}"#, r#"{"a": null}"#],
    );
    check_all(r#"{"a": {"$in": []}}"#, &[], &["{}", r#"{"a": []}"#, r#"{"a": null}"#]);
    check_all(r#"{"a": {"$nin": []}}"#, &["{}", r#"{"a": []}"#], &[]);
    let long: Vec<String> = (0..1_000).map(|n| (n * 2).to_string()).collect();
    let long = format!(r#"{{"a": {{"$in": [{}]}}}}"#, long.join(","));
    check_all(&long, &[r#"{"a": 0}"#, r#"{"a": 1998.0}"#], &[r#"{"a": 3}"#, r#"{"a": 2000}"#]);
}
