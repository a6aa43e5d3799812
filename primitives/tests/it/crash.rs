//! kill -9 and named fail points: what was acknowledged is there, whole, and the log has no gap.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

use headwater_primitives::{Durability, ErrorKind, Namespace, Part, Result};
use headwater_testkit::Rng;
use headwater_testkit::crash::{self, Child, Crash, End, Kill, Outcome};
use tempfile::tempdir;

use crate::ledger::Ledger;

/// Opens the child's namespace. A small budget, so that checkpoints come often.
fn open(folder: &Path) -> Ledger {
    let ns = Namespace::builder(folder).wal_bytes(4 << 20).open().unwrap();
    Ledger::open(&ns).unwrap()
}

/// Sixteen threads that write and report, beside one that merges and cuts the log. Never ends.
fn write_for_ever(child: &Child) -> ! {
    let ledger = &open(child.directory());
    let first = ledger.log.head().0 as i64;
    thread::scope(|scope| {
        for thread in 0..16 {
            scope.spawn(move || {
                let mut rng = Rng::new(thread as u64 ^ first as u64);
                for n in first.. {
                    // Some rows are written again and again.
                    let id = thread + 16 * if rng.chance(30) { n % 4 } else { n };
                    let len = if rng.chance(2) { 40_000 } else { 16 + rng.index(500) };
                    let version = ledger.write(Durability::Sync, id, len).wait().unwrap();
                    child.ack(format!("{id} {version}"));
                }
            });
        }
        scope.spawn(|| {
            loop {
                ledger.ns.merge_segments().unwrap();
                ledger.truncate(3_000).wait().unwrap();
                thread::sleep(Duration::from_millis(20));
            }
        });
    });
    unreachable!()
}

/// What each row's last acknowledged version is, after `outcome`.
fn take_up(acknowledged: &mut BTreeMap<i64, u64>, outcome: &Outcome) {
    for ack in &outcome.acks {
        let (id, version) = ack.split_once(' ').unwrap();
        let (id, version) = (id.parse().unwrap(), version.parse().unwrap());
        let last = acknowledged.entry(id).or_insert(version);
        *last = version.max(*last);
    }
}

fn kill_rounds(test: impl Fn() + Copy, rounds: u64) {
    if let Some(child) = crash::child() {
        write_for_ever(&child);
    }
    let mut folder = tempdir().unwrap();
    let (mut acknowledged, mut total) = (BTreeMap::new(), 0);
    for seed in 0..rounds {
        if seed % 10 == 0 {
            folder = tempdir().unwrap();
            acknowledged.clear();
        }
        let kill = Crash::of(test, "writers", folder.path()).kill(Kill::seeded(seed, 700));
        let outcome = kill.run().unwrap();
        assert_eq!(outcome.end, End::Killed, "seed {seed}: {}", outcome.stderr);
        take_up(&mut acknowledged, &outcome);
        total += outcome.acks.len();
        open(folder.path()).check(&acknowledged, &format!("seed {seed}"));
    }
    assert!(total as u64 > rounds * 50, "only {total} acknowledgements");
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    kill_rounds(what_was_acknowledged_survives_kill_9, 50);
}

#[test]
#[ignore = "a soak test"]
fn soak_what_was_acknowledged_survives_kill_9() {
    kill_rounds(soak_what_was_acknowledged_survives_kill_9, 1_000);
}

/// Four threads that write a while, beside one that merges and cuts the log.
fn write_a_while(child: &Child) {
    let ledger = &open(child.directory());
    let first = ledger.log.head().0 as i64;
    thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for n in first..first + 150 {
                    let id = thread + 4 * n;
                    let version = ledger.write(Durability::Sync, id, 200).wait().unwrap();
                    child.ack(format!("{id} {version}"));
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..30 {
                ledger.ns.merge_segments().unwrap();
                ledger.truncate(100).wait().unwrap();
                thread::sleep(Duration::from_millis(5));
            }
        });
    });
    // Whatever the threads' turns were, there is something to merge now.
    for n in 0..300 {
        let version = ledger.write(Durability::Sync, -n, 16).wait().unwrap();
        child.ack(format!("{} {version}", -n));
    }
    ledger.ns.merge_segments().unwrap();
}

