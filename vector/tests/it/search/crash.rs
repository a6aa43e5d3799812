//! Crashes: a child that writes while its index is kept up is killed, and what it acknowledged is found.

use std::collections::BTreeMap;
use std::path::Path;

use headwater_testkit::crash::{self, Child, Crash, End, Kill};
use headwater_vector::primitives::{Durability, Namespace};
use headwater_vector::{Metric, RecordId, VectorOptions, VectorStore};

use super::support::{direction, full, ids};
use crate::support::defects;

const DIMENSIONS: usize = 8;

fn open(path: &Path, durability: Durability) -> (Namespace, VectorStore) {
    let ns = Namespace::builder(path).durability(durability).open().unwrap();
    let options = VectorOptions::new(DIMENSIONS).metric(Metric::L2);
    let store = VectorStore::create(&ns, "rows", options).unwrap();
    (ns, store)
}

fn embedding(id: i64) -> Vec<f32> {
    direction(id as u64, DIMENSIONS)
}

fn word(id: i64) -> String {
    format!("w{id}x")
}

fn put(store: &VectorStore, id: i64) {
    store.put(&full(id, &embedding(id), &word(id), 0)).wait().unwrap();
}

/// Writes and deletes until it is killed: the row `n` is there once "+n" is acknowledged, and is
/// there no more once "-n" is; "?n" comes before its deletion is asked for.
fn write(child: &Child) {
    let round: i64 = child.scenario().parse().unwrap();
    let durability = if round % 2 == 0 { Durability::Os } else { Durability::Sync };
    let (_ns, store) = open(child.directory(), durability);
    // Before anything else: so the index's thread has something to follow.
    store.search().vector(&embedding(0)).run().wait().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (store, child) = (&store, &child);
            scope.spawn(move || {
                for id in (round * 1_000_000 + thread..).step_by(3) {
                    put(store, id);
                    child.ack(format_args!("+{id}"));
                    if id % 4 == 0 {
                        child.ack(format_args!("?{id}"));
                        store.delete(id).wait().unwrap();
                        child.ack(format_args!("-{id}"));
                    }
                    if id % 64 == 0 {
                        store.search().query(&word(id)).run().wait().unwrap();
                    }
                }
            });
        }
    });
}

/// Whether rows are there, as far as that is known.
type Known = BTreeMap<i64, Option<bool>>;

fn learn(known: &mut Known, acks: &[String]) {
    for ack in acks {
        let (kind, id) = ack.split_at(1);
        let id = id.parse().unwrap();
        let state = match kind {
            "+" => Some(true),
            "-" => Some(false),
            _ => None,
        };
        known.insert(id, state);
    }
}

fn check(path: &Path, known: &Known) {
    let (ns, store) = open(path, Durability::Sync);
    for (id, expected) in known {
        let (Some(expected), query) = (*expected, embedding(*id)) else { continue };
        let row: RecordId = (*id).into();
        for search in [
            store.search().query(&word(*id)),
            store.search().vector(&query).limit(2),
            store.search().vector(&query).limit(2).exact(),
        ] {
            let found = ids(&search.run().wait().unwrap()).contains(&row);
            assert_eq!(found, expected, "row {id}");
        }
    }
    let all = store.count().wait().unwrap() as usize;
    let hits = store.search().vector(&embedding(0)).limit(all + 10).exact().run().wait().unwrap();
    assert_eq!(hits.len(), all);
    assert_eq!(defects(&ns), Vec::<String>::new());
    drop(store);
    ns.close().unwrap();
}

fn survive(test: impl Fn() + Copy, rounds: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut known = Known::new();
    for round in 0..rounds {
        let crash = Crash::of(test, &round.to_string(), folder.path());
        let outcome = crash.kill(Kill::seeded(round, 400)).run().unwrap();
        assert_eq!(outcome.end, End::Killed, "{}", outcome.stderr);
        learn(&mut known, &outcome.acks);
        check(folder.path(), &known);
    }
    println!("{rounds} kills, {} rows", known.len());
}

#[test]
fn every_acknowledged_row_is_found_after_kill_9() {
    if let Some(child) = crash::child() {
        return write(&child);
    }
    survive(every_acknowledged_row_is_found_after_kill_9, 8);
}

#[test]
#[ignore = "100 kills"]
fn soak_every_acknowledged_row_is_found_after_100_times_kill_9() {
    if let Some(child) = crash::child() {
        return write(&child);
    }
    survive(soak_every_acknowledged_row_is_found_after_100_times_kill_9, 100);
}

/// Writes rows, lets the index be written, and closes: somewhere on the way a fail point ends it.
fn write_and_close(child: &Child) {
    let round: i64 = child.scenario().parse().unwrap();
    let (ns, store) = open(child.directory(), Durability::Sync);
    store.search().vector(&embedding(0)).run().wait().unwrap();
    for id in round * 1_000_000..round * 1_000_000 + 60 {
        put(&store, id);
        child.ack(format_args!("+{id}"));
        if id % 4 == 0 {
            store.delete(id).wait().unwrap();
            child.ack(format_args!("-{id}"));
        }
    }
    store.search().vector(&embedding(0)).run().wait().unwrap();
    drop(store);
    ns.close().unwrap();
}

#[test]
fn a_crash_while_the_index_is_written_loses_nothing() {
    if let Some(child) = crash::child() {
        return write_and_close(&child);
    }
    for point in ["vector.graph.written", "vector.text.applied"] {
        let folder = tempfile::tempdir().unwrap();
        let mut known = Known::new();
        for round in 0..3 {
            let test = a_crash_while_the_index_is_written_loses_nothing;
            let crash = Crash::of(test, &round.to_string(), folder.path()).fail_point(point);
            let outcome = crash.run().unwrap();
            assert_eq!(outcome.end, End::Aborted, "{}", outcome.stderr);
            learn(&mut known, &outcome.acks);
            assert_eq!(known.len(), 60 * (round + 1));
            check(folder.path(), &known);
        }
    }
}

#[test]
fn an_index_that_cannot_be_written_fails_no_write_and_no_search() {
    if let Some(child) = crash::child() {
        return write_and_close(&child);
    }
    for point in ["vector.graph.written:1:error", "vector.text.applied:1:error"] {
        let folder = tempfile::tempdir().unwrap();
        let test = an_index_that_cannot_be_written_fails_no_write_and_no_search;
        let outcome = Crash::of(test, "0", folder.path()).fail_point(point).run().unwrap();
        assert_eq!(outcome.end, End::Exited(0), "{}", outcome.stderr);
        let mut known = Known::new();
        learn(&mut known, &outcome.acks);
        assert_eq!(known.len(), 60);
        check(folder.path(), &known);
    }
}
