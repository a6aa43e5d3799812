//! Single operations: what they return, what they leave, and what they refuse.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_lite::future::block_on;
use headwater_document::primitives::{ErrorKind, Namespace, Sequence, jsonb};
use headwater_document::{DocumentId, DocumentStore, MAX_DOCUMENT_BYTES, PutOptions, collections};
use serde_json::{Value, json};

use crate::support::{all, head, memory, refused};

#[test]
fn a_write_returns_the_sequence_of_its_event_which_is_the_new_version() {
    let (ns, store) = memory("people");
    let inserted = store.insert(&json!({"id": "a", "n": 1})).wait().unwrap();
    assert_eq!(inserted.id, DocumentId::Text("a".into()));
    assert_eq!((inserted.sequence, inserted.version), (head(&ns), head(&ns)));
    let put = store.put(&json!({"id": "a", "n": 2})).wait().unwrap();
    assert_eq!(put.sequence, inserted.sequence.next());
    let found = store.get_versioned("a").wait().unwrap().unwrap();
    assert_eq!((found.version, found.id), (put.version, put.id));
    assert_eq!(found.document, json!({"id": "a", "n": 2}));
    let deleted = store.delete("a").wait().unwrap().unwrap();
    assert_eq!(deleted.sequence, put.sequence.next());
    assert_eq!(head(&ns), deleted.sequence);
}

#[test]
fn insert_wants_a_free_id_replace_a_taken_one_and_put_neither() {
    let (ns, store) = memory("people");
    let (one, two) = (json!({"id": "a", "n": 1}), json!({"id": "a", "n": 2}));
    refused(store.replace(&one).wait(), ErrorKind::NotFound);
    store.insert(&one).wait().unwrap();
    let before = head(&ns);
    let message = refused(store.insert(&two).wait(), ErrorKind::AlreadyExists);
    assert!(message.contains("people") && message.contains("\"a\""), "{message}");
    assert_eq!((store.get("a").wait().unwrap(), head(&ns)), (Some(one.clone()), before));
    store.replace(&two).wait().unwrap();
    store.put(&one).wait().unwrap();
    assert_eq!(all(&store), [one]);
    let nobody = json!({"n": 1});
    let message = refused(store.replace(&nobody).wait(), ErrorKind::InvalidInput);
    assert!(message.contains("\"id\""), "{message}");
}

#[test]
fn a_write_happens_when_it_is_waited_for_and_not_before() {
    let (ns, store) = memory("people");
    let write = store.insert(&json!({"id": "a"}));
    drop(store.put(&json!({"id": "b"})));
    assert_eq!((store.count().wait().unwrap(), head(&ns)), (0, Sequence(0)));
    block_on(write).unwrap();
    let pending = store.put(&json!({"id": "c"})).submit().wait().unwrap();
    drop(pending); // accepted, so dropping the handle does not cancel it
    block_on(async {
        store.put(&json!({"id": "d"})).await.unwrap();
        assert_eq!(store.count().await.unwrap(), 3);
        assert_eq!(store.get("c").await.unwrap(), Some(json!({"id": "c"})));
    });
}

#[test]
fn gets_agree_whatever_form_they_return() {
    let (_ns, store) = memory("people");
    let document = json!({"id": "a", "big": u64::MAX, "small": i64::MIN, "float": 0.1, "text": "ä\u{0}\"",
        "list": [1, [2.5, null], {}], "nothing": null, "deep": {"er": {"est": true}}});
    let written = store.insert(&document).wait().unwrap();
    for _from_cache in [false, true] {
        assert_eq!(store.get("a").wait().unwrap(), Some(document.clone()));
        let raw = store.get_raw("a").wait().unwrap().unwrap();
        assert_eq!((raw.version, raw.expires), (written.version, None));
        assert_eq!(jsonb::from_slice::<Value>(&raw.body).unwrap(), document);
        let text = store.get_json("a").wait().unwrap().unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
    }
    for nothing in ["", "A", "a ", "b"] {
        assert_eq!(store.get(nothing).wait().unwrap(), None);
        assert!(store.get_json(nothing).wait().unwrap().is_none());
        assert!(store.get_raw(nothing).wait().unwrap().is_none());
        assert!(store.get_versioned(nothing).wait().unwrap().is_none());
    }
}

