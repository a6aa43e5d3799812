//! Events: what each write tells, and snapshots that go over into the stream of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headwater_document::cdc::{
    BatchKind, ChangeLog, EventFilter, EventKey, KeyRef, Op, Start, Store, Subscription,
};
use headwater_document::primitives::{
    Attributes, ManualClock, Namespace, Result, Sequence, Timestamp, WriteOptions,
};
use headwater_document::{DocumentStore, PutOptions, ToId};
use headwater_testkit::Rng;
use serde_json::{Value, json};

use crate::support::{Account, Raise, events, folded, memory, stored};

#[test]
fn every_write_tells_what_was_and_what_is() {
    let (ns, store) = memory("people");
    let (first, second) = (json!({"id": "a", "n": 1, "x": 0}), json!({"id": "a", "n": 2, "x": 0}));
    let inserted = store.insert(&first).wait().unwrap();
    store.put(&second).wait().unwrap();
    store.merge_patch("a", &json!({"x": null, "y": 1})).wait().unwrap();
    store.delete("a").wait().unwrap();
    let third = json!({"id": "a", "n": 2, "y": 1});
    let told: Vec<_> = events(&ns)
        .iter()
        .map(|event| {
            assert_eq!((event.store(), event.table()), (Some(Store::Document), Some("people")));
            assert_eq!(event.key(), Some(KeyRef::Text("a")));
            let changed = event.changed_fields().unwrap();
            (
                event.op().unwrap(),
                event.before_value().unwrap(),
                event.after_value().unwrap(),
                changed,
            )
        })
        .collect();
    let fields = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(
        told,
        [
            (Op::Create, None, Some(first.clone()), None),
            (Op::Update, Some(first), Some(second.clone()), fields(&["n"])),
            (Op::Update, Some(second), Some(third.clone()), fields(&["y", "x"])),
            (Op::Delete, Some(third), None, None),
        ]
    );
    assert_eq!(events(&ns)[0].sequence(), inserted.sequence);
}

#[test]
fn a_transaction_s_events_know_their_place_and_whom_they_are_from() {
    let (ns, store) = memory("people");
    let inside = store.clone();
    let options = WriteOptions {
        attributes: Attributes { actor: Some("ada".into()), ..Attributes::default() },
        ..WriteOptions::default()
    };
    ns.transaction_with(options, move |tx| -> Result<()> {
        for id in ["a", "b", "c"] {
            inside.within(tx).insert(&json!({"id": id}))?;
        }
        Ok(())
    })
    .wait()
    .unwrap();
    store.bulk_insert(&[json!({"id": "d"}), json!({"id": "e"})]).wait().unwrap();
    let places: Vec<_> = events(&ns)
        .iter()
        .map(|event| {
            let place = event.transaction().unwrap();
            (place.first.0, place.index, place.total, event.actor().map(str::to_owned))
        })
        .collect();
    let ada = || Some("ada".to_owned());
    let expected =
        [(1, 0, 3, ada()), (1, 1, 3, ada()), (1, 2, 3, ada()), (4, 0, 2, None), (4, 1, 2, None)];
    assert_eq!(places, expected);
}

#[test]
fn typed_events_decode_into_the_type_and_filters_narrow_to_a_collection() {
    let ns = Namespace::in_memory().unwrap();
    let accounts: DocumentStore<Account> = DocumentStore::open_default(&ns).unwrap();
    let others: DocumentStore = DocumentStore::open(&ns, "others").unwrap();
    others.insert(&json!({"id": 1})).wait().unwrap();
    accounts.insert(&Account::new(7, "Ada")).wait().unwrap();
    others.delete(1).wait().unwrap();
    let changes = ChangeLog::open(&ns).unwrap();
    let filter = EventFilter::all().store(Store::Document).table("accounts");
    let mut subscription = changes.subscribe(Start::Beginning, filter).unwrap();
    let batch = subscription.try_next_batch().unwrap().unwrap();
    let found: Vec<_> = batch.events().map(Result::unwrap).collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].after::<Account>().unwrap(), Some(Account::new(7, "Ada")));
    assert_eq!(found[0].key(), Some(KeyRef::Integer(7)));
}

