//! Crashes: a child that writes from 16 threads is killed, and everything it acknowledged is there.

use std::collections::BTreeMap;

use headwater_document::primitives::{Durability, Namespace, WriteOptions};
use headwater_document::{DocumentStore, Uniqueness};
use headwater_testkit::crash::{self, Child, Crash, End, Kill};

use crate::support::opened;
use crate::workload::{Writer, check};

const THREADS: u64 = 16;

fn writers(round: u64) -> Vec<Writer> {
    let writer = |thread| Writer::new(format!("r{round}t{thread}"), round * 1_000 + thread);
    (0..THREADS).map(writer).collect()
}

fn open(path: &std::path::Path) -> (Namespace, DocumentStore) {
    let ns = opened(Namespace::builder(path));
    let store = DocumentStore::open(&ns, "written").unwrap();
    (ns, store)
}

/// Writes until it is killed.
fn write(child: &Child) {
    let round = child.scenario().parse().unwrap();
    let (_ns, store) = open(child.directory());
    if round == 0 {
        let first = serde_json::json!({"id": "first"});
        store.put(&first).with(WriteOptions::durability(Durability::Sync)).wait().unwrap();
        store.create_index("writer", Uniqueness::Many).unwrap().wait().unwrap();
    }
    std::thread::scope(|scope| {
        for mut writer in writers(round) {
            let (store, child) = (&store, &child);
            scope.spawn(move || {
                loop {
                    writer.step(store).unwrap();
                    child.ack(writer.name());
                }
            });
        }
    });
}

/// Kills a child `rounds` times over the same namespace, and looks after each.
fn survive(test: impl Fn() + Copy, rounds: u64, fail_point: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let mut known: Vec<(Writer, u64)> = Vec::new();
    for round in 0..rounds {
        let crash = Crash::of(test, &round.to_string(), folder.path());
        let crash = match fail_point {
            Some(point) => crash.fail_point(point),
            None => crash.kill(Kill::seeded(round, 600)),
        };
        let outcome = crash.run().unwrap();
        let end = if fail_point.is_some() { End::Aborted } else { End::Killed };
        assert_eq!(outcome.end, end, "{}", outcome.stderr);
        let mut steps: BTreeMap<String, u64> = BTreeMap::new();
        for ack in outcome.acks {
            *steps.entry(ack).or_default() += 1;
        }
        let steps_of = |writer: &Writer| steps.get(writer.name()).copied().unwrap_or(0);
        known.extend(writers(round).into_iter().map(|writer| (writer.clone(), steps_of(&writer))));
        let (ns, store) = open(folder.path());
        check(&store, &known, &ns);
        ns.close().unwrap();
    }
    println!("{rounds} kills, {} acknowledged steps", known.iter().map(|(_, n)| n).sum::<u64>());
}

#[test]
fn every_acknowledged_write_survives_kill_9() {
    if let Some(child) = crash::child() {
        return write(&child);
    }
    survive(every_acknowledged_write_survives_kill_9, 8, None);
}

#[test]
#[ignore = "50 kills"]
fn soak_every_acknowledged_write_survives_50_times_kill_9() {
    if let Some(child) = crash::child() {
        return write(&child);
    }
    survive(soak_every_acknowledged_write_survives_50_times_kill_9, 50, None);
}

#[test]
fn a_crash_just_before_and_just_after_a_commit_keeps_what_was_acknowledged() {
    if let Some(child) = crash::child() {
        return write(&child);
    }
    for point in ["commit.before:40", "commit.after:40"] {
        let test = a_crash_just_before_and_just_after_a_commit_keeps_what_was_acknowledged;
        survive(test, 2, Some(point));
    }
}

#[test]
fn a_crash_while_the_tables_are_made_leaves_a_namespace_that_opens() {
    if let Some(child) = crash::child() {
        let _opened = open(child.directory());
        return;
    }
    for nth in 1..=3 {
        let folder = tempfile::tempdir().unwrap();
        let test = a_crash_while_the_tables_are_made_leaves_a_namespace_that_opens;
        let crash = Crash::of(test, "open", folder.path());
        let outcome = crash.fail_point(format!("migration.step:{nth}")).run().unwrap();
        assert_eq!(outcome.end, End::Aborted, "{}", outcome.stderr);
        let (ns, store) = open(folder.path());
        store.put(&serde_json::json!({"id": "first"})).wait().unwrap();
        check(&store, &[], &ns);
    }
}
