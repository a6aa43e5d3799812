//! What a user sees of documents in the lake: nothing but that they are there.

use headwater_document::primitives::filter::field;
use headwater_document::primitives::{Error, ErrorKind, Namespace, jsonb};
use headwater_document::{DocumentStore, Order, PutOptions, Uniqueness};
use headwater_tiering::Policy;
use serde_json::{Value, json};

use super::hand_off;
use crate::support::{all, defects, events, folded, head, memory, refused, stored};

pub(super) fn people(count: u64) -> Vec<Value> {
    let person = |n: u64| {
        json!({"id": format!("p{n:04}"), "age": n % 90, "height": 1.5 + (n % 40) as f64 / 100.0,
               "name": {"first": "Ada", "last": format!("L{}", n % 7)}, "tags": ["a", n % 3]})
    };
    (0..count).map(person).collect()
}

fn archived(count: u64) -> (Namespace, DocumentStore) {
    let (ns, store) = memory("people");
    store.bulk_insert(&people(count)).wait().unwrap();
    let moved = hand_off(&store, Policy::All).unwrap();
    assert_eq!(moved.rows, count);
    (ns, store)
}

#[test]
fn documents_in_the_lake_are_read_as_before() {
    let (ns, store) = archived(500);
    assert_eq!(all(&store), people(500));
    assert_eq!(store.count().wait().unwrap(), 500);
    for n in [0, 77, 499] {
        let id = format!("p{n:04}");
        assert_eq!(store.get(&*id).wait().unwrap().as_ref(), Some(&people(500)[n]), "{id}");
    }
    let many = store.get_many(["p0001", "nobody", "p0002"]).wait().unwrap();
    assert_eq!(many.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(defects(&ns), [""; 0]);
}

#[test]
fn bodies_leave_the_hot_tier() {
    let (ns, _store) = archived(500);
    let select = "SELECT sum(length(body)) FROM document_1";
    let left: i64 =
        ns.query(|sql| Ok::<_, Error>(sql.query_row(select, [], |row| row.get(0))?)).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_query_finds_hot_and_cold_documents_in_one_order() {
    let (_ns, store) = archived(300);
    for n in (0..300).step_by(3) {
        store.merge_patch(format!("p{n:04}"), &json!({"age": 200})).wait().unwrap();
    }
    store.insert(&json!({"id": "q", "age": 55})).wait().unwrap();
    let adults = store.find(field("age").gte(50)).sort("age", Order::Descending);
    let found: Vec<(u64, String)> = adults
        .limit(1000)
        .run()
        .wait()
        .unwrap()
        .documents
        .into_iter()
        .map(|found| {
            (found.document["age"].as_u64().unwrap(), found.document["id"].as_str().unwrap().into())
        })
        .collect();
    let mut expected: Vec<(u64, String)> = people(300)
        .iter()
        .enumerate()
        .map(|(n, person)| match n % 3 {
            0 => (200, person["id"].as_str().unwrap().to_owned()),
            _ => (person["age"].as_u64().unwrap(), person["id"].as_str().unwrap().to_owned()),
        })
        .chain([(55, "q".to_owned())])
        .filter(|(age, _)| *age >= 50)
        .collect();
    expected.sort_by(|one, other| other.cmp(one));
    assert_eq!(found, expected);
    assert_eq!(store.count_where(field("age").gte(50)).wait().unwrap(), expected.len() as u64);
}

#[test]
fn pages_go_on_from_one_tier_to_the_other() {
    let (_ns, store) = archived(120);
    store.bulk_insert(&people(240)[120..]).wait().unwrap();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let mut find = store.find(field("age").lt(60)).limit(7);
        if let Some(token) = after {
            find = find.after(token);
        }
        let page = find.run().wait().unwrap();
        found.extend(page.documents.into_iter().map(|found| found.document));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<Value> =
        people(240).into_iter().filter(|person| person["age"].as_u64() < Some(60)).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_document_in_the_lake_is_updated_and_deleted_with_its_whole_past() {
    let (ns, store) = archived(10);
    let before = store.get("p0003").wait().unwrap().unwrap();
    let patched = store.merge_patch("p0003", &json!({"age": 99})).wait().unwrap();
    assert_eq!(store.delete("p0004").wait().unwrap().unwrap().id, "p0004".into());
    store.put(&json!({"id": "p0005", "age": 1})).wait().unwrap();
    refused(store.insert(&json!({"id": "p0006"})).wait(), ErrorKind::AlreadyExists);
    let last = events(&ns);
    let patch = last.iter().find(|event| event.sequence() == patched.sequence).unwrap();
    assert_eq!(patch.before_value().unwrap(), Some(before));
    assert_eq!(folded(&last, "people"), stored(&store));
    // The next hand-off tells the lake.
    let moved = hand_off(&store, Policy::All).unwrap();
    assert_eq!((moved.rows, moved.deleted), (2, 3));
    assert_eq!(folded(&events(&ns), "people"), stored(&store));
    assert_eq!(hand_off(&store, Policy::All).unwrap().snapshot, None);
}

#[test]
fn a_version_that_is_expected_is_compared_in_the_lake_too() {
    let (_ns, store) = archived(3);
    let found = store.get_versioned("p0001").wait().unwrap().unwrap();
    let stale = headwater_document::primitives::Sequence(found.version.0 + 1);
    let options = |expected| PutOptions { expected: Some(expected), ..PutOptions::default() };
    let document = json!({"id": "p0001"});
    refused(store.put_with(&document, options(stale)).wait(), ErrorKind::Conflict);
    store.put_with(&document, options(found.version)).wait().unwrap();
}

#[test]
fn unique_values_of_archived_documents_are_taken() {
    let (_ns, store) = memory("people");
    store.bulk_insert(&people(20)).wait().unwrap();
    store.create_index("id", Uniqueness::Unique).unwrap().wait().unwrap();
    hand_off(&store, Policy::All).unwrap();
    store.create_index("name.last", Uniqueness::Many).unwrap().wait().unwrap();
    refused(
        store
            .create_index("age", Uniqueness::Unique)
            .unwrap()
            .wait()
            .map(|()| store.insert(&json!({"id": "x", "age": 3})).wait())
            .and_then(|inserted| inserted.map(drop)),
        ErrorKind::AlreadyExists,
    );
    let found = store.find(field("name.last").eq("L3")).run().wait().unwrap();
    assert_eq!(found.documents.len(), 3);
    let plan = store.find(field("name.last").eq("L3")).explain().unwrap();
    assert!(plan.iter().any(|step| step.contains("document_index_")), "{plan:?}");
}

#[test]
fn a_transaction_asks_for_what_it_needs_from_the_lake() {
    let (ns, store) = archived(5);
    let within = store.clone();
    let update = move || {
        let within = within.clone();
        ns.transaction(move |tx| {
            within.within(tx).merge_patch("p0002", &json!({"age": 7})).map(drop)
        })
    };
    refused(update().wait(), ErrorKind::NotFetched);
    store.get("p0002").wait().unwrap();
    update().wait().unwrap();
    assert_eq!(store.get("p0002").wait().unwrap().unwrap()["age"], 7);
}

#[test]
fn only_old_rows_move() {
    let (ns, store) = memory("people");
    store.bulk_insert(&people(100)).wait().unwrap();
    store
        .put_with(
            &json!({"id": "gone soon"}),
            PutOptions { ttl: Some(std::time::Duration::from_secs(600)), ..PutOptions::default() },
        )
        .wait()
        .unwrap();
    assert_eq!(hand_off(&store, Policy::KeepRows(101)).unwrap().rows, 0);
    let moved = hand_off(&store, Policy::KeepRows(30)).unwrap();
    assert_eq!(moved.rows, 70);
    let sizes = people(100).split_off(90).into_iter().map(|person| jsonb::to_vec(&person).unwrap());
    let bytes: u64 = sizes.map(|body| body.len() as u64).sum();
    assert_eq!(hand_off(&store, Policy::KeepBytes(bytes)).unwrap().rows, 20);
    assert_eq!(hand_off(&store, Policy::KeepBytes(bytes - 1)).unwrap().rows, 1);
    let moved = hand_off(&store, Policy::OlderThan(std::time::Duration::from_secs(3600))).unwrap();
    assert_eq!(moved.rows, 0);
    let moved = hand_off(&store, Policy::All).unwrap();
    assert_eq!(moved.rows, 9, "an end of life keeps a document out of the lake");
    assert_eq!(store.count().wait().unwrap(), 101);
    assert_eq!(defects(&ns), [""; 0]);
}

#[test]
fn new_fields_become_columns_and_odd_values_stay_exact() {
    let (ns, store) = memory("odd");
    let first = [json!({"id": "a", "n": 1}), json!({"id": "b", "n": 2.5, "x": null})];
    store.bulk_insert(&first).wait().unwrap();
    hand_off(&store, Policy::All).unwrap();
    let second = [
        json!({"id": "c", "n": "three", "new": true, "_rest": {"deep": [1, {"er": null}]}}),
        json!({"N": 4, "id": "d", "n": 1e300, "_version": "mine"}),
    ];
    store.bulk_insert(&second).wait().unwrap();
    hand_off(&store, Policy::All).unwrap();
    assert_eq!(all(&store), first.into_iter().chain(second).collect::<Vec<_>>());
    assert_eq!(defects(&ns), [""; 0]);
}

#[test]
fn a_row_whose_document_the_lake_has_lost_is_named_by_whoever_needs_it() {
    let (ns, store) = memory("people");
    store.bulk_insert(&people(20)).wait().unwrap();
    hand_off(&store, Policy::All).unwrap();
    let then = head(&ns);
    // No version of that number was ever moved.
    let torn = "UPDATE document_1 SET version = version + 1000 WHERE id = 'p0007'";
    let tear = ns.transaction(move |tx| -> headwater_document::primitives::Result<()> {
        assert_eq!(tx.sql().execute(torn, [])?, 1);
        Ok(())
    });
    tear.wait().unwrap();
    let lost = [
        refused(store.as_of(then).get("p0007").wait(), ErrorKind::Corrupt),
        refused(store.get("p0007").wait(), ErrorKind::Corrupt),
        refused(store.create_index("age", Uniqueness::Many).unwrap().wait(), ErrorKind::Corrupt),
    ];
    assert!(lost.iter().all(|message| message.contains("p0007")), "{lost:?}");
    assert!(store.indexes().unwrap().is_empty());
}
