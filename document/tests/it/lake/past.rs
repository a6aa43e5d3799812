//! Documents as they were, whatever has become of them and wherever they are.

use headwater_document::primitives::filter::{Filter, field};
use headwater_document::primitives::{ErrorKind, Sequence, Timestamp};
use headwater_tiering::Policy;
use serde_json::json;

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