#[test]
fn get_many_keeps_order_repetitions_and_gaps() {
    let (_ns, store) = memory("people");
    assert_eq!(store.get_many(["a", "b"]).wait().unwrap(), [None, None]);
    for id in ["a", "b", "c"] {
        store.insert(&json!({"id": id})).wait().unwrap();
    }
    let found = store.get_many(["c", "x", "a", "c"]).wait().unwrap();
    let ids: Vec<_> = found.iter().map(|found| found.as_ref().map(|d| d["id"].clone())).collect();
    assert_eq!(ids, [Some(json!("c")), None, Some(json!("a")), Some(json!("c"))]);
    assert!(store.get_many(Vec::<String>::new()).wait().unwrap().is_empty());
}

#[test]
fn delete_removes_once_and_says_nothing_was_there_after() {
    let (ns, store) = memory("people");
    assert_eq!(store.delete("a").wait().unwrap(), None);
    assert_eq!(head(&ns), Sequence(0), "deleting nothing is no event");
    store.insert(&json!({"id": "a", "n": 1})).wait().unwrap();
    assert!(store.delete("a").wait().unwrap().is_some());
    assert_eq!(store.delete("a").wait().unwrap(), None);
    assert_eq!((store.get("a").wait().unwrap(), store.count().wait().unwrap()), (None, 0));
    refused(store.update("a", |_| ()).wait(), ErrorKind::NotFound);
    refused(store.merge_patch("a", &json!({})).wait(), ErrorKind::NotFound);
    refused(store.json_patch("a", &json!([])).wait(), ErrorKind::NotFound);
    store.insert(&json!({"id": "a", "n": 2})).wait().unwrap();
    assert_eq!(all(&store), [json!({"id": "a", "n": 2})]);
}

#[test]
fn only_objects_are_documents() {
    let (ns, store) = memory("people");
    for (value, name) in [
        (json!(null), "null"),
        (json!(true), "boolean"),
        (json!(7), "number"),
        (json!("text"), "string"),
        (json!([{"id": "a"}]), "array"),
    ] {
        for result in [store.insert(&value).wait(), store.put(&value).wait()] {
            let message = refused(result, ErrorKind::InvalidInput);
            assert!(message.contains(name) && message.contains("people"), "{message}");
        }
        let bulk = store.bulk_insert(&[json!({"id": "fine"}), value.clone()]).wait();
        let message = refused(bulk, ErrorKind::InvalidInput);
        assert!(message.contains("document 1"), "the position is named: {message}");
    }
    assert_eq!((store.count().wait().unwrap(), head(&ns)), (0, Sequence(0)));
    assert!(collections(&ns).unwrap().is_empty(), "a refused document makes no collection");
}

#[test]
fn a_change_may_not_leave_something_that_is_no_object() {
    let (_ns, store) = memory("people");
    let document = json!({"id": "a", "n": 1});
    store.insert(&document).wait().unwrap();
    for patch in [json!([1]), json!("text"), json!(null)] {
        let message = refused(store.merge_patch("a", &patch).wait(), ErrorKind::InvalidInput);
        assert!(message.contains("object"), "{message}");
        let patch = json!([{"op": "replace", "path": "", "value": patch}]);
        let message = refused(store.json_patch("a", &patch).wait(), ErrorKind::InvalidInput);
        assert!(message.contains("object"), "{message}");
    }
    let change = |value: &mut Value| *value = json!(["a"]);
    let message = refused(store.update("a", change).wait(), ErrorKind::InvalidInput);
    assert!(message.contains("object"), "{message}");
    assert_eq!(all(&store), [document]);
}

