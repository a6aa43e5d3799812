//! Batches: all of one or nothing, in order, and only when it finds what it expects.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use headwater_primitives::ErrorKind;
use headwater_primitives::kv::{Batch, KvWrite, OrderedKvExt};

use super::{
    Backend, Case, case, contents, entries, expectations, fill, refused, shared, snapshots,
};

pub(super) fn cases<B: Backend>() -> Vec<Case<B>> {
    vec![
        case("a_batch_applies_in_order", a_batch_applies_in_order),
        case("a_batch_whose_expectation_fails_writes_nothing", a_failed_expectation_writes_nothing),
        case("readers_see_a_batch_whole_or_not_at_all", readers_see_a_batch_whole),
    ]
}

fn a_batch_applies_in_order<B: Backend>(backend: &B) {
    let kv = backend.open();
    fill(&kv, ["a", "b"]);
    kv.write_batch(Batch::new()).unwrap();
    let mut batch = Batch::new();
    batch.put("a", "lost").put("a", "a2").delete("b").put("c", "lost").delete("c").delete("none");
    batch.delete("d").put("d", "d");
    kv.write_batch(batch).unwrap();
    let expected = [(b"a".to_vec(), b"a2".to_vec()), (b"d".to_vec(), b"d".to_vec())];
    assert_eq!(contents(&kv), expected);
}

fn a_failed_expectation_writes_nothing<B: Backend>(backend: &B) {
    let kv = backend.open();
    if !expectations(&kv) {
        return;
    }
    fill(&kv, ["a"]);
    let attempt = |expect: fn(&mut Batch)| {
        let mut batch = Batch::new();
        batch.put("x", "x").delete("a");
        expect(&mut batch);
        kv.write_batch(batch)
    };
    let failing: [fn(&mut Batch); 5] = [
        |batch| {
            batch.expect_value("a", "b");
        },
        |batch| {
            batch.expect_value("a", "");
        },
        |batch| {
            batch.expect_absent("a");
        },
        |batch| {
            batch.expect_value("none", "");
        },
        // What the batch itself puts does not count.
        |batch| {
            batch.expect_value("a", "a").expect_value("x", "x");
        },
    ];
    for expect in failing {
        refused(attempt(expect), ErrorKind::Conflict);
        assert_eq!(contents(&kv), entries(["a"]));
    }
    attempt(|batch| {
        batch.expect_value("a", "a").expect_absent("x");
    })
    .unwrap();
    assert_eq!(contents(&kv), entries(["x"]));
}

fn readers_see_a_batch_whole<B: Backend>(backend: &B) {
    let kv = shared(backend);
    if !snapshots(&*kv) {
        return;
    }
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let (kv, done) = (kv.clone(), done.clone());
        thread::spawn(move || {
            while !done.load(Ordering::Acquire) {
                let (a, z) = kv.snapshot(|view| Ok((view.get(b"a")?, view.get(b"z")?))).unwrap();
                assert_eq!(a, z);
            }
        })
    };
    for round in 0..200u32 {
        let mut batch = Batch::new();
        for key in ["a", "m", "z"] {
            match round % 5 {
                4 => batch.delete(key),
                _ => batch.put(key, round.to_be_bytes()),
            };
        }
        kv.write_batch(batch).unwrap();
    }
    done.store(true, Ordering::Release);
    reader.join().expect("the reader saw whole batches only");
}
