//! JSON patch (RFC 6902) against its test suite, and JSON merge patch (RFC 7396) against its own.

use headwater_document::DocumentStore;
use headwater_document::primitives::{ErrorKind, Sequence};
use headwater_testkit::dataset;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{head, memory, refused};

#[derive(Deserialize)]
struct Case {
    comment: Option<String>,
    doc: Value,
    patch: Value,
    expected: Option<Value>,
    error: Option<String>,
    #[serde(default)]
    disabled: bool,
}

#[test]
fn every_enabled_case_of_the_json_patch_suite_holds() {
    let Some(folder) = dataset("conformance-json") else { return };
    let (_ns, store) = memory("suite");
    let (mut wrapped, mut direct) = (0, 0);
    for file in ["json-patch-tests.json", "json-patch-spec-tests.json"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
        for (number, case) in cases.iter().enumerate().filter(|(_, case)| !case.disabled) {
            let name = format!("{file} {number} {:?}", case.comment);
            check_wrapped(&store, case, &name);
            wrapped += 1;
            direct += usize::from(check_direct(&store, case, &name));
        }
    }
    println!("JSON patch: {wrapped} cases hold, {direct} of them on documents as they are");
    assert_eq!(wrapped, 112 - 4);
    assert!(direct > 50, "{direct}");
}

/// The suite's documents may be arrays or scalars, so the case runs on a field that holds its
/// document, with its paths moved there.
fn check_wrapped(store: &DocumentStore, case: &Case, name: &str) {
    store.put(&json!({"id": "x", "v": case.doc})).wait().unwrap();
    let mut patch = case.patch.clone();
    for operation in patch.as_array_mut().unwrap() {
        for member in ["path", "from"] {
            match operation.get_mut(member) {
                Some(Value::String(path)) if path.is_empty() || path.starts_with('/') => {
                    path.insert_str(0, "/v");
                }
                _ => {}
            }
        }
    }
    let expected = case.expected.as_ref().map(|expected| json!({"id": "x", "v": expected}));
    check(store, "x", &patch, expected, case, name);
}

/// Runs the case as it stands, where its document is an object before and after.
fn check_direct(store: &DocumentStore, case: &Case, name: &str) -> bool {
    let root = case.patch.as_array().unwrap().iter().any(|operation| {
        operation.get("path") == Some(&json!("")) || operation.get("from") == Some(&json!(""))
    });
    let with_id = |value: &Value| {
        let mut value = value.clone();
        value.as_object_mut()?.insert("id".to_owned(), json!("y"));
        Some(value)
    };
    let Some(document) = with_id(&case.doc).filter(|_| !root) else { return false };
    store.put(&document).wait().unwrap();
    let expected = case.expected.as_ref().map(|expected| with_id(expected).unwrap());
    check(store, "y", &case.patch, expected, case, name);
    true
}

fn check(
    store: &DocumentStore,
    id: &str,
    patch: &Value,
    expected: Option<Value>,
    case: &Case,
    name: &str,
) {
    let before = store.get_versioned(id).wait().unwrap();
    let result = store.json_patch(id, patch).wait();
    let after = store.get_versioned(id).wait().unwrap();
    match (&case.error, expected) {
        (Some(_), _) => {
            let message = refused(result, ErrorKind::InvalidInput);
            assert!(message.contains("JSON patch"), "{name}: {message}");
            assert_eq!(after, before, "{name}: a patch that fails changes nothing");
        }
        (None, expected) => {
            result.unwrap_or_else(|error| panic!("{name}: {error}"));
            let after = after.map(|found| found.document);
            let expected = expected.or_else(|| before.map(|found| found.document));
            assert_eq!(after, expected, "{name}");
        }
    }
}

#[test]
fn a_json_patch_is_applied_whole_or_not_at_all() {
    let (ns, store) = memory("people");
    let document = json!({"id": "a", "list": [1, 2], "n": 1});
    store.insert(&document).wait().unwrap();
    let patch = json!([
        {"op": "add", "path": "/list/-", "value": 3},
        {"op": "replace", "path": "/n", "value": 2},
        {"op": "test", "path": "/n", "value": 1},
    ]);
    let message = refused(store.json_patch("a", &patch).wait(), ErrorKind::InvalidInput);
    assert!(message.contains("operation 2"), "{message}");
    assert_eq!((store.get("a").wait().unwrap(), head(&ns)), (Some(document), Sequence(1)));
}

#[test]
fn what_is_no_json_patch_is_refused_at_the_call() {
    let (_ns, store) = memory("people");
    store.insert(&json!({"id": "a", "n": 1})).wait().unwrap();
    for bad in [
        json!({}),
        json!(null),
        json!("add"),
        json!({"op": "add", "path": "/n", "value": 1}),
        json!([{"op": "spam", "path": "/n", "value": 1}]),
        json!([{"path": "/n", "value": 1}]),
        json!([{"op": "add", "value": 1}]),
        json!([{"op": "add", "path": "/n"}]),
        json!([{"op": "move", "path": "/n"}]),
        json!([{"op": "add", "path": "n", "value": 1}]),
        json!([{"op": "add", "path": 1, "value": 1}]),
        json!([[]]),
    ] {
        let message = refused(store.json_patch("a", &bad).wait(), ErrorKind::InvalidInput);
        assert!(message.contains("JSON patch"), "{message}");
    }
}

/// RFC 7396, appendix A: original, patch, result.
fn merge_cases() -> Vec<(Value, Value, Value)> {
    let text = r#"[
        [{"a":"b"}, {"a":"c"}, {"a":"c"}],
        [{"a":"b"}, {"b":"c"}, {"a":"b", "b":"c"}],
        [{"a":"b"}, {"a":null}, {}],
        [{"a":"b", "b":"c"}, {"a":null}, {"b":"c"}],
        [{"a":["b"]}, {"a":"c"}, {"a":"c"}],
        [{"a":"c"}, {"a":["b"]}, {"a":["b"]}],
        [{"a":{"b":"c"}}, {"a":{"b":"d", "c":null}}, {"a":{"b":"d"}}],
        [{"a":[{"b":"c"}]}, {"a":[1]}, {"a":[1]}],
        [["a","b"], ["c","d"], ["c","d"]],
        [{"a":"b"}, ["c"], ["c"]],
        [{"a":"foo"}, null, null],
        [{"a":"foo"}, "bar", "bar"],
        [{"e":null}, {"a":1}, {"e":null, "a":1}],
        [[1,2], {"a":"b", "c":null}, {"a":"b"}],
        [{}, {"a":{"bb":{"ccc":null}}}, {"a":{"bb":{}}}]
    ]"#;
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_case_of_the_merge_patch_appendix_holds() {
    let (_ns, store) = memory("merge");
    for (original, patch, result) in merge_cases() {
        store.put(&json!({"id": "x", "v": original})).wait().unwrap();
        store.merge_patch("x", &json!({"v": patch})).wait().unwrap();
        let mut expected = json!({"id": "x", "v": result});
        // A null in a merge patch removes, so the whole value as null removes the field.
        if patch.is_null() {
            expected.as_object_mut().unwrap().remove("v");
        }
        assert_eq!(store.get("x").wait().unwrap(), Some(expected), "{original} {patch}");

        let (Value::Object(mut document), true) = (original, patch.is_object()) else { continue };
        document.insert("id".to_owned(), json!("y"));
        store.put(&Value::Object(document)).wait().unwrap();
        store.merge_patch("y", &patch).wait().unwrap();
        let mut expected = result;
        expected["id"] = json!("y");
        assert_eq!(store.get("y").wait().unwrap(), Some(expected), "{patch}");
    }
}