#[test]
fn the_size_limit_holds_to_the_byte_for_every_way_of_writing() {
    let (ns, store) = memory("big");
    let with_length = |length: usize| json!({"id": "a", "text": "x".repeat(length)});
    let overhead = jsonb::to_vec(&with_length(1 << 20)).unwrap().len() - (1 << 20);
    let most = MAX_DOCUMENT_BYTES - overhead;
    let largest = with_length(most);
    assert_eq!(jsonb::to_vec(&largest).unwrap().len(), MAX_DOCUMENT_BYTES);
    let too_large = with_length(most + 1);

    let message = refused(store.insert(&too_large).wait(), ErrorKind::TooLarge);
    assert!(message.contains(&MAX_DOCUMENT_BYTES.to_string()), "{message}");
    refused(store.put(&too_large).wait(), ErrorKind::TooLarge);
    refused(store.bulk_insert([&too_large]).wait(), ErrorKind::TooLarge);
    let without_id = json!({"text": "x".repeat(most)});
    assert!(jsonb::to_vec(&without_id).unwrap().len() < MAX_DOCUMENT_BYTES);
    refused(store.insert(&without_id).wait(), ErrorKind::TooLarge);
    refused(store.bulk_insert([&without_id]).wait(), ErrorKind::TooLarge);
    assert_eq!(head(&ns), Sequence(0));

    store.insert(&largest).wait().unwrap();
    assert_eq!(store.get("a").wait().unwrap(), Some(largest.clone()));
    let more = json!({"more": 1});
    refused(store.merge_patch("a", &more).wait(), ErrorKind::TooLarge);
    let patch = json!([{"op": "add", "path": "/more", "value": 1}]);
    refused(store.json_patch("a", &patch).wait(), ErrorKind::TooLarge);
    refused(store.update("a", |value| value["more"] = json!(1)).wait(), ErrorKind::TooLarge);
    assert_eq!((store.get("a").wait().unwrap(), head(&ns)), (Some(largest), Sequence(1)));
}

#[test]
fn nesting_is_limited_and_told() {
    let (ns, store) = memory("deep");
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let fine = json!({"id": "a", "v": nested(120)});
    store.insert(&fine).wait().unwrap();
    assert_eq!(store.get("a").wait().unwrap(), Some(fine));
    let message = refused(
        store.insert(&json!({"id": "b", "v": nested(200)})).wait(),
        ErrorKind::InvalidInput,
    );
    assert!(message.contains("128"), "{message}");
    let patch = json!([{"op": "copy", "from": "/v", "path": "/v/0/0/0/0/0/0/0/0/0/0/0/0"}]);
    refused(store.json_patch("a", &patch).wait(), ErrorKind::InvalidInput);
    assert_eq!(head(&ns), Sequence(1));
}

#[test]
fn a_stale_version_is_a_conflict_and_changes_nothing() {
    let (ns, store) = memory("people");
    let first = store.insert(&json!({"id": "a", "n": 1})).wait().unwrap().version;
    let second = store.put(&json!({"id": "a", "n": 2})).wait().unwrap().version;
    let three = json!({"id": "a", "n": 3});
    let stale = PutOptions::expecting(first);
    for result in [store.put_with(&three, stale).wait(), store.replace_with(&three, stale).wait()] {
        let message = refused(result, ErrorKind::Conflict);
        assert!(message.contains(&second.to_string()), "{message}");
    }
    refused(store.delete_with("a", Some(first)).wait(), ErrorKind::Conflict);
    refused(store.insert_with(&three, PutOptions::expecting(second)).wait(), ErrorKind::Conflict);

    let missing = json!({"id": "b"});
    refused(store.put_with(&missing, stale).wait(), ErrorKind::Conflict);
    refused(store.replace_with(&missing, stale).wait(), ErrorKind::Conflict);
    refused(store.delete_with("b", Some(first)).wait(), ErrorKind::Conflict);
    assert_eq!((all(&store), head(&ns)), (vec![json!({"id": "a", "n": 2})], second));

    let third = store.put_with(&three, PutOptions::expecting(second)).wait().unwrap().version;
    let fourth = store.replace_with(&three, PutOptions::expecting(third)).wait().unwrap().version;
    assert!(store.delete_with("a", Some(fourth)).wait().unwrap().is_some());
    store.insert(&three).wait().unwrap();
    refused(store.put_with(&three, PutOptions::expecting(fourth)).wait(), ErrorKind::Conflict);
}

