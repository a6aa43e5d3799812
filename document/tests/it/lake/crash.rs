//! Crashes at every named step of a hand-off and of upkeep, with writers all the while: each row is there exactly once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use headwater_document::DocumentStore;
use headwater_document::primitives::filter::Filter;
use headwater_document::primitives::{Error, Namespace, Result};
use headwater_testkit::crash::{self, Child, Crash, End, Kill};
use headwater_tiering::{Policy, Tier};
use serde_json::{Value, json};

use super::hand_off;
use super::upkeep::{last_only, nothing_else_is_there};
use crate::support::{defects, events, folded, opened, stored};

const ROWS: u64 = 2_000;
/// Rows that the writer changes over and over.
const CHANGING: u64 = 50;

/// The steps of a hand-off.
const STEPS: [&str; 6] =
    ["tier.file", "tier.files", "tier.snapshot", "tier.commit", "tier.committed", "tier.release"];

/// The steps of upkeep.
const UPKEEP_STEPS: [&str; 9] = [
    "tier.compact.file",
    "tier.compact.files",
    "tier.compact.snapshot",
    "tier.compact.commit",
    "tier.compact.committed",
    "tier.expire.commit",
    "tier.expire.committed",
    "tier.expire.delete",
    "tier.clean.delete",
];

/// The most acknowledgements before a kill.
const MOST_ACKS: u64 = 150;

fn open(path: &Path) -> (Namespace, DocumentStore) {
    let ns = opened(Namespace::builder(path));
    let store = DocumentStore::open(&ns, "rows").unwrap();
    (ns, store)
}

/// Writes rows, does `lake_work` on them and changes some of them, until it ends.
pub(super) fn work(child: &Child, lake_work: impl Fn(&DocumentStore) -> Result<()> + Sync) {
    let round: u64 = child.scenario().parse().unwrap();
    let (ns, store) = open(child.directory());
    let rows: Vec<Value> =
        (0..ROWS).map(|n| json!({"id": round * ROWS + n, "round": round, "n": n})).collect();
    store.bulk_insert(&rows).wait().unwrap();
    child.ack(format!("rows {round}"));
    let all = round * ROWS + ROWS;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1.. {
                for id in (0..CHANGING).map(|id| id * 61 % all) {
                    or_end(store.merge_patch(id, &json!({"n": n})).wait());
                    child.ack(format!("changed {id} {n}"));
                }
            }
        });
        scope.spawn(|| {
            loop {
                let found = or_end(store.find(Filter::all()).limit(usize::MAX).run().wait());
                let ids = found.documents.iter().map(|found| found.document["id"].as_u64());
                if !ids.eq((0..all).map(Some)) {
                    or_end(Err::<(), _>(Error::corrupt("a reader does not find each row once")));
                }
            }
        });
        scope.spawn(|| {
            loop {
                or_end(lake_work(&store));
            }
        });
    });
    drop(ns);
}

/// Ends the process in a way that no crash test expects: the other threads would go on.
fn or_end<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        std::process::exit(9)
    })
}

pub(super) fn handing_off(store: &DocumentStore) -> Result<()> {
    hand_off(store, Policy::All).map(drop)
}

/// As short as it can be while readers come and go.
const GRACE: Duration = Duration::from_secs(1);

fn keeping_up(store: &DocumentStore) -> Result<()> {
    hand_off(store, Policy::All)?;
    let tier = Tier::of(store.namespace())?;
    tier.compact(store).wait()?;
    let expiry = last_only(store.namespace());
    tier.expire(store, expiry).grace(GRACE).wait()?;
    tier.clean(store).older_than(GRACE).wait().map(drop)
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

fn survive(
    test: impl Fn() + Copy,
    crashes: &[Option<&str>],
    after: impl Fn(&Namespace, &DocumentStore),
) {
    survive_in(tempfile::tempdir().unwrap().path(), test, crashes, after);
}

/// The same in a folder that may have a namespace.
pub(super) fn survive_in(
    folder: &Path,
    test: impl Fn() + Copy,
    crashes: &[Option<&str>],
    after: impl Fn(&Namespace, &DocumentStore),
) {
    let mut known = Known::default();
    for (round, point) in (0..).zip(crashes) {
        let crash = Crash::of(test, &round.to_string(), folder);
        let crash = match point {
            Some(point) => crash.fail_point(*point),
            None => crash.kill(Kill::seeded(round, MOST_ACKS)),
        };
        let outcome = crash.run().unwrap();
        let end = if point.is_some() { End::Aborted } else { End::Killed };
        assert_eq!(outcome.end, end, "{point:?}: {}", outcome.stderr);
        known.learn(round, &outcome.acks);
        let (ns, store) = open(folder);
        known.check(&ns, &store);
        after(&ns, &store);
        known.check(&ns, &store);
        ns.close().unwrap();
    }
}

/// What the crash left undone is done by the next one.
pub(super) fn hand_off_again(_: &Namespace, store: &DocumentStore) {
    hand_off(store, Policy::All).unwrap();
}

/// The same, and nothing is left of what the crash left.
fn tidy_up(ns: &Namespace, store: &DocumentStore) {
    let tier = Tier::of(ns).unwrap();
    tier.compact(store).wait().unwrap();
    hand_off(store, Policy::All).unwrap();
    tier.expire(store, last_only(ns)).grace(Duration::ZERO).wait().unwrap();
    tier.clean(store).older_than(Duration::ZERO).wait().unwrap();
    nothing_else_is_there(store);
}

#[test]
fn a_hand_off_that_is_killed_at_any_step_loses_no_row_and_doubles_none() {
    let test = a_hand_off_that_is_killed_at_any_step_loses_no_row_and_doubles_none;
    if let Some(child) = crash::child() {
        return work(&child, handing_off);
    }
    survive(test, &STEPS.map(Some), hand_off_again);
}

#[test]
fn a_hand_off_that_is_killed_at_any_time_loses_no_row_and_doubles_none() {
    let test = a_hand_off_that_is_killed_at_any_time_loses_no_row_and_doubles_none;
    if let Some(child) = crash::child() {
        return work(&child, handing_off);
    }
    survive(test, &[None; 3], hand_off_again);
}

#[test]
fn upkeep_that_is_killed_at_any_step_loses_nothing_and_leaves_nothing() {
    let test = upkeep_that_is_killed_at_any_step_loses_nothing_and_leaves_nothing;
    if let Some(child) = crash::child() {
        return work(&child, keeping_up);
    }
    survive(test, &UPKEEP_STEPS.map(Some), tidy_up);
}

#[test]
fn upkeep_that_is_killed_at_any_time_loses_nothing_and_leaves_nothing() {
    let test = upkeep_that_is_killed_at_any_time_loses_nothing_and_leaves_nothing;
    if let Some(child) = crash::child() {
        return work(&child, keeping_up);
    }
    survive(test, &[None; 3], tidy_up);
}
