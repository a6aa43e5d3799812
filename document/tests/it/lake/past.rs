//! Documents as they were, whatever has become of them and wherever they are.

use std::time::Duration;

use headwater_cdc::{ChangeLog, Moment, Retention};
use headwater_document::DocumentStore;
use headwater_document::primitives::filter::{Filter, field};
use headwater_document::primitives::{ErrorKind, Namespace, Sequence, Timestamp};
use headwater_tiering::{Policy, Tier};
use serde_json::{Value, json};

use super::hand_off;
use crate::support::{memory, refused};

#[test]
fn the_past_is_that_of_both_tiers() {
    let (ns, store) = memory("prices");
    let tea = store.put(&json!({"id": "tea", "price": 3})).wait().unwrap();
    let milk = store.put(&json!({"id": "milk", "price": 1})).wait().unwrap();
    hand_off(&store, Policy::UpTo(tea.sequence)).unwrap();
    store.put(&json!({"id": "tea", "price": 4})).wait().unwrap();
    hand_off(&store, Policy::All).unwrap();
    store.delete("milk").wait().unwrap();
    hand_off(&store, Policy::All).unwrap();
    let prices = |at: Sequence| {
        let found = store.as_of(at).find(field("price").gte(1)).run().wait().unwrap();
        found.documents.iter().map(|found| found.document["price"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(prices(tea.sequence), [json!(3)]);
    assert_eq!(prices(milk.sequence), [json!(1), json!(3)]);
    assert_eq!(prices(Sequence(3)), [json!(1), json!(4)]);
    assert_eq!(store.as_of(milk.sequence).get("milk").wait().unwrap().unwrap()["price"], 1);
    assert_eq!(store.as_of(Sequence(4)).get("milk").wait().unwrap(), None);
    assert_eq!(store.as_of(Sequence(0)).count().wait().unwrap(), 0);
    let now = ns.clock().now();
    assert_eq!(store.as_of(now).find(Filter::all()).count().wait().unwrap(), 1);
    assert_eq!(store.as_of(Timestamp(0)).count().wait().unwrap(), 0);
    let message = refused(store.as_of(Sequence(99)).count().wait(), ErrorKind::InvalidInput);
    assert!(message.contains("still to come"), "{message}");
}

#[test]
fn the_past_reaches_into_the_archive_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let opened = || {
        let ns = Namespace::open(folder.path()).unwrap();
        (DocumentStore::<Value>::open(&ns, "prices").unwrap(), ns)
    };
    let (store, ns) = opened();
    let (mut times, mut sequences) = (Vec::new(), Vec::new());
    for price in 0..30 {
        let written = store.put(&json!({"id": price % 3, "price": price})).wait().unwrap();
        sequences.push(written.sequence);
        std::thread::sleep(Duration::from_millis(1));
        times.push(ns.clock().now());
        std::thread::sleep(Duration::from_millis(1));
    }
    let tier = Tier::of(&ns).unwrap();
    tier.archive_events().wait().unwrap();
    let changes = ChangeLog::open(&ns).unwrap();
    let retention = Retention { age: Some(Duration::ZERO), bytes: None, cap: None };
    changes.set_retention(retention).wait().unwrap();
    changes.enforce_retention().unwrap();
    hand_off(&store, Policy::UpTo(sequences[20])).unwrap();
    let _later = store.put(&json!({"id": 9, "price": 9})).wait().unwrap();
    drop((tier, changes, store));
    ns.close().unwrap();

    // Nobody has opened the lake by now.
    let (store, ns) = opened();
    assert!(ChangeLog::open(&ns).unwrap().start() > Sequence(1));
    for at in [1usize, 2, 13, 27, 29] {
        let expected = |id: usize| (0..=at).rev().find(|price| price % 3 == id);
        for moment in [Moment::from(sequences[at]), Moment::from(times[at])] {
            for id in 0..3 {
                let then = store.as_of(moment).get(id as u64).wait().unwrap();
                let price = then.map(|then| then["price"].as_u64().unwrap() as usize);
                assert_eq!(price, expected(id), "id {id} at {moment:?}");
            }
            let found =
                store.as_of(moment).find(field("price").lte(at as u64)).run().wait().unwrap();
            assert_eq!(found.documents.len(), 3.min(at + 1), "at {moment:?}");
        }
    }
    assert_eq!(store.as_of(Timestamp(0)).count().wait().unwrap(), 0);
}

#[test]
fn a_time_before_what_the_log_has_is_past_the_horizon() {
    let (ns, store) = memory("prices");
    store.put(&json!({"id": 1, "price": 1})).wait().unwrap();
    let before = ns.clock().now();
    store.put(&json!({"id": 1, "price": 2})).wait().unwrap();
    let changes = ChangeLog::open(&ns).unwrap();
    let retention = Retention { age: Some(Duration::ZERO), bytes: None, cap: None };
    changes.set_retention(retention).wait().unwrap();
    changes.enforce_retention().unwrap();
    refused(store.as_of(before).get(1).wait(), ErrorKind::PastHorizon);
    store.put(&json!({"id": 1, "price": 3})).wait().unwrap();
    refused(store.as_of(before).get(1).wait(), ErrorKind::PastHorizon);
    let now = store.as_of(ns.clock().now()).get(1).wait().unwrap().unwrap();
    assert_eq!(now["price"], 3);
}