#[test]
fn of_writers_that_expect_one_version_exactly_one_wins() {
    let (_ns, store) = memory("counters");
    store.insert(&json!({"id": "c", "n": 0})).wait().unwrap();
    let version = store.get_versioned("c").wait().unwrap().unwrap().version;
    let wins: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (1..=8)
            .map(|n| {
                let store = &store;
                let document = json!({"id": "c", "n": n});
                scope.spawn(move || {
                    store.put_with(&document, PutOptions::expecting(version)).wait().is_ok()
                })
            })
            .collect();
        writers.into_iter().map(|writer| usize::from(writer.join().unwrap())).sum()
    });
    assert_eq!(wins, 1);
}

#[test]
fn updates_from_many_threads_are_all_counted() {
    let (_ns, store) = memory("counters");
    store.insert(&json!({"id": "c", "n": 0})).wait().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let increment = |value: &mut Value| {
                        value["n"] = json!(value["n"].as_i64().unwrap() + 1);
                    };
                    store.update("c", increment).wait().unwrap();
                }
            });
        }
    });
    assert_eq!(store.get("c").wait().unwrap(), Some(json!({"id": "c", "n": 200})));
}

#[test]
fn a_panicking_update_fails_its_caller_and_leaves_the_document() {
    let (ns, store) = memory("people");
    store.insert(&json!({"id": "a", "n": 1})).wait().unwrap();
    let reached = Arc::new(AtomicBool::new(false));
    let inside = reached.clone();
    let update = store.update("a", move |value| {
        value["n"] = json!(2);
        inside.store(true, Ordering::SeqCst);
        panic!("no thanks");
    });
    let message = refused(update.wait(), ErrorKind::Panicked);
    assert!(message.contains("no thanks") && reached.load(Ordering::SeqCst), "{message}");
    assert_eq!((all(&store), head(&ns)), (vec![json!({"id": "a", "n": 1})], Sequence(1)));
    store.insert(&json!({"id": "b"})).wait().unwrap();
}

#[test]
fn a_bulk_insert_is_all_or_nothing() {
    let (ns, store) = memory("people");
    let written = store.bulk_insert(&[json!({"id": "a"}), json!({"id": "b"})]).wait().unwrap();
    assert_eq!((written.count, written.first, written.last), (2, Sequence(1), Sequence(2)));
    let b = store.get_versioned("b").wait().unwrap().unwrap();
    assert_eq!(b.version, Sequence(2));

    let taken = [json!({"id": "c"}), json!({"id": "b", "other": 1}), json!({"id": "d"})];
    let message = refused(store.bulk_insert(&taken).wait(), ErrorKind::AlreadyExists);
    assert!(message.contains("document 1") && message.contains("\"b\""), "{message}");
    let twice = [json!({"id": "e"}), json!({"id": "f"}), json!({"id": "e"})];
    let message = refused(store.bulk_insert(&twice).wait(), ErrorKind::AlreadyExists);
    assert!(message.contains("document 2"), "{message}");
    let mixed = [json!({"id": "g"}), json!({"id": 7})];
    let message = refused(store.bulk_insert(&mixed).wait(), ErrorKind::InvalidInput);
    assert!(message.contains("document 1"), "{message}");
    assert_eq!((store.count().wait().unwrap(), head(&ns)), (2, Sequence(2)));

    let generated = store.bulk_insert(&[json!({"n": 1}), json!({"n": 2})]).wait().unwrap();
    assert_eq!((generated.count, generated.last), (2, Sequence(4)));
    assert!(all(&store).iter().all(|document| document["id"].is_string()));
}

