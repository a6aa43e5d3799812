//! Reaching into columns of JSON text.

use headwater_tiering::Policy;
use serde_json::{Value, json};

use crate::support::Fixture;

fn people() -> Fixture {
    let document = |id: i64, more: Value| json!({"id": id, "about": more});
    Fixture::of(
        "people",
        &[
            document(1, json!({"name": "Ada", "age": 36, "tall": true, "kids": [{"n": 1.5}, "x"]})),
            document(2, json!({"name": "Bob", "age": null, "tall": "no", "kids": []})),
            document(3, json!(["Ada"])),
            json!({"id": 4}),
        ],
    )
}

#[test]
fn functions_and_operators_give_what_is_at_a_path_in_both_tiers() {
    let people = people();
    let cases = [
        ("json_get_str(about, 'name')", json!(["Ada", "Bob", null, null])),
        ("about ->> 'name'", json!(["Ada", "Bob", null, null])),
        ("about -> 'name'", json!(["\"Ada\"", "\"Bob\"", null, null])),
        ("json_get_int(about, 'age')", json!([36, null, null, null])),
        ("json_get_float(about, 'age')", json!([36.0, null, null, null])),
        ("json_get_bool(about, 'tall')", json!([true, null, null, null])),
        ("json_get(about, 'kids')", json!(["[{\"n\":1.5},\"x\"]", "[]", null, null])),
        ("json_get_float(about, 'kids', 0, 'n')", json!([1.5, null, null, null])),
        ("about -> 'kids' -> 1", json!(["\"x\"", null, null, null])),
        ("json_get_str(about, 0)", json!([null, null, "Ada", null])),
        ("json_get_str(about, -1)", json!([null, null, null, null])),
        ("json_get_text(about, 'kids', id - 1)", json!(["{\"n\":1.5}", null, null, null])),
        ("json_get_text('{\"a\": [1, 2]}', 'a', 1)", json!(["2", "2", "2", "2"])),
        ("json_get('no json', 'a')", json!([null, null, null, null])),
    ];
    for policy in [None, Some(Policy::KeepRows(2)), Some(Policy::All)] {
        if let Some(policy) = policy {
            people.hand_off(policy);
        }
        for (expression, expected) in &cases {
            let found =
                people.rows(&format!("SELECT {expression} AS found FROM people ORDER BY id"));
            let found: Vec<Value> = found.iter().map(|row| row["found"].clone()).collect();
            assert_eq!(json!(found), *expected, "{expression} {policy:?}");
        }
        let found = people.rows("SELECT id FROM people WHERE about ->> 'age' = '36'");
        assert_eq!(found, [json!({"id": 1})]);
    }
}

#[test]
fn wrong_arguments_are_refused_when_the_statement_is_planned() {
    let people = people();
    for text in [
        "SELECT json_get(id, 'a') FROM people",
        "SELECT json_get() FROM people",
        "SELECT json_get(about, 1.5) FROM people",
    ] {
        let error = people.refused(text);
        assert!(error.to_string().contains("json_get"), "{text}: {error}");
    }
}
