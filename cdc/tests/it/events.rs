//! What an event says.

use headwater_cdc::{ChangeLog, EventFilter, EventTransaction, KeyRef, Op, Start, Store};
use headwater_primitives::{
    Attributes, Error, ErrorKind, ManualClock, Namespace, Result, Sequence, Timestamp, WriteOptions,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Items, drain, sequences};

#[derive(Debug, Deserialize, PartialEq)]
struct Item<'a> {
    name: &'a str,
    count: u32,
}

#[test]
fn an_event_shows_both_images_and_what_changed() {
    let items = Items::in_memory();
    items.put("a", json!({"name": "x", "count": 1}));
    items.put("a", json!({"name": "x", "count": 2}));
    items.delete("a");
    let changes = &items.changes;
    let events = drain(&mut changes.subscribe(Start::Beginning, EventFilter::all()).unwrap());
    let [created, updated, deleted] = &events[..] else { panic!("{events:?}") };

    assert_eq!(created.op(), Some(Op::Create));
    assert_eq!(created.event_type(), "cdc.insert");
    assert_eq!((created.store(), created.table()), (Some(Store::Document), Some("items")));
    assert_eq!(created.key(), Some(KeyRef::Text("a")));
    assert_eq!(created.before_value().unwrap(), None);
    assert_eq!(created.after::<Item<'_>>().unwrap(), Some(Item { name: "x", count: 1 }));
    assert_eq!(created.changed_fields().unwrap(), None);

    assert_eq!(updated.event_type(), "cdc.update");
    assert_eq!(updated.before::<Item<'_>>().unwrap(), Some(Item { name: "x", count: 1 }));
    assert_eq!(updated.changed_fields().unwrap(), Some(vec!["count".to_owned()]));

    assert_eq!(deleted.event_type(), "cdc.delete");
    assert_eq!(deleted.before_value().unwrap(), Some(json!({"name": "x", "count": 2})));
    assert_eq!(deleted.after_value().unwrap(), None);
    assert_eq!(deleted.records().collect::<Result<Vec<_>>>().unwrap()[0].id(), deleted.id());
}

#[test]
fn the_json_form_has_camel_case_names_and_leaves_out_what_is_not_there() {
    let clock = ManualClock::new(Timestamp(1_700_000_000_000_000));
    let ns = Namespace::builder_in_memory().clock(clock).name("shop").open().unwrap();
    let items = Items::open(&ns);
    items.put("a", json!({"count": 1, "tags": ["x", null, true, 1.5]}));
    let options = WriteOptions {
        attributes: Attributes {
            correlation_id: Some("order-7".into()),
            causation_id: Some("event-6".into()),
            actor: Some("ada".into()),
            source: Some("tests".into()),
        },
        ..WriteOptions::default()
    };
    let writer = items.clone();
    ns.transaction_with(options, move |tx| -> Result<()> {
        writer.put_in(tx, "a", &json!({"count": 2, "tags": ["x", null, true, 1.5]}))?;
        writer.changes.publish(tx, "Item.counted", &json!({"by": 1}))?;
        Ok(())
    })
    .wait()
    .unwrap();

    let mut subscription = items.changes.subscribe(Start::Beginning, EventFilter::all()).unwrap();
    let events = drain(&mut subscription);
    let json: Vec<Value> = events
        .iter()
        .map(|event| serde_json::from_str(&event.to_json().unwrap()).unwrap())
        .collect();
    let epoch = ns.epoch();
    let time = "2023-11-14T22:13:20.000000Z";
    assert_eq!(
        json[0],
        json!({
            "id": events[0].id(), "type": "cdc.insert", "timestamp": time, "ns": "shop",
            "sequence": 1, "transaction": {"id": format!("{epoch}-1"), "index": 0, "total": 1},
            "op": "c", "store": "document", "table": "items", "key": "a",
            "after": {"count": 1, "tags": ["x", null, true, 1.5]},
        })
    );
    assert_eq!(
        json[1],
        json!({
            "id": events[1].id(), "type": "cdc.update", "timestamp": time, "ns": "shop",
            "sequence": 2, "transaction": {"id": format!("{epoch}-2"), "index": 0, "total": 2},
            "correlationId": "order-7", "causationId": "event-6", "actor": "ada", "source": "tests",
            "op": "u", "store": "document", "table": "items", "key": "a",
            "before": {"count": 1, "tags": ["x", null, true, 1.5]},
            "after": {"count": 2, "tags": ["x", null, true, 1.5]},
            "changedFields": ["count"],
        })
    );
    assert_eq!(
        json[2],
        json!({
            "id": events[2].id(), "type": "Item.counted", "timestamp": time, "ns": "shop",
            "sequence": 3, "transaction": {"id": format!("{epoch}-2"), "index": 1, "total": 2},
            "correlationId": "order-7", "causationId": "event-6", "actor": "ada", "source": "tests",
            "data": {"by": 1},
        })
    );
}

#[test]
fn an_events_id_is_a_uuid_of_version_7_that_stays_the_same() {
    let items = Items::in_memory();
    items.put_many(3);
    let read = || {
        let all = EventFilter::all();
        let events = drain(&mut items.changes.subscribe(Start::Beginning, all).unwrap());
        events.iter().map(|event| event.id()).collect::<Vec<_>>()
    };
    let ids = read();
    assert_eq!(ids, read());
    assert!(ids.iter().all(|id| id.get_version_num() == 7));
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
}

#[test]
fn the_next_sequence_is_the_one_that_the_record_gets() {
    let items = Items::in_memory();
    let writer = items.clone();
    items
        .ns
        .transaction(move |tx| -> Result<()> {
            for expected in 1..=3 {
                assert_eq!(writer.changes.next_sequence(tx), Sequence(expected));
                let got = writer.put_in(tx, &format!("{expected}"), &json!({}))?;
                assert_eq!(got, Sequence(expected));
            }
            Ok(())
        })
        .wait()
        .unwrap();
    let all = EventFilter::all();
    let events = drain(&mut items.changes.subscribe(Start::Beginning, all).unwrap());
    let places: Vec<_> = events.iter().filter_map(|event| event.transaction()).collect();
    let epoch = items.ns.epoch();
    let expected =
        [0, 1, 2].map(|index| EventTransaction { epoch, first: Sequence(1), index, total: 3 });
    assert_eq!(places, expected);
}

#[test]
fn a_failed_transaction_leaves_no_event_and_no_gap() {
    let items = Items::in_memory();
    items.put("a", json!({}));
    let writer = items.clone();
    let failed = items.ns.transaction(move |tx| -> Result<()> {
        writer.put_in(tx, "b", &json!({}))?;
        Err(Error::invalid("changed my mind"))
    });
    assert_eq!(failed.wait().unwrap_err().kind(), ErrorKind::InvalidInput);
    items.put("c", json!({}));
    let all = EventFilter::all();
    let events = drain(&mut items.changes.subscribe(Start::Beginning, all).unwrap());
    assert_eq!(sequences(&events), [1, 2]);
    assert_eq!(events[1].key(), Some(KeyRef::Text("c")));
}

#[test]
fn what_cannot_be_an_event_is_refused() {
    let changes = ChangeLog::open(&Namespace::in_memory().unwrap()).unwrap();
    let check = |event_type: &'static str, expected: &str| {
        let publisher = changes.clone();
        let refused = changes
            .namespace()
            .transaction(move |tx| publisher.publish(tx, event_type, &1))
            .wait()
            .unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        assert!(refused.to_string().contains(expected), "{refused}");
    };
    check("", "0 bytes");
    check("cdc.insert", "store changes");
    let publisher = changes.clone();
    let refused = changes
        .namespace()
        .transaction(move |tx| publisher.publish(tx, "Measured", &f64::NAN))
        .wait()
        .unwrap_err();
    assert!(refused.to_string().contains("Measured"), "{refused}");
    assert_eq!(changes.head(), Sequence::ZERO);
}

#[test]
fn a_row_of_another_type_is_an_error_that_names_event_and_field() {
    let items = Items::in_memory();
    items.put("a", json!({"name": "x", "count": "many"}));
    let all = EventFilter::all();
    let events = drain(&mut items.changes.subscribe(Start::Beginning, all).unwrap());
    let error = events[0].after::<Item<'_>>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().starts_with("event 1: after: count"), "{error}");
}
