//! Indexes: uniqueness, arrays, and building while writers go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use headwater_document::primitives::filter::{Filter, field};
use headwater_document::primitives::{Durability, ErrorKind, Namespace, WriteOptions};
use headwater_document::{DocumentStore, Uniqueness};
use headwater_testkit::crash::{self, Crash, End};
use serde_json::{Value, json};

use crate::support::{all, head, memory, opened, refused};

fn unique(store: &DocumentStore, path: &str) {
    store.create_index(path, Uniqueness::Unique).unwrap().wait().unwrap();
}

fn found(store: &DocumentStore, filter: Filter) -> Vec<Value> {
    let page = store.find(filter).limit(1_000).run().wait().unwrap();
    page.documents.into_iter().map(|found| found.document["id"].clone()).collect()
}

#[test]
fn a_unique_value_is_refused_to_a_second_document_by_every_way_of_writing() {
    let (ns, store) = memory("people");
    store.insert(&json!({"id": "a", "mail": "a@x"})).wait().unwrap();
    store.insert(&json!({"id": "b", "mail": "b@x"})).wait().unwrap();
    unique(&store, "mail");
    let before = (all(&store), head(&ns));
    let taken = json!({"id": "c", "mail": "a@x"});
    let other = json!({"id": "b", "mail": "a@x"});
    let patch = json!([{"op": "replace", "path": "/mail", "value": "a@x"}]);
    for result in [
        store.insert(&taken).wait(),
        store.put(&taken).wait(),
        store.put(&other).wait(),
        store.replace(&other).wait(),
        store.update("b", |value| value["mail"] = json!("a@x")).wait(),
        store.merge_patch("b", &json!({"mail": "a@x"})).wait(),
        store.json_patch("b", &patch).wait(),
    ] {
        let message = refused(result, ErrorKind::AlreadyExists);
        for part in ["people", "mail", "a@x", "\"a\""] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
    }
    let bulk = [json!({"id": "d", "mail": "d@x"}), json!({"id": "e", "mail": "d@x"})];
    refused(store.bulk_insert(&bulk).wait(), ErrorKind::AlreadyExists);
    assert_eq!((all(&store), head(&ns)), before);

    store.put(&json!({"id": "a", "mail": "a@x", "again": true})).wait().unwrap();
    store.put(&json!({"id": "a", "mail": "new@x"})).wait().unwrap();
    store.insert(&taken).wait().unwrap();
    store.delete("c").wait().unwrap();
    store.put(&other).wait().unwrap();
}

#[test]
fn numbers_that_are_equal_clash_and_types_that_differ_do_not() {
    let (_ns, store) = memory("values");
    store.insert(&json!({"id": 0, "v": 1})).wait().unwrap();
    unique(&store, "v");
    for equal in [json!(1.0), json!(1), json!([1]), json!([0, 1.0])] {
        refused(store.insert(&json!({"id": 1, "v": equal})).wait(), ErrorKind::AlreadyExists);
    }
    for (id, value) in
        [json!("1"), json!(true), json!(1.5), json!([2]), json!({"x": 1})].into_iter().enumerate()
    {
        store.insert(&json!({"id": id + 10, "v": value})).wait().unwrap();
    }
    refused(store.insert(&json!({"id": 1, "v": {"x": 1}})).wait(), ErrorKind::AlreadyExists);
}

#[test]
fn null_and_missing_are_no_values_to_a_unique_index() {
    let (_ns, store) = memory("people");
    store.insert(&json!({"id": 0, "mail": null})).wait().unwrap();
    store.insert(&json!({"id": 1})).wait().unwrap();
    unique(&store, "mail");
    store.insert(&json!({"id": 2, "mail": null})).wait().unwrap();
    store.insert(&json!({"id": 3, "other": 1})).wait().unwrap();
    store.insert(&json!({"id": 4, "mail": [null]})).wait().unwrap();
    assert_eq!(found(&store, field("mail").exists()), [0, 2, 4]);
    assert_eq!(found(&store, field("mail").missing()), [1, 3]);
    assert_eq!(found(&store, field("mail").eq(Value::Null)), [0, 1, 2, 3, 4]);
}