/// Reads the snapshot and then the stream up to the head; the documents that both add up to.
fn followed(changes: &ChangeLog, subscription: &mut Subscription) -> BTreeMap<EventKey, Value> {
    let (mut documents, mut at, mut last) = (BTreeMap::new(), None::<Sequence>, None::<EventKey>);
    while let Some(batch) = subscription.try_next_batch().unwrap() {
        for event in batch.events() {
            let event = event.unwrap();
            let key = event.key().unwrap().to_owned();
            if batch.kind() == BatchKind::Changes {
                let gap = at.is_some_and(|at| at.next() != event.sequence());
                assert!(!gap, "event {} after {at:?}", event.sequence());
                at = Some(event.sequence());
                let before = event.before_value().unwrap();
                assert_eq!(documents.remove(&key), before, "event {}", event.sequence());
            } else {
                assert_eq!(event.op(), Some(Op::Read));
                assert!(
                    last.as_ref().is_none_or(|last| *last < key),
                    "rows come in the order of keys"
                );
                last = Some(key.clone());
            }
            if let Some(after) = event.after_value().unwrap() {
                documents.insert(key, after);
            }
        }
        if batch.kind() == BatchKind::SnapshotEnd {
            at = Some(batch.position().sequence);
        }
    }
    assert!(at.is_some_and(|at| at == changes.head()), "everything was read");
    documents
}

/// Puts and deletes until `done`.
fn write_rows(store: &DocumentStore, id: fn(u64) -> Value, writer: u64, done: &AtomicBool) {
    let mut rng = Rng::new(writer);
    let mut n = 0;
    while !done.load(Ordering::SeqCst) {
        n += 1;
        let document = json!({"id": id(rng.below(4_000)), "n": n, "writer": writer});
        store.put(&document).wait().unwrap();
        if rng.chance(40) {
            store.delete(id(rng.below(4_000)).to_id().unwrap()).wait().unwrap();
        }
    }
}

fn snapshot_among_writers(id: fn(u64) -> Value) {
    let (ns, store) = memory("rows");
    let rows: Vec<Value> = (0..3_000).map(|n| json!({"id": id(n), "n": 0})).collect();
    store.bulk_insert(&rows).wait().unwrap();
    let changes = ChangeLog::open(&ns).unwrap();
    let done = AtomicBool::new(false);
    let mut subscription = std::thread::scope(|scope| {
        for writer in 0..2 {
            let (store, done) = (&store, &done);
            scope.spawn(move || write_rows(store, id, writer, done));
        }
        let _raise = Raise(&done);
        std::thread::sleep(Duration::from_millis(30));
        let mut subscription = changes.snapshot_then_stream(store.clone()).unwrap();
        for _ in 0..4 {
            // The first pages are read while the writers are at work.
            assert!(subscription.next_batch_wait(Duration::from_secs(5)).unwrap().is_some());
        }
        let subscription = changes.snapshot_then_stream(store.clone()).unwrap();
        std::thread::sleep(Duration::from_millis(60));
        subscription
    });
    let documents = followed(&changes, &mut subscription);
    let expected: BTreeMap<_, _> =
        stored(&store).into_iter().map(|(key, (document, _))| (key, document)).collect();
    assert_eq!(documents, expected);
    let expected = folded(&events(&ns), "rows");
    assert_eq!(stored(&store), expected, "the log alone says the same");
}

#[test]
fn a_snapshot_of_integer_ids_goes_over_into_the_stream_without_a_gap() {
    snapshot_among_writers(|n| json!(n as i64 - 1_000));
}

#[test]
fn a_snapshot_of_text_ids_goes_over_into_the_stream_without_a_gap() {
    snapshot_among_writers(|n| json!(format!("{:x}", n.wrapping_mul(2_654_435_761) % 65_536)));
}

#[test]
fn a_snapshot_has_no_documents_that_are_past_their_end_and_none_of_a_collection_to_be() {
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000)));
    let ns = Namespace::builder_in_memory().clock(Shared(clock.clone())).open().unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "rows").unwrap();
    let changes = ChangeLog::open(&ns).unwrap();
    let rows = |store: &DocumentStore| {
        let mut subscription = changes.snapshot_then_stream(store.clone()).unwrap();
        let mut rows = Vec::new();
        loop {
            let batch = subscription.try_next_batch().unwrap().unwrap();
            rows.extend(batch.events().map(|event| event.unwrap().after_value().unwrap().unwrap()));
            assert!(rows.len() < 10, "the snapshot goes round in circles");
            if batch.kind() == BatchKind::SnapshotEnd {
                return rows;
            }
        }
    };
    assert!(rows(&store).is_empty());
    store.insert(&json!({"id": ""})).wait().unwrap();
    let short = PutOptions::ttl(Duration::from_secs(1));
    store.insert_with(&json!({"id": "short"}), short).wait().unwrap();
    assert_eq!(rows(&store), [json!({"id": ""}), json!({"id": "short"})]);
    clock.advance(Duration::from_secs(1));
    assert_eq!(rows(&store), [json!({"id": ""})]);
}

struct Shared(Arc<ManualClock>);

impl headwater_document::primitives::Clock for Shared {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}
