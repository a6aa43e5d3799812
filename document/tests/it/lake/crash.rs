//! Crashes at every named step of a hand-off, with writers all the while: each row is there exactly once.

use std::collections::BTreeMap;

use headwater_document::DocumentStore;
use headwater_document::primitives::Namespace;
use headwater_document::primitives::filter::Filter;
use headwater_testkit::crash::{self, Child, Crash, End, Kill};
use headwater_tiering::Policy;
use serde_json::{Value, json};

use super::hand_off;
use crate::support::{defects, events, folded, opened, stored};

const ROWS: u64 = 3_000;
/// Rows that the writer changes over and over.
const CHANGING: u64 = 50;

/// The steps of a hand-off.
const STEPS: [&str; 6] =
    ["tier.file", "tier.files", "tier.snapshot", "tier.commit", "tier.committed", "tier.release"];

fn open(path: &std::path::Path) -> (Namespace, DocumentStore) {
    let ns = opened(Namespace::builder(path));
    let store = DocumentStore::open(&ns, "rows").unwrap();
    (ns, store)
}

/// Writes rows, hands them off and changes some of them, until it ends.
fn work(child: &Child) {
    let round: u64 = child.scenario().parse().unwrap();
    let (_ns, store) = open(child.directory());
    let rows: Vec<Value> =
        (0..ROWS).map(|n| json!({"id": round * ROWS + n, "round": round, "n": n})).collect();
    store.bulk_insert(&rows).wait().unwrap();
    child.ack(format!("rows {round}"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1.. {
                for id in (0..CHANGING).map(|id| id * 61 % (round * ROWS + ROWS)) {
                    store.merge_patch(id, &json!({"n": n})).wait().unwrap();
                    child.ack(format!("changed {id} {n}"));
                }
            }
        });
        scope.spawn(|| {
            loop {
                hand_off(&store, Policy::All).unwrap();
            }
        });
    });
}

/// What the acknowledgements say at the least.
#[derive(Default)]
struct Known {
    rounds: u64,
    changed: BTreeMap<u64, u64>,
}

impl Known {
    fn learn(&mut self, round: u64, acks: &[String]) {
        // A count begins anew in each process, so what an earlier one said no longer holds.
        self.changed.clear();
        for ack in acks {
            let words: Vec<&str> = ack.split(' ').collect();
            match words[..] {
                ["rows", _] => self.rounds = round + 1,
                ["changed", id, n] => {
                    self.changed.insert(id.parse().unwrap(), n.parse().unwrap());
                }
                _ => panic!("{ack:?}"),
            }
        }
    }

    fn check(&self, ns: &Namespace, store: &DocumentStore) {
        let page = store.find(Filter::all()).limit(usize::MAX).run().wait().unwrap();
        let ids: Vec<u64> =
            page.documents.iter().map(|found| found.document["id"].as_u64().unwrap()).collect();
        assert!(ids.windows(2).all(|two| two[0] < two[1]), "a row twice");
        assert!(ids.len() as u64 >= self.rounds * ROWS);
        assert!((0..self.rounds * ROWS).zip(&ids).all(|(n, id)| n == *id), "a row is missing");
        for (id, n) in &self.changed {
            let found = store.get(*id as i64).wait().unwrap().unwrap();
            assert!(found["n"].as_u64() >= Some(*n), "row {id}: {found}, and {n} was acknowledged");
        }
        assert_eq!(folded(&events(ns), "rows"), stored(store));
        assert_eq!(defects(ns), [""; 0]);
    }
}

fn survive(test: impl Fn() + Copy, crashes: &[Option<&str>]) {
    let folder = tempfile::tempdir().unwrap();
    let mut known = Known::default();
    for (round, point) in (0..).zip(crashes) {
        let crash = Crash::of(test, &round.to_string(), folder.path());
        let crash = match point {
            Some(point) => crash.fail_point(*point),
            None => crash.kill(Kill::seeded(round, 400)),
        };
        let outcome = crash.run().unwrap();
        let end = if point.is_some() { End::Aborted } else { End::Killed };
        assert_eq!(outcome.end, end, "{point:?}: {}", outcome.stderr);
        known.learn(round, &outcome.acks);
        let (ns, store) = open(folder.path());
        known.check(&ns, &store);
        // What the crash left undone is done by the next one.
        hand_off(&store, Policy::All).unwrap();
        known.check(&ns, &store);
        ns.close().unwrap();
    }
}

#[test]
fn a_hand_off_that_is_killed_at_any_step_loses_no_row_and_doubles_none() {
    let test = a_hand_off_that_is_killed_at_any_step_loses_no_row_and_doubles_none;
    if let Some(child) = crash::child() {
        return work(&child);
    }
    survive(test, &STEPS.map(Some));
}

#[test]
fn a_hand_off_that_is_killed_at_any_time_loses_no_row_and_doubles_none() {
    let test = a_hand_off_that_is_killed_at_any_time_loses_no_row_and_doubles_none;
    if let Some(child) = crash::child() {
        return work(&child);
    }
    survive(test, &[None; 4]);
}
