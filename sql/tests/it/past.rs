//! Statements about the past that only the archive of the change log knows.

use std::time::Duration;

use headwater_cdc::{ChangeLog, Moment, Retention};
use headwater_document::DocumentStore;
use headwater_primitives::{ErrorKind, Namespace, Sequence};
use headwater_sql::Sql;
use headwater_tiering::{Policy, Tier};
use serde_json::{Value, json};

use crate::support::run;

const PRICES: &str = "SELECT id, price FROM prices ORDER BY id";

#[test]
fn the_past_reaches_into_the_archive_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut sequences = Vec::new();
    {
        let ns = Namespace::open(folder.path()).unwrap();
        let store: DocumentStore = DocumentStore::open(&ns, "prices").unwrap();
        for price in 0..30_u64 {
            let written = store.put(&json!({"id": price % 3, "price": price})).wait().unwrap();
            sequences.push(written.sequence);
        }
        let tier = Tier::of(&ns).unwrap();
        tier.archive_events().wait().unwrap();
        let changes = ChangeLog::open(&ns).unwrap();
        let retention = Retention { age: Some(Duration::ZERO), bytes: None, cap: None };
        changes.set_retention(retention).wait().unwrap();
        changes.enforce_retention().unwrap();
        tier.hand_off(&store, Policy::UpTo(sequences[20])).wait().unwrap();
        store.put(&json!({"id": 9, "price": 9})).wait().unwrap();
        drop((tier, changes, store));
        ns.close().unwrap();
    }
    // Nobody has opened the lake by now.
    let ns = Namespace::open(folder.path()).unwrap();
    assert!(ChangeLog::open(&ns).unwrap().start() > Sequence(1));
    let sql = Sql::open(&ns).unwrap();
    for at in [0_usize, 2, 13, 27, 29] {
        let price = |id: usize| (0..=at).rev().find(|price| price % 3 == id);
        let expected: Vec<Value> =
            (0..3).filter_map(|id| Some(json!({"id": id, "price": price(id)?}))).collect();
        let found = run(&sql, PRICES, Some(Moment::from(sequences[at]))).unwrap();
        assert_eq!(found, expected, "at {}", sequences[at]);
    }
    let error = run(&sql, PRICES, Some(Moment::from(Sequence(999)))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
