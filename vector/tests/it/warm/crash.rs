//! Crashes in the middle of a demotion: every embedding is in exactly one place afterwards.

use std::ops::ControlFlow;
use std::path::Path;

use headwater_testkit::crash::{self, Child, Crash, End, Kill};
use headwater_vector::{Demote, VectorStore};

use super::support::{embedding, nearest, opened, row};
use crate::support::defects;

const ROWS: i64 = 2_500;

fn fill(path: &Path) {
    let (ns, store) = opened(path);
    store.load((0..ROWS).map(|id| Ok(row(id))), |_| ()).unwrap();
    drop(store);
    ns.close().unwrap();
}

/// Moves half of what is hot, then all, and changes what it moved.
fn move_on(child: &Child) {
    let (ns, store) = opened(child.directory());
    store.search().vector(&embedding(0)).run().wait().unwrap();
    for round in 0.. {
        for keep in [(ROWS as u64) / 2, 0] {
            store.demote(Demote::keep(keep), |_| ControlFlow::Continue(())).unwrap();
            child.ack(keep);
        }
        if child.scenario() == "once" {
            break;
        }
        for id in (0..ROWS).skip(round).step_by(7) {
            store.set_embedding(id, Some(&embedding(id))).wait().unwrap();
        }
    }
    drop(store);
    ns.close().unwrap();
}

fn check(path: &Path) {
    let (ns, store) = opened(path);
    let whole = |store: &VectorStore| {
        let found = nearest(store, 0, 2 * ROWS as usize);
        let expected: Vec<_> = (0..ROWS).map(Into::into).collect();
        assert_eq!(found, expected);
        for id in (0..ROWS).step_by(97) {
            assert_eq!(store.get(id).wait().unwrap().unwrap().embedding, Some(embedding(id)));
        }
    };
    whole(&store);
    assert_eq!(defects(&ns), Vec::<String>::new());
    drop(store);
    ns.close().unwrap();
}

#[test]
fn every_step_can_be_the_last() {
    if let Some(child) = crash::child() {
        return move_on(&child);
    }
    for point in [
        "vector.demote.chosen",
        "vector.demote.appended",
        "vector.demote.appended:2",
        "vector.demote.confirmed",
        "vector.demote.moved",
        "vector.demote.moved:3",
        "vector.demote.cleaned",
        "vector.demote.maintained",
        "vector.demote.maintained:2",
    ] {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        let crash = Crash::of(every_step_can_be_the_last, "once", folder.path()).fail_point(point);
        let outcome = crash.run().unwrap();
        assert_eq!(outcome.end, End::Aborted, "{point}: {}", outcome.stderr);
        check(folder.path());
        // The next one begins with what this one left.
        let crash = Crash::of(every_step_can_be_the_last, "once", folder.path());
        let outcome = crash.run().unwrap();
        assert_eq!(outcome.end, End::Exited(0), "{point}: {}", outcome.stderr);
        check(folder.path());
    }
}

#[test]
fn every_embedding_is_in_one_place_after_kill_9() {
    if let Some(child) = crash::child() {
        return move_on(&child);
    }
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    for seed in 0..6 {
        let test = every_embedding_is_in_one_place_after_kill_9;
        let crash = Crash::of(test, "on and on", folder.path());
        let outcome = crash.kill(Kill::seeded(seed, 8)).run().unwrap();
        assert_eq!(outcome.end, End::Killed, "{}", outcome.stderr);
        check(folder.path());
    }
}