#[test]
fn an_array_is_found_by_each_element_and_by_itself() {
    let (_ns, store) = memory("tagged");
    store.insert(&json!({"id": 0, "tags": ["x", "y", "x"]})).wait().unwrap();
    store.create_index("tags", Uniqueness::Many).unwrap().wait().unwrap();
    store.create_index("lines.sku", Uniqueness::Many).unwrap().wait().unwrap();
    store.insert(&json!({"id": 1, "tags": ["y", ["z"]]})).wait().unwrap();
    store.insert(&json!({"id": 2, "tags": "x"})).wait().unwrap();
    store.insert(&json!({"id": 3, "lines": [{"sku": "a"}, {"sku": "b"}, 7]})).wait().unwrap();
    let check = |filter: Filter, expected: Vec<i64>| {
        let plan = store.find(filter.clone()).explain().unwrap().join("\n");
        assert!(plan.contains("SEARCH document_index_"), "{filter}: {plan}");
        assert_eq!(found(&store, filter.clone()), expected, "{filter}");
        assert_eq!(store.count_where(filter).wait().unwrap(), expected.len() as u64);
    };
    check(field("tags").eq("x"), vec![0, 2]);
    check(field("tags").eq("y"), vec![0, 1]);
    check(field("tags").eq(json!(["x", "y", "x"])), vec![0]);
    check(field("tags").eq(json!(["z"])), vec![1]);
    check(field("tags").eq("z"), vec![]);
    check(field("tags").gte("x"), vec![0, 1, 2]);
    check(field("tags").all_of(["x", "y"]), vec![0]);
    check(field("lines.sku").eq("b"), vec![3]);
    store.put(&json!({"id": 0, "tags": ["y"]})).wait().unwrap();
    check(field("tags").eq("x"), vec![2]);
    check(field("tags").eq("y"), vec![0, 1]);
    store.delete(1).wait().unwrap();
    check(field("tags").eq("y"), vec![0]);
}

#[test]
fn every_id_from_the_least_on_is_in_an_index_that_is_built_later() {
    let (_ns, store) = memory("numbers");
    for id in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX] {
        store.insert(&json!({"id": id, "v": "same"})).wait().unwrap();
    }
    store.create_index("v", Uniqueness::Many).unwrap().wait().unwrap();
    let expected = [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX];
    assert_eq!(found(&store, field("v").eq("same")), expected);
    store.insert(&json!({"id": 5, "v": "other"})).wait().unwrap();
    store.create_index("w", Uniqueness::Unique).unwrap().wait().unwrap();
    store.put(&json!({"id": i64::MIN, "v": "changed"})).wait().unwrap();
    assert_eq!(found(&store, field("v").eq("changed")), [i64::MIN]);
}

#[test]
fn a_unique_build_that_fails_leaves_nothing() {
    let (_ns, store) = memory("people");
    let mut people: Vec<Value> = (0..500).map(|n| json!({"id": n, "mail": n})).collect();
    people.push(json!({"id": 500, "mail": 77.0}));
    store.bulk_insert(&people).wait().unwrap();
    let build = store.create_index("mail", Uniqueness::Unique).unwrap();
    let message = refused(build.wait(), ErrorKind::AlreadyExists);
    assert!(message.contains("77") && message.contains("mail"), "{message}");
    assert!(store.indexes().unwrap().is_empty());
    let plan = store.find(field("mail").eq(77)).explain().unwrap().join("\n");
    assert!(!plan.contains("document_index_"), "{plan}");
    let tables = store.namespace().query(|sql| {
        let count = "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'document_index_[0-9]*'";
        Ok::<i64, headwater_document::primitives::Error>(
            sql.query_row(count, [], |row| row.get(0))?,
        )
    });
    assert_eq!(tables.unwrap(), 0);
    store.insert(&json!({"id": 501, "mail": 77})).wait().unwrap();
    store.create_index("mail", Uniqueness::Many).unwrap().wait().unwrap();
    assert_eq!(found(&store, field("mail").eq(77)), [77, 500, 501]);
}

#[test]
fn making_an_index_twice_is_once_and_with_other_settings_refused() {
    let (_ns, store) = memory("people");
    store.insert(&json!({"id": 1, "mail": "a"})).wait().unwrap();
    unique(&store, "mail");
    unique(&store, "mail");
    let build = store.create_index("mail", Uniqueness::Many).unwrap();
    refused(build.wait(), ErrorKind::AlreadyExists);
    assert_eq!(store.indexes().unwrap().len(), 1, "the first one stays");
    refused(store.insert(&json!({"id": 2, "mail": "a"})).wait(), ErrorKind::AlreadyExists);
    assert!(store.drop_index("mail").unwrap());
    assert!(!store.drop_index("mail").unwrap());
    store.insert(&json!({"id": 2, "mail": "a"})).wait().unwrap();
    assert_eq!(found(&store, field("mail").eq("a")), [1, 2]);
}

#[test]
fn indexes_are_built_on_collections_of_both_kinds_and_progress_is_told() {
    let (ns, texts) = memory("texts");
    let numbers: DocumentStore = DocumentStore::open(&ns, "numbers").unwrap();
    let orders: Vec<Value> = headwater_testkit::documents(3).take(2_000).collect();
    texts.bulk_insert(&orders).wait().unwrap();
    let numbered: Vec<Value> = (0..2_000).map(|id| json!({"id": id, "status": "new"})).collect();
    numbers.bulk_insert(&numbered).wait().unwrap();
    for store in [&texts, &numbers] {
        let seen = Arc::new(AtomicU64::new(0));
        let told = seen.clone();
        let build = store.create_index("status", Uniqueness::Many).unwrap();
        let build = build.on_progress(move |progress| {
            assert!(progress.total == 2_000 && progress.done <= 2_000);
            told.store(progress.done, Ordering::SeqCst);
        });
        futures_lite::future::block_on(async { build.await }).unwrap();
        assert_eq!(seen.load(Ordering::SeqCst), 2_000);
    }
    let expected = orders.iter().filter(|order| order["status"] == "new").count() as u64;
    assert_eq!(texts.count_where(field("status").eq("new")).wait().unwrap(), expected);
    assert_eq!(numbers.count_where(field("status").eq("new")).wait().unwrap(), 2_000);
}

