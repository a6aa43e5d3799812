//! What a filter lets through.

use headwater_cdc::{Change, EventFilter, KeyRef, Op, Start, Store};
use headwater_primitives::{Result, jsonb};
use serde_json::json;

use crate::support::{Items, drain, sequences};

/// Events: 1 c item apple, 2 u item apple, 3 c item banana, 4 d item apple, 5 Item.sold,
/// 6 c graph/people 7, 7 c graph/items 8.
fn filled() -> Items {
    let items = Items::in_memory();
    items.put("apple", json!({"n": 1}));
    items.put("apple", json!({"n": 2}));
    items.put("banana", json!({"n": 3}));
    items.delete("apple");
    let writer = items.clone();
    items
        .ns
        .transaction(move |tx| -> Result<()> {
            writer.changes.publish(tx, "Item.sold", &json!({}))?;
            let after = jsonb::to_vec(&json!({}))?;
            for (table, key) in [("people", 7), ("items", 8)] {
                let (op, store, key) = (Op::Create, Store::Graph, KeyRef::Integer(key));
                let after = Some(&*after);
                let change = Change { op, store, table, key, row: None, before: None, after };
                writer.changes.record(tx, &change)?;
            }
            Ok(())
        })
        .wait()
        .unwrap();
    items
}

#[test]
fn each_filter_shows_exactly_what_it_names() {
    let items = filled();
    let check = |filter: EventFilter, expected: &[u64]| {
        let mut subscription = items.changes.subscribe(Start::Beginning, filter.clone()).unwrap();
        assert_eq!(sequences(&drain(&mut subscription)), expected, "{filter:?}");
    };
    let all = EventFilter::all;
    check(all(), &[1, 2, 3, 4, 5, 6, 7]);
    check(all().store(Store::Document), &[1, 2, 3, 4]);
    check(all().store(Store::Document).store(Store::Graph), &[1, 2, 3, 4, 6, 7]);
    check(all().table("items"), &[1, 2, 3, 4, 7]);
    check(all().store(Store::Graph).table("items"), &[7]);
    check(all().op(Op::Create), &[1, 3, 6, 7]);
    check(all().op(Op::Create).op(Op::Delete), &[1, 3, 4, 6, 7]);
    check(all().key_prefix("app"), &[1, 2, 4]);
    check(all().key_prefix("app").op(Op::Update), &[2]);
    check(all().event_type("Item.sold"), &[5]);
    check(all().event_type("Item.sold").event_type("cdc.delete"), &[4, 5]);
    check(all().event_type("Item.sold").table("items"), &[]);
    check(all().table("nothing"), &[]);
}

#[test]
fn the_position_advances_past_what_the_filter_hides() {
    let items = filled();
    let filter = EventFilter::all().op(Op::Delete);
    let mut subscription = items.changes.subscribe(Start::Beginning, filter.clone()).unwrap();
    let batch = subscription.try_next_batch().unwrap().unwrap();
    assert_eq!(batch.records().count(), 1);
    assert!(batch.position().sequence >= headwater_primitives::Sequence(4));
    let mut rest = items.changes.subscribe(Start::After(batch.position()), filter).unwrap();
    assert!(drain(&mut rest).is_empty());
}

#[test]
fn a_subscriber_that_sees_nothing_still_gets_a_position_now_and_then() {
    let items = Items::in_memory();
    let large = "x".repeat(1 << 20);
    for number in 0..10 {
        items.put(&format!("{number}"), json!({ "large": large }));
    }
    let filter = EventFilter::all().table("other");
    let mut subscription = items.changes.subscribe(Start::Beginning, filter).unwrap();
    let batch = subscription.try_next_batch().unwrap().expect("8 MiB were hidden");
    assert_eq!((batch.events().count(), batch.records().count()), (0, 0));
    assert!(batch.position().sequence.0 >= 8);
    assert!(subscription.try_next_batch().unwrap().is_none());
}

#[test]
fn records_are_the_same_as_events() {
    let items = filled();
    for filter in [EventFilter::all(), EventFilter::all().op(Op::Create)] {
        let mut subscription = items.changes.subscribe(Start::Beginning, filter).unwrap();
        while let Some(batch) = subscription.try_next_batch().unwrap() {
            let raw: Vec<u64> = batch.records().map(|record| record.unwrap().sequence.0).collect();
            assert_eq!(raw, sequences(&crate::support::events_of(&batch)));
        }
    }
}
