//! Threads that race: no update is lost, and no reader sees time go backwards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use headwater_primitives::ErrorKind;
use headwater_primitives::kv::{Batch, Direction, KeyRange, KvRead, KvWrite, OrderedKvExt};

use super::{Backend, Case, case, expectations, transactions};

pub(super) fn cases<B: Backend>() -> Vec<Case<B>> {
    vec![
        case("concurrent_transactions_lose_no_update", concurrent_transactions_lose_no_update),
        case("concurrent_expectations_lose_no_update", concurrent_expectations_lose_no_update),
        case("readers_run_beside_a_writer", readers_run_beside_a_writer),
    ]
}

const THREADS: u64 = 4;
const ROUNDS: u64 = 50;

fn counter(value: Option<Vec<u8>>) -> u64 {
    value.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().expect("eight bytes")))
}

fn race(work: impl Fn() + Send + Sync) {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..ROUNDS).for_each(|_| work()));
        }
    });
}

fn concurrent_transactions_lose_no_update<B: Backend>(backend: &B) {
    let kv = backend.open();
    if !transactions(&kv) {
        return;
    }
    race(|| {
        kv.transaction(|tx| {
            let next = counter(tx.get(b"count")?) + 1;
            thread::yield_now();
            tx.put(b"count", &next.to_be_bytes())
        })
        .unwrap();
    });
    assert_eq!(counter(kv.get(b"count").unwrap()), THREADS * ROUNDS);
}

fn concurrent_expectations_lose_no_update<B: Backend>(backend: &B) {
    let kv = backend.open();
    if !expectations(&kv) {
        return;
    }
    let increment = || {
        let found = kv.get(b"count").unwrap();
        let mut batch = Batch::new();
        match &found {
            Some(value) => batch.expect_value(b"count", value.clone()),
            None => batch.expect_absent(b"count"),
        };
        batch.put(b"count", (counter(found) + 1).to_be_bytes());
        kv.write_batch(batch)
    };
    race(|| {
        while let Err(error) = increment() {
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        }
    });
    assert_eq!(counter(kv.get(b"count").unwrap()), THREADS * ROUNDS);
}

/// Rows and their count only ever grow, so readers can tell that time goes forward.
fn readers_run_beside_a_writer<B: Backend>(backend: &B) {
    let kv = backend.open();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut last = (0, 0);
                while !done.load(Ordering::Acquire) {
                    let count = counter(kv.get(b"count").unwrap());
                    let rows = kv.scan(KeyRange::prefix(b"row"), Direction::Forward).count() as u64;
                    assert!(count >= last.0 && rows >= last.1 && rows >= count);
                    last = (count, rows);
                }
            });
        }
        for count in 1..=200u64 {
            let mut batch = Batch::new();
            batch.put(format!("row{count:04}"), "").put("count", count.to_be_bytes());
            kv.write_batch(batch).unwrap();
            // An acknowledged write is seen by the read that follows it.
            assert_eq!(counter(kv.get(b"count").unwrap()), count);
        }
        done.store(true, Ordering::Release);
    });
}
