//! Documents brought back from a lake whose namespace is lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use headwater_cdc::{ChangeLog, Retention};
use headwater_document::DocumentStore;
use headwater_document::primitives::{ErrorKind, Namespace, Sequence};
use headwater_document::{Restored, restore};
use headwater_tiering::objects::OpenOptions;
use headwater_tiering::{LostLake, Policy, Tier};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::hand_off;
use crate::support::{all, defects};

type Model = BTreeMap<i64, Value>;

/// Brings back what the lake at `lake` has, and what was counted.
fn restored(lake: &Path) -> (Namespace, Restored) {
    let ns = Namespace::in_memory().unwrap();
    let lost = LostLake::open(lake.to_str().unwrap(), &OpenOptions::default()).unwrap();
    let mut told = 0;
    let done = restore(&ns, &lost, |_| told += 1).unwrap();
    assert!(told > 0 || done.rows + done.events == 0);
    (ns, done)
}

fn documents(ns: &Namespace, name: &str) -> Model {
    let store: DocumentStore = DocumentStore::open(ns, name).unwrap();
    all(&store).into_iter().map(|found| (found["id"].as_i64().unwrap(), found)).collect()
}

fn forget(changes: &ChangeLog) {
    let retention = Retention { age: Some(Duration::ZERO), bytes: None, cap: None };
    changes.set_retention(retention).wait().unwrap();
    changes.enforce_retention().unwrap();
}

#[derive(Clone, Debug)]
enum Step {
    Put(i64, i64),
    Delete(i64),
    HandOff(u64),
    Archive,
    /// Retention takes what it may.
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..30i64, any::<i64>()).prop_map(|(id, n)| Step::Put(id, n)),
        4 => (0..30i64).prop_map(Step::Delete),
        2 => (0..20u64).prop_map(Step::HandOff),
        2 => Just(Step::Archive),
        1 => Just(Step::Forget),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]
    /// Archiving from the first event on, and to the end, brings back all.
    #[test]
    fn what_is_archived_comes_back_as_it_was(steps in proptest::collection::vec(step(), 5..60)) {
        let folder = tempfile::tempdir().unwrap();
        let ns = Namespace::open(folder.path()).unwrap();
        let stores = ["a", "b-c"].map(|name| DocumentStore::<Value>::open(&ns, name).unwrap());
        let tier = Tier::of(&ns).unwrap();
        tier.archive_events().wait().unwrap();
        let mut models = [Model::new(), Model::new()];
        for (number, step) in steps.iter().enumerate() {
            let (store, model) = (&stores[number % 2], &mut models[number % 2]);
            match step {
                Step::Put(id, n) => {
                    let document = json!({"id": id, "n": n, "step": number});
                    store.put(&document).wait().unwrap();
                    model.insert(*id, document);
                }
                Step::Delete(id) => {
                    store.delete(*id).wait().unwrap();
                    model.remove(id);
                }
                Step::HandOff(keep) => drop(hand_off(store, Policy::KeepRows(*keep)).unwrap()),
                Step::Archive => drop(tier.archive_events().wait().unwrap()),
                Step::Forget => forget(&ChangeLog::open(&ns).unwrap()),
            }
        }
        let archived = tier.archive_events().wait().unwrap();
        drop((stores, tier));
        ns.close().unwrap();
        std::fs::remove_file(folder.path().join("hot.db")).unwrap();
        let (back, done) = restored(&folder.path().join("lake"));
        prop_assert_eq!(done.until, archived.last);
        prop_assert_eq!([documents(&back, "a"), documents(&back, "b-c")], models);
        prop_assert_eq!(defects(&back), Vec::<String>::new());
    }
}

#[test]
fn rows_from_before_the_archive_and_from_after_it_come_back_too() {
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "rows").unwrap();
    let put = |id: i64, n: i64| store.put(&json!({"id": id, "n": n})).wait().unwrap();
    for id in 0..10 {
        put(id, 0);
    }
    hand_off(&store, Policy::All).unwrap();
    forget(&ChangeLog::open(&ns).unwrap());
    // Rows 0 to 9 are in no event that is left.
    put(3, 1);
    store.delete(4).wait().unwrap();
    put(10, 1);
    let tier = Tier::of(&ns).unwrap();
    let archived = tier.archive_events().wait().unwrap();
    assert_eq!((archived.events, archived.last), (3, Sequence(13)));
    put(5, 2);
    put(11, 2);
    hand_off(&store, Policy::All).unwrap();
    put(6, 3);
    let expected: Model =
        [(0, 0), (1, 0), (2, 0), (3, 1), (5, 2), (6, 0), (7, 0), (8, 0), (9, 0), (10, 1), (11, 2)]
            .map(|(id, n)| (id, json!({"id": id, "n": n})))
            .into();
    drop((store, tier));
    ns.close().unwrap();
    std::fs::remove_file(folder.path().join("hot.db")).unwrap();
    let (back, done) = restored(&folder.path().join("lake"));
    assert_eq!(documents(&back, "rows"), expected, "what was written last was in no lake");
    assert_eq!((done.events, done.until), (3, Sequence(13)));
}

#[test]
fn a_lake_without_events_gives_its_rows_and_one_without_anything_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "rows").unwrap();
    store.bulk_insert(&(0..500).map(|id| json!({"id": id})).collect::<Vec<_>>()).wait().unwrap();
    hand_off(&store, Policy::All).unwrap();
    store.delete(7).wait().unwrap();
    hand_off(&store, Policy::All).unwrap();
    drop(store);
    ns.close().unwrap();
    let (back, done) = restored(&folder.path().join("lake"));
    assert_eq!((done.rows, done.events, done.until), (499, 0, Sequence(0)));
    assert_eq!(documents(&back, "rows").len(), 499);

    let empty = tempfile::tempdir().unwrap();
    let (back, done) = restored(empty.path());
    assert_eq!(done, Restored::default());
    assert_eq!(headwater_document::collections(&back).unwrap().len(), 0);
    let missing = LostLake::open("nosuch://bucket/lake", &OpenOptions::default());
    assert_eq!(missing.err().unwrap().kind(), ErrorKind::InvalidInput);
}