#[test]
fn a_build_that_a_crash_interrupts_goes_on_when_the_namespace_is_opened() {
    if let Some(child) = crash::child() {
        let ns = Namespace::open(child.directory()).unwrap();
        let store: DocumentStore = DocumentStore::open(&ns, "orders").unwrap();
        let orders: Vec<Value> = headwater_testkit::documents(5).take(20_000).collect();
        let bulk = store.bulk_insert(&orders).with(WriteOptions::durability(Durability::Sync));
        bulk.wait().unwrap();
        child.ack("written");
        store.create_index("status", Uniqueness::Many).unwrap().wait().unwrap();
        unreachable!("the fail point ends this process");
    }
    let folder = tempfile::tempdir().unwrap();
    let test = a_build_that_a_crash_interrupts_goes_on_when_the_namespace_is_opened;
    let crash = Crash::of(test, "build", folder.path());
    let outcome = crash.fail_point("index.batch:3").run().unwrap();
    assert_eq!((outcome.end, outcome.acks.len()), (End::Aborted, 1), "{}", outcome.stderr);

    let ns = opened(Namespace::builder(folder.path()));
    let store: DocumentStore = DocumentStore::open(&ns, "orders").unwrap();
    let told = store.indexes().unwrap();
    assert_eq!((told.len(), told[0].ready), (1, false), "the build was interrupted");
    let by_status = || store.count_where(field("status").eq("paid")).wait().unwrap();
    let expected = headwater_testkit::documents(5)
        .take(20_000)
        .filter(|order| order["status"] == "paid")
        .count() as u64;
    assert_eq!(by_status(), expected, "a query does not use what is not complete");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !store.indexes().unwrap()[0].ready {
        assert!(Instant::now() < deadline, "the build did not go on");
        std::thread::sleep(Duration::from_millis(20));
    }
    let plan = store.find(field("status").eq("paid")).explain().unwrap().join("\n");
    assert!(plan.contains("SEARCH document_index_"), "{plan}");
    assert_eq!(by_status(), expected);
}

#[test]
fn a_build_that_was_given_up_is_not_used_and_can_be_taken_up() {
    let (_ns, store) = memory("orders");
    let orders: Vec<Value> = headwater_testkit::documents(5).take(10_000).collect();
    store.bulk_insert(&orders).wait().unwrap();
    let by_status = || store.count_where(field("status").eq("paid")).wait().unwrap();
    let expected = by_status();
    let begun = Arc::new(AtomicU64::new(0));
    let told = begun.clone();
    let build = store.create_index("status", Uniqueness::Many).unwrap();
    let build = build.on_progress(move |progress| told.store(progress.done, Ordering::SeqCst));
    futures_lite::future::block_on(async {
        let mut build = std::pin::pin!(build.into_future());
        while begun.load(Ordering::SeqCst) == 0 {
            assert!(futures_lite::future::poll_once(build.as_mut()).await.is_none());
        }
    });
    store.insert(&json!({"id": "new", "status": "paid"})).wait().unwrap();
    assert!(!store.indexes().unwrap()[0].ready);
    assert_eq!(by_status(), expected + 1);
    store.create_index("status", Uniqueness::Many).unwrap().wait().unwrap();
    let plan = store.find(field("status").eq("paid")).explain().unwrap().join("\n");
    assert!(plan.contains("SEARCH document_index_"), "{plan}");
    assert_eq!(by_status(), expected + 1);
}

#[test]
fn more_values_than_an_index_is_asked_for_are_found_all_the_same() {
    let (_ns, store) = memory("numbers");
    let numbers: Vec<Value> = (0..2_000).map(|n| json!({"id": n, "v": n})).collect();
    store.bulk_insert(&numbers).wait().unwrap();
    store.create_index("v", Uniqueness::Many).unwrap().wait().unwrap();
    for many in [0, 1, 499, 500, 501, 1_500] {
        let filter = field("v").one_of((0..many).map(|n| n * 2 % 1_999));
        let wanted: std::collections::BTreeSet<_> = (0..many).map(|n| n * 2 % 1_999).collect();
        assert_eq!(store.count_where(filter).wait().unwrap(), wanted.len() as u64, "{many}");
    }
}
