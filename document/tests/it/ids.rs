//! Ids: which values can be one, kinds, generated ids, and that an id stays what it is.

use headwater_document::primitives::{ErrorKind, Sequence};
use headwater_document::{DocumentId, DocumentStore, IdKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{all, head, memory, refused};

#[test]
fn every_text_is_an_id_of_its_own() {
    let (_ns, store) = memory("texts");
    let longest = "ü".repeat(512);
    let ids = [
        "",
        " ",
        "a",
        "A",
        "a\0",
        "a\0b",
        "é",
        "e\u{301}",
        "语",
        "🦀",
        "'; DROP TABLE x; --",
        "%",
        "null",
        "7",
        "007",
        "1e2",
        "\u{feff}",
        "\n",
        longest.as_str(),
    ];
    for id in ids {
        store.insert(&json!({"id": id, "self": id})).wait().unwrap();
    }
    assert_eq!(store.count().wait().unwrap(), ids.len() as u64);
    for id in ids {
        let document = json!({"id": id, "self": id});
        assert_eq!(store.get(id).wait().unwrap().as_ref(), Some(&document), "{id:?}");
        assert_eq!(store.get(id.to_owned()).wait().unwrap(), Some(document), "cached: {id:?}");
        refused(store.insert(&json!({"id": id})).wait(), ErrorKind::AlreadyExists);
        store.merge_patch(id, &json!({"seen": true})).wait().unwrap();
    }
    let mut sorted: Vec<&str> = ids.to_vec();
    sorted.sort_unstable();
    let stored: Vec<Value> = all(&store).into_iter().map(|mut found| found["id"].take()).collect();
    assert_eq!(stored, sorted, "by their bytes");
    for id in ids {
        assert!(store.delete(id).wait().unwrap().is_some(), "{id:?}");
    }
    assert_eq!(store.count().wait().unwrap(), 0);
    let message =
        refused(store.insert(&json!({"id": "x".repeat(1025)})).wait(), ErrorKind::InvalidInput);
    assert!(message.contains("1025") && message.contains("1024"), "{message}");
    refused(store.get("x".repeat(1025)).wait(), ErrorKind::InvalidInput);
}

#[test]
fn integers_up_to_both_ends_are_ids_and_above_they_are_refused() {
    let (ns, store) = memory("numbers");
    let ids = [i64::MIN, -1, 0, 1, 1 << 53, i64::MAX];
    for id in ids {
        store.insert(&json!({"id": id})).wait().unwrap();
        assert_eq!(store.get(id).wait().unwrap(), Some(json!({"id": id})));
    }
    assert_eq!(store.get(i64::MAX as u64).wait().unwrap(), Some(json!({"id": i64::MAX})));
    let stored: Vec<i64> = all(&store).iter().map(|found| found["id"].as_i64().unwrap()).collect();
    assert_eq!(stored, ids, "by number");
    let before = head(&ns);
    for id in [json!(u64::MAX), json!(i64::MAX as u64 + 1)] {
        let message = refused(store.insert(&json!({"id": id})).wait(), ErrorKind::InvalidInput);
        assert!(message.contains(&i64::MAX.to_string()), "{message}");
    }
    let message = refused(store.get(u64::MAX).wait(), ErrorKind::InvalidInput);
    assert!(message.contains(&u64::MAX.to_string()), "{message}");
    assert_eq!(head(&ns), before);
}

#[test]
fn what_is_neither_text_nor_integer_is_no_id() {
    let (ns, store) = memory("any");
    for id in [json!(null), json!(true), json!(1.0), json!(0.5), json!([1]), json!({"a": 1})] {
        let document = json!({"id": id});
        for result in [store.insert(&document).wait(), store.put(&document).wait()] {
            let message = refused(result, ErrorKind::InvalidInput);
            assert!(message.contains("integers or text"), "{message}");
        }
        refused(store.bulk_insert([&document]).wait(), ErrorKind::InvalidInput);
    }
    assert_eq!(head(&ns), Sequence(0));
}

#[test]
fn an_id_of_the_other_kind_is_refused_by_every_operation() {
    let (ns, texts) = memory("texts");
    texts.insert(&json!({"id": "1"})).wait().unwrap();
    let numbers: DocumentStore = DocumentStore::open(&ns, "numbers").unwrap();
    numbers.insert(&json!({"id": 1})).wait().unwrap();
    let before = head(&ns);
    check_refusals(&texts, DocumentId::Integer(1), json!({"id": 1}));
    check_refusals(&numbers, DocumentId::Text("1".into()), json!({"id": "1"}));
    assert_eq!(head(&ns), before);
    assert_eq!(texts.id_kind().unwrap(), Some(IdKind::Text));
    assert_eq!(numbers.parse_id("-7").unwrap(), DocumentId::Integer(-7));
    assert_eq!(texts.parse_id("-7").unwrap(), DocumentId::Text("-7".into()));
    refused(numbers.parse_id("seven"), ErrorKind::InvalidInput);
}

fn check_refusals(store: &DocumentStore, id: DocumentId, document: Value) {
    let patch = json!({"a": 1});
    let messages = [
        refused(store.insert(&document).wait(), ErrorKind::InvalidInput),
        refused(store.put(&document).wait(), ErrorKind::InvalidInput),
        refused(store.replace(&document).wait(), ErrorKind::InvalidInput),
        refused(store.get(&id).wait(), ErrorKind::InvalidInput),
        refused(store.get_json(&id).wait(), ErrorKind::InvalidInput),
        refused(store.get_many([&id]).wait(), ErrorKind::InvalidInput),
        refused(store.update(&id, |_| ()).wait(), ErrorKind::InvalidInput),
        refused(store.merge_patch(&id, &patch).wait(), ErrorKind::InvalidInput),
        refused(store.json_patch(&id, &json!([])).wait(), ErrorKind::InvalidInput),
        refused(store.delete(&id).wait(), ErrorKind::InvalidInput),
        refused(store.bulk_insert([&document]).wait(), ErrorKind::InvalidInput),
    ];
    for message in messages {
        let named = message.contains("integer") && message.contains("text");
        assert!(named && message.contains(store.name()), "{message}");
    }
}

#[test]
fn the_first_document_decides_the_kind_for_all_handles() {
    let (ns, store) = memory("first");
    let other: DocumentStore = DocumentStore::open(&ns, "first").unwrap();
    assert_eq!(store.get("anything").wait().unwrap(), None);
    assert_eq!(store.get(7).wait().unwrap(), None);
    assert_eq!(other.id_kind().unwrap(), None);
    let (text, number) = (store.insert(&json!({"id": "a"})), other.insert(&json!({"id": 1})));
    number.wait().unwrap();
    refused(text.wait(), ErrorKind::InvalidInput);
    assert_eq!(store.id_kind().unwrap(), Some(IdKind::Integer));
}

#[test]
fn a_missing_id_is_generated_into_the_document() {
    let (_ns, store) = memory("generated");
    let mut seen = Vec::new();
    for written in [
        store.insert(&json!({"n": 1})).wait().unwrap(),
        store.put(&json!({"n": 2})).wait().unwrap(),
    ] {
        let DocumentId::Text(id) = &written.id else { panic!("{written:?}") };
        assert_eq!(id.parse::<Uuid>().unwrap().get_version_num(), 7);
        let document = store.get(&written.id).wait().unwrap().unwrap();
        assert_eq!(document["id"], json!(id));
        seen.push(id.clone());
    }
    assert_ne!(seen[0], seen[1]);

    let (_ns, numbers) = memory("numbers");
    numbers.insert(&json!({"id": 1})).wait().unwrap();
    let message = refused(numbers.insert(&json!({"n": 1})).wait(), ErrorKind::InvalidInput);
    assert!(message.contains("\"id\"") && message.contains("integer"), "{message}");
}

#[test]
fn no_change_changes_an_id() {
    let (ns, store) = memory("people");
    let document = json!({"id": "a", "n": 1});
    store.insert(&document).wait().unwrap();
    let patches = [
        json!([{"op": "replace", "path": "/id", "value": "b"}]),
        json!([{"op": "replace", "path": "/id", "value": 1}]),
        json!([{"op": "remove", "path": "/id"}]),
        json!([{"op": "move", "from": "/id", "path": "/other"}]),
        json!([{"op": "replace", "path": "", "value": {"n": 2}}]),
        json!([{"op": "add", "path": "/id", "value": null}]),
    ];
    for patch in &patches {
        let message = refused(store.json_patch("a", patch).wait(), ErrorKind::InvalidInput);
        assert!(message.contains("id"), "{message}");
    }
    for patch in [json!({"id": "b"}), json!({"id": null}), json!({"id": 7}), json!({"id": {}})] {
        refused(store.merge_patch("a", &patch).wait(), ErrorKind::InvalidInput);
    }
    for id in [json!("b"), json!(null), json!(3)] {
        let change = move |value: &mut Value| value["id"] = id;
        refused(store.update("a", change).wait(), ErrorKind::InvalidInput);
    }
    assert_eq!((all(&store), head(&ns)), (vec![document], Sequence(1)));
    store.merge_patch("a", &json!({"id": "a", "n": 2})).wait().unwrap();
}