#[test]
fn a_bulk_insert_of_nothing_makes_nothing() {
    let (ns, store) = memory("people");
    let written = store.bulk_insert(&[]).wait().unwrap();
    assert_eq!((written.count, head(&ns)), (0, Sequence(0)));
    assert_eq!(store.id_kind().unwrap(), None, "the first document decides, and there was none");
    store.insert(&json!({"id": 1})).wait().unwrap();
}

#[test]
fn a_large_bulk_insert_spans_segments_and_keeps_its_sequences() {
    let (ns, store) = memory("orders");
    let orders: Vec<Value> = headwater_testkit::documents(1).take(5_000).collect();
    let written = store.bulk_insert(&orders).wait().unwrap();
    assert_eq!((written.first, written.last), (Sequence(1), Sequence(5_000)));
    assert_eq!((store.count().wait().unwrap(), head(&ns)), (5_000, Sequence(5_000)));
    for at in [0, 1, 2_499, 4_999] {
        let id = orders[at]["id"].as_str().unwrap();
        let found = store.get_versioned(id).wait().unwrap().unwrap();
        assert_eq!((found.document, found.version.0), (orders[at].clone(), at as u64 + 1));
    }
}

#[test]
fn a_closed_namespace_refuses_reads_and_writes() {
    let (ns, store) = memory("people");
    store.insert(&json!({"id": "a"})).wait().unwrap();
    ns.close().unwrap();
    refused(store.insert(&json!({"id": "b"})).wait(), ErrorKind::Closed);
    refused(store.get("b").wait(), ErrorKind::Closed);
    refused(store.count().wait(), ErrorKind::Closed);
}

#[test]
fn a_read_only_namespace_serves_reads_and_refuses_writes() {
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    store.insert(&json!({"id": "a", "n": 1})).wait().unwrap();
    let reader = Namespace::builder(folder.path()).read_only().open().unwrap();
    let copy: DocumentStore = DocumentStore::open(&reader, "people").unwrap();
    assert_eq!(copy.get("a").wait().unwrap(), Some(json!({"id": "a", "n": 1})));
    refused(copy.insert(&json!({"id": "b"})).wait(), ErrorKind::ReadOnly);
    refused(copy.delete("a").wait(), ErrorKind::ReadOnly);
    store.insert(&json!({"id": "b"})).wait().unwrap();
    assert_eq!(copy.count().wait().unwrap(), 2, "the reader follows the owner");
    store.put(&json!({"id": "a", "n": 2})).wait().unwrap();
    assert_eq!(copy.get("a").wait().unwrap(), Some(json!({"id": "a", "n": 2})));
}

#[test]
fn a_read_only_namespace_without_documents_says_so() {
    let folder = tempfile::tempdir().unwrap();
    Namespace::open(folder.path()).unwrap().close().unwrap();
    let reader = Namespace::builder(folder.path()).read_only().open().unwrap();
    let Err(error) = DocumentStore::<Value>::open(&reader, "people") else { panic!("it opened") };
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
}

#[test]
fn collections_are_listed_by_name_with_their_counts_and_indexes() {
    let (ns, people) = memory("people");
    let places: DocumentStore = DocumentStore::open(&ns, "places/of 'interest'").unwrap();
    assert!(collections(&ns).unwrap().is_empty(), "the first document makes a collection");
    places.bulk_insert(&[json!({"id": 1}), json!({"id": 2})]).wait().unwrap();
    people.insert(&json!({"id": "a"})).wait().unwrap();
    people.create_index("name", headwater_document::Uniqueness::Many).unwrap().wait().unwrap();
    let found: Vec<_> = collections(&ns)
        .unwrap()
        .into_iter()
        .map(|info| (info.name, info.documents, info.indexes))
        .collect();
    let expected = [
        ("people".to_owned(), 1, vec!["name".to_owned()]),
        ("places/of 'interest'".to_owned(), 2, vec![]),
    ];
    assert_eq!(found, expected);
    for name in ["", "a\nb", &"x".repeat(129)] {
        assert!(DocumentStore::<Value>::open(&ns, name).is_err(), "{name:?}");
    }
}
