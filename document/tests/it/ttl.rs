//! Ends of life: what is past its end is not there for anybody, and then really goes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_document::cdc::Op;
use headwater_document::primitives::filter::{Filter, field};
use headwater_document::primitives::{
    Clock, ErrorKind, ManualClock, Namespace, Result, Sequence, Timestamp,
};
use headwater_document::{DocumentStore, PutOptions, Uniqueness};
use serde_json::{Value, json};

use crate::support::{all, defects, events, head, refused};

const MINUTE: Duration = Duration::from_secs(60);

/// A clock that the test keeps a hand on.
#[derive(Clone)]
struct Shared(Arc<ManualClock>);

impl Clock for Shared {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

fn open() -> (Shared, Namespace, DocumentStore) {
    let clock = Shared(Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000))));
    let ns = Namespace::builder_in_memory().clock(clock.clone()).open().unwrap();
    let store = DocumentStore::open(&ns, "sessions").unwrap();
    (clock, ns, store)
}

#[test]
fn what_is_past_its_end_is_served_by_nothing() {
    let (clock, ns, store) = open();
    let document = json!({"id": "a", "n": 1});
    store.insert_with(&document, PutOptions::ttl(MINUTE)).wait().unwrap();
    store.insert(&json!({"id": "b", "n": 1})).wait().unwrap();
    store.create_index("n", Uniqueness::Many).unwrap().wait().unwrap();
    clock.0.advance(MINUTE - Duration::from_micros(1));
    assert_eq!(store.get("a").wait().unwrap(), Some(document), "a microsecond before its end");
    clock.0.advance(Duration::from_micros(1));
    assert_eq!(store.get("a").wait().unwrap(), None, "the row cache holds it");
    assert!(store.get_json("a").wait().unwrap().is_none());
    assert!(store.get_versioned("a").wait().unwrap().is_none());
    assert_eq!(
        store.get_many(["a", "b"]).wait().unwrap(),
        [None, Some(json!({"id": "b", "n": 1}))]
    );
    assert_eq!(all(&store), [json!({"id": "b", "n": 1})]);
    assert_eq!(store.count().wait().unwrap(), 1);
    assert_eq!(store.count_where(field("n").eq(1)).wait().unwrap(), 1);
    assert_eq!(store.find_path("$.n").run().wait().unwrap().documents.len(), 1);
    ns.snapshot(|snapshot| -> Result<()> {
        assert_eq!(store.get_at(snapshot, "a")?, None);
        Ok(())
    })
    .unwrap();
    refused(store.replace(&json!({"id": "a"})).wait(), ErrorKind::NotFound);
    refused(store.update("a", |_| ()).wait(), ErrorKind::NotFound);
    refused(store.merge_patch("a", &json!({})).wait(), ErrorKind::NotFound);
    assert_eq!(store.delete("a").wait().unwrap(), None);
    let inside = store.clone();
    ns.transaction(move |tx| -> Result<()> {
        assert_eq!(inside.within(tx).get("a")?, None);
        assert!(inside.within(tx).delete("a")?.is_none());
        Ok(())
    })
    .wait()
    .unwrap();
}

#[test]
fn an_id_whose_document_has_ended_is_free_again() {
    let (clock, ns, store) = open();
    let short = PutOptions::ttl(MINUTE);
    for id in ["a", "b", "c", "d"] {
        store.insert_with(&json!({"id": id, "old": true}), short).wait().unwrap();
    }
    store.get("a").wait().unwrap();
    clock.0.advance(MINUTE);
    let inserted = store.insert(&json!({"id": "a"})).wait().unwrap();
    store.put(&json!({"id": "b"})).wait().unwrap();
    store.bulk_insert(&[json!({"id": "c"}), json!({"id": "x"})]).wait().unwrap();
    let inside = store.clone();
    ns.transaction(move |tx| inside.within(tx).insert(&json!({"id": "d"})).map(drop))
        .wait()
        .unwrap();
    let found = store.get_versioned("a").wait().unwrap().unwrap();
    assert_eq!((found.document, found.version), (json!({"id": "a"}), inserted.version));
    let expected: Vec<_> = ["a", "b", "c", "d", "x"].map(|id| json!({"id": id})).to_vec();
    assert_eq!(all(&store), expected);
    clock.0.advance(100 * MINUTE);
    assert_eq!(store.count().wait().unwrap(), 5, "the new ones have no end");
}

#[test]
fn a_document_past_its_end_is_deleted_before_another_takes_its_id() {
    let (clock, ns, store) = open();
    let old = |id: &str| json!({"id": id, "old": true});
    for id in ["a", "b", "c"] {
        store.insert_with(&old(id), PutOptions::ttl(MINUTE)).wait().unwrap();
    }
    clock.0.advance(MINUTE);
    let inserted = store.insert(&json!({"id": "a"})).wait().unwrap();
    let put = store.put(&json!({"id": "b"})).wait().unwrap();
    let bulk = store.bulk_insert(&[json!({"id": "x"}), json!({"id": "c"})]).wait().unwrap();
    assert_eq!((inserted.sequence, put.sequence), (Sequence(5), Sequence(7)));
    assert_eq!((bulk.count, bulk.first, bulk.last), (2, Sequence(8), Sequence(10)));
    let told: Vec<_> = events(&ns)[3..]
        .iter()
        .map(|event| {
            let place = event.transaction().unwrap();
            let body = |bytes: Result<Option<Value>>| bytes.unwrap();
            let (before, after) = (body(event.before::<Value>()), body(event.after::<Value>()));
            (event.op().unwrap(), before, after, (place.index, place.total))
        })
        .collect();
    let new = |id: &str| Some(json!({"id": id}));
    assert_eq!(
        told,
        [
            (Op::Delete, Some(old("a")), None, (0, 2)),
            (Op::Create, None, new("a"), (1, 2)),
            (Op::Delete, Some(old("b")), None, (0, 2)),
            (Op::Create, None, new("b"), (1, 2)),
            (Op::Create, None, new("x"), (0, 3)),
            (Op::Delete, Some(old("c")), None, (1, 3)),
            (Op::Create, None, new("c"), (2, 3)),
        ]
    );
    assert_eq!(defects(&ns), [""; 0]);
    assert_eq!(store.get_versioned("c").wait().unwrap().unwrap().version, bulk.last);
}

