//! Every write is an event with whole images and the row's number.

use std::time::Duration;

use headwater_vector::cdc::{BatchKind, ChangeLog, KeyRef, Op, Store};
use headwater_vector::primitives::Namespace;
use headwater_vector::{Row, VectorStore};
use serde_json::json;

use crate::support::{events, memory, options, row};

#[test]
fn an_event_shows_the_row_before_and_after_and_its_number() {
    let (ns, store) = memory();
    let first = json!({"id": 1, "embedding": [0.1, 0.0, -2.5], "text": "a", "metadata": {"n": 1}});
    store.insert(&row(first.clone())).wait().unwrap();
    store.set_text(1, Some("b")).wait().unwrap();
    store.delete(1).wait().unwrap();
    store.insert(&row(json!({"id": 1}))).wait().unwrap();
    let events = events(&ns);
    let [created, changed, deleted, again] = &events[..] else { panic!("{events:?}") };

    assert_eq!((created.store(), created.table()), (Some(Store::Vector), Some("rows")));
    assert_eq!((created.op(), created.key()), (Some(Op::Create), Some(KeyRef::Integer(1))));
    let shown = r#"{"id":1,"embedding":[0.1,0.0,-2.5],"text":"a","metadata":{"n":1}}"#;
    let json = created.to_json().unwrap();
    assert!(json.contains(&format!("\"after\":{shown}")) && !json.contains("\"row\""), "{json}");
    assert_eq!(changed.before::<Row>().unwrap(), Some(row(first)));
    assert_eq!(changed.changed_fields().unwrap().unwrap(), ["text"]);
    assert_eq!(deleted.before::<Row>().unwrap(), changed.after().unwrap());
    assert_eq!(again.after_value().unwrap(), Some(json!({"id": 1})));
    assert_eq!([created.row(), changed.row(), deleted.row()], [created.row(); 3]);
    assert!(again.row() > created.row(), "the number of a deleted row is not used again");
}

#[test]
fn the_number_of_a_deleted_row_is_not_used_again_after_a_reopening() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let ns = Namespace::open(folder.path()).unwrap();
        let store: VectorStore = VectorStore::create(&ns, "rows", options()).unwrap();
        store.insert(&row(json!({"id": 1}))).wait().unwrap();
        store.delete(1).wait().unwrap();
        drop(store);
        ns.close().unwrap();
    }
    let ns = Namespace::open(folder.path()).unwrap();
    let numbers: Vec<_> = events(&ns).iter().map(|event| event.row().unwrap()).collect();
    assert_eq!(numbers, [1, 1, 2, 2, 3, 3]);
}

#[test]
fn a_snapshot_goes_over_into_the_stream_without_a_gap() {
    let (ns, store) = memory();
    for id in 0..2_500 {
        store.insert(&row(json!({"id": id - 1_000, "text": "x"}))).submit().wait().unwrap();
    }
    store.insert(&row(json!({"id": 5_000}))).wait().unwrap();
    let changes = ChangeLog::open(&ns).unwrap();
    let mut subscription = changes.snapshot_then_stream(store.clone()).unwrap();
    let mut shown = Vec::new();
    let mut ended = false;
    while shown.len() < 2_502 {
        let batch = subscription.next_batch_wait(Duration::from_secs(5)).unwrap().unwrap();
        if shown.is_empty() {
            store.set_text(-1_000, Some("changed while it was read")).wait().unwrap();
        }
        ended |= batch.kind() == BatchKind::SnapshotEnd;
        shown.extend(batch.events().map(|event| event.unwrap()));
    }
    assert!(ended);
    let (rows, stream) = shown.split_at(2_501);
    assert!(rows.iter().all(|event| event.op() == Some(Op::Read)));
    assert_eq!(rows[0].after::<Row>().unwrap().unwrap().text.as_deref(), Some("x"));
    assert_eq!(rows[2_500].key(), Some(KeyRef::Integer(5_000)));
    assert_eq!(stream[0].op(), Some(Op::Update));
}