#[test]
fn a_crash_at_a_fail_point_loses_nothing_that_was_acknowledged() {
    if let Some(child) = crash::child() {
        return write_a_while(&child);
    }
    let test = a_crash_at_a_fail_point_loses_nothing_that_was_acknowledged;
    for point in [
        "commit.before:5",
        "commit.before:40",
        "commit.after:5",
        "commit.after:40",
        "merge.before-delete:1",
        "merge.before-insert:1",
        "retention.delete:3",
        "retention.delete:7",
    ] {
        let (folder, mut acknowledged) = (tempdir().unwrap(), BTreeMap::new());
        for round in 0..2 {
            let crash = Crash::of(test, "writers", folder.path()).fail_point(point);
            let outcome = crash.run().unwrap();
            assert_eq!(outcome.end, End::Aborted, "{point}: {}", outcome.stderr);
            take_up(&mut acknowledged, &outcome);
            open(folder.path()).check(&acknowledged, &format!("{point}, round {round}"));
        }
        assert!(!acknowledged.is_empty(), "{point} came before anything");
    }
}

#[test]
fn a_group_that_fails_just_before_its_commit_is_not_there_and_the_next_ones_are() {
    if let Some(child) = crash::child() {
        let ledger = open(child.directory());
        for id in 0..20 {
            match ledger.write(Durability::Sync, id, 100).wait() {
                Ok(version) => child.ack(format!("{id} {version}")),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::GroupAborted, "{error}");
                    child.ack(format!("{id} lost"));
                }
            }
        }
        return;
    }
    let folder = tempdir().unwrap();
    let test = a_group_that_fails_just_before_its_commit_is_not_there_and_the_next_ones_are;
    let crash = Crash::of(test, "writer", folder.path()).fail_point("commit.before:8:error");
    let mut outcome = crash.run().unwrap();
    assert_eq!(outcome.end, End::Exited(0), "{}", outcome.stderr);
    let (lost, acks): (Vec<_>, _) = outcome.acks.into_iter().partition(|ack| ack.ends_with("lost"));
    outcome.acks = acks;
    assert_eq!((lost.len(), outcome.acks.len()), (1, 19), "{lost:?}");
    let mut acknowledged = BTreeMap::new();
    take_up(&mut acknowledged, &outcome);
    let records = open(folder.path()).check(&acknowledged, "one group lost");
    assert_eq!(records.len(), 19);
}

const STEPS: Part = Part {
    name: "steps",
    migrations: &[
        "CREATE TABLE one(a); INSERT INTO one VALUES (1)",
        "CREATE TABLE two(a); INSERT INTO two SELECT a FROM one",
        "DROP TABLE one",
    ],
};

/// The names of the tables that [`STEPS`] has made.
fn steps(ns: &Namespace) -> Vec<String> {
    ns.query(|conn| -> Result<_> {
        let names = "SELECT name FROM sqlite_schema WHERE name IN ('one', 'two') ORDER BY name";
        let mut statement = conn.prepare(names)?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    })
    .unwrap()
}

#[test]
fn a_migration_that_is_cut_short_leaves_nothing_and_is_made_the_next_time() {
    if let Some(child) = crash::child() {
        let opened = Namespace::open(child.directory());
        let installed = opened.and_then(|ns| ns.install(&STEPS).map(|()| ns));
        match child.scenario() {
            "aborts" => drop(installed.unwrap()),
            _ => {
                let error = installed.err().unwrap();
                assert!(error.to_string().contains("migration.step fired"), "{error}");
                // In the same process, which goes on.
                let ns = Namespace::open(child.directory()).unwrap();
                let before = steps(&ns);
                assert!(before.is_empty(), "{before:?} of a migration that failed");
                ns.install(&STEPS).unwrap();
                child.ack("installed");
            }
        }
        return;
    }
    let test = a_migration_that_is_cut_short_leaves_nothing_and_is_made_the_next_time;
    // The first step is of the namespace's own tables, the others are those of the part.
    for step in 1..=4 {
        let folder = tempdir().unwrap();
        let crash = Crash::of(test, "aborts", folder.path());
        let outcome = crash.fail_point(format!("migration.step:{step}")).run().unwrap();
        assert_eq!(outcome.end, End::Aborted, "{}", outcome.stderr);
        let ns = Namespace::open(folder.path()).unwrap();
        assert!(steps(&ns).is_empty(), "half a migration after step {step}");
        ns.install(&STEPS).unwrap();
        ns.install(&STEPS).unwrap();
        assert_eq!(steps(&ns), ["two"]);

        let folder = tempdir().unwrap();
        let crash = Crash::of(test, "fails", folder.path());
        let outcome = crash.fail_point(format!("migration.step:{step}:error")).run().unwrap();
        assert_eq!(outcome.end, End::Exited(0), "{}", outcome.stderr);
        assert_eq!(outcome.acks, ["installed"]);
        assert_eq!(steps(&Namespace::open(folder.path()).unwrap()), ["two"]);
    }
}