#[test]
fn a_unique_value_whose_document_has_ended_is_free_again() {
    let (clock, ns, store) = open();
    let short = PutOptions::ttl(MINUTE);
    store.insert_with(&json!({"id": "a", "mail": "x"}), short).wait().unwrap();
    store.create_index("mail", Uniqueness::Unique).unwrap().wait().unwrap();
    refused(store.insert(&json!({"id": "b", "mail": "x"})).wait(), ErrorKind::AlreadyExists);
    clock.0.advance(MINUTE);
    store.insert(&json!({"id": "a", "mail": "x"})).wait().unwrap();
    refused(store.insert(&json!({"id": "b", "mail": "x"})).wait(), ErrorKind::AlreadyExists);

    store.put_with(&json!({"id": "a", "mail": "y"}), short).wait().unwrap();
    store.insert(&json!({"id": "c", "mail": "z"})).wait().unwrap();
    clock.0.advance(MINUTE);
    store.bulk_insert(&[json!({"id": "b", "mail": "y"})]).wait().unwrap();
    store.merge_patch("c", &json!({"mail": "x"})).wait().unwrap();
    let mail = |mail: &str| {
        let page = store.find(field("mail").eq(mail)).run().wait().unwrap();
        page.documents.iter().map(|found| found.document["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((mail("x"), mail("y"), mail("z")), (vec![json!("c")], vec![json!("b")], vec![]));
    swept(&ns, &store, 2);
    assert_eq!((mail("x"), mail("y")), (vec![json!("c")], vec![json!("b")]));
}

#[test]
fn a_change_keeps_the_end_and_a_put_sets_a_new_one() {
    let (clock, _ns, store) = open();
    let short = PutOptions::ttl(MINUTE);
    for id in ["changed", "put", "later"] {
        store.insert_with(&json!({"id": id}), short).wait().unwrap();
    }
    clock.0.advance(MINUTE / 2);
    store.update("changed", |value| value["n"] = json!(1)).wait().unwrap();
    store.put(&json!({"id": "put"})).wait().unwrap();
    store.put_with(&json!({"id": "later"}), short).wait().unwrap();
    clock.0.advance(MINUTE / 2);
    let there = |id: &str| store.get(id).wait().unwrap().is_some();
    assert_eq!([there("changed"), there("put"), there("later")], [false, true, true]);
    clock.0.advance(MINUTE / 2);
    assert_eq!([there("put"), there("later")], [true, false]);

    let end = Timestamp(clock.now().0 + 5);
    let options = PutOptions { expires: Some(end), ..PutOptions::default() };
    store.put_with(&json!({"id": "put"}), options).wait().unwrap();
    assert!(there("put"));
    clock.0.advance(Duration::from_micros(5));
    assert!(!there("put"));
    store.insert_with(&json!({"id": "at once"}), PutOptions::ttl(Duration::ZERO)).wait().unwrap();
    assert!(!there("at once"));
    store.insert_with(&json!({"id": "never"}), PutOptions::ttl(Duration::MAX)).wait().unwrap();
    assert!(there("never"));
}

#[test]
fn the_sweep_deletes_with_events_and_cleans_the_indexes() {
    let (clock, ns, store) = open();
    store.insert(&json!({"id": 0, "n": 1})).wait().unwrap();
    store.create_index("n", Uniqueness::Many).unwrap().wait().unwrap();
    for id in 1..=1_200 {
        let document = json!({"id": id, "n": 1});
        let _accepted =
            store.insert_with(&document, PutOptions::ttl(MINUTE)).submit().wait().unwrap();
    }
    store.insert_with(&json!({"id": -1, "n": 1}), PutOptions::ttl(2 * MINUTE)).wait().unwrap();
    let before = head(&ns);
    clock.0.advance(MINUTE);
    swept(&ns, &store, 2);
    assert_eq!(head(&ns), Sequence(before.0 + 1_200), "one event for each");
    assert_eq!(store.count_where(Filter::all()).wait().unwrap(), 2);
    let entries = ns.query(|sql| {
        let count = "SELECT count(*) FROM document_index_1";
        Ok::<i64, headwater_document::primitives::Error>(
            sql.query_row(count, [], |row| row.get(0))?,
        )
    });
    assert_eq!(entries.unwrap(), 2);
}

/// Waits until the sweep has left `rows` rows.
fn swept(ns: &Namespace, store: &DocumentStore, rows: i64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let infos = headwater_document::collections(ns).unwrap();
        let info = infos.iter().find(|info| info.name == store.name()).unwrap();
        if info.documents == rows as u64 {
            return;
        }
        assert!(Instant::now() < deadline, "{} rows are left", info.documents);
        std::thread::sleep(Duration::from_millis(20));
    }
}
