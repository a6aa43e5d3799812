//! Current rows at one sequence, then every change after it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use headwater_cdc::{Batch, BatchKind, EventFilter, Op, Position, Retention, Start, Subscription};
use headwater_primitives::{ErrorKind, Namespace, Sequence};
use serde_json::{Value, json};

use crate::support::{Items, drain, events_of};

type Rows = BTreeMap<String, Value>;

/// The rows at the snapshot's sequence, and that sequence; each key is seen once, in order.
fn rows_of(subscription: &mut Subscription, mut between: impl FnMut()) -> (Rows, Sequence) {
    let mut rows = Rows::new();
    loop {
        let batch = subscription.try_next_batch().unwrap().unwrap();
        take_rows(&batch, &mut rows);
        between();
        if batch.kind() == BatchKind::SnapshotEnd {
            return (rows, batch.position().sequence);
        }
        assert_eq!(batch.position(), Position::ZERO);
    }
}

fn take_rows(batch: &Batch, rows: &mut Rows) {
    for event in events_of(batch) {
        assert_eq!((event.op(), event.event_type()), (Some(Op::Read), "cdc.snapshot"));
        assert_eq!(event.transaction(), None);
        let key = event.key().unwrap().to_string();
        assert!(rows.last_key_value().is_none_or(|(last, _)| *last < key), "{key} out of order");
        rows.insert(key, event.after_value().unwrap().unwrap());
    }
}

/// The rows that the log says there were at `at`.
fn replay(items: &Items, at: Sequence) -> Rows {
    let mut rows = Rows::new();
    for event in drain(&mut items.changes.subscribe(Start::Beginning, EventFilter::all()).unwrap())
    {
        if event.sequence() <= at {
            apply(&mut rows, &event);
        }
    }
    rows
}

fn apply(rows: &mut Rows, event: &headwater_cdc::UnifiedEvent) {
    let key = event.key().unwrap().to_string();
    match event.after_value().unwrap() {
        Some(row) => rows.insert(key, row),
        None => rows.remove(&key),
    };
}

#[test]
fn rows_written_between_the_pages_are_shown_as_they_were() {
    let items = Items::in_memory();
    items.put_many(60);
    let mut subscription = items.changes.snapshot_then_stream(items.clone()).unwrap();
    let mut round = 0;
    let (rows, at) = rows_of(&mut subscription, || {
        round += 1;
        items.put("key-10", json!({ "round": round }));
        items.put(&format!("key-59-{round}"), json!({}));
        items.delete(&format!("key-{}", 60 - round));
        items.delete(&format!("key-{}", 40 + round));
        items.put(&format!("key-{}", 40 + round), json!({"again": true}));
    });
    assert_eq!(at, Sequence(60));
    assert_eq!(rows, replay(&items, at));
    let after = drain(&mut subscription);
    assert_eq!(after.first().unwrap().sequence(), Sequence(61));
    assert_eq!(after.last().unwrap().sequence(), items.changes.head());
}

#[test]
fn concurrent_writers_leave_no_gap_and_no_duplicate() {
    let items = Items::in_memory();
    items.put_many(200);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for writer in 0..3_u64 {
            let (items, stop) = (&items, &stop);
            scope.spawn(move || {
                let mut random = writer;
                while !stop.load(Ordering::Relaxed) {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let key = format!("key-{}", (random >> 33) % 250);
                    match (random >> 60) % 4 {
                        0 => drop(items.delete(&key)),
                        _ => drop(items.put(&key, json!({ "random": random }))),
                    }
                }
            });
        }
        for _ in 0..5 {
            let mut subscription = items.changes.snapshot_then_stream(items.clone()).unwrap();
            let (mut rows, at) = rows_of(&mut subscription, || ());
            assert_eq!(rows, replay(&items, at));
            let head = items.changes.head();
            let mut next = at.next();
            while next <= head {
                for event in events_of(&subscription.try_next_batch().unwrap().unwrap()) {
                    assert_eq!(event.sequence(), next);
                    next = next.next();
                    apply(&mut rows, &event);
                }
            }
            assert_eq!(rows, replay(&items, Sequence(next.0 - 1)));
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn an_empty_table_has_a_snapshot_without_rows() {
    let items = Items::in_memory();
    let mut subscription = items.changes.snapshot_then_stream(items.clone()).unwrap();
    let (rows, at) = rows_of(&mut subscription, || ());
    assert_eq!((rows.len(), at), (0, Sequence::ZERO));
    items.put("a", json!({}));
    assert_eq!(drain(&mut subscription).len(), 1);
}

#[test]
fn a_cursor_goes_on_in_the_middle_of_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = Rows::new();
    let mut at = None;
    for round in 0.. {
        let items = Items::open(&Namespace::open(folder.path()).unwrap());
        if round == 0 {
            items.put_many(50);
        }
        let cursor = items.changes.cursor("copy").wait().unwrap();
        let mut subscription = cursor.snapshot_then_stream(items.clone()).unwrap();
        let batch = subscription.try_next_batch().unwrap().unwrap();
        // Handled but not acknowledged: it must come again.
        let lost = subscription.try_next_batch().unwrap();
        assert_eq!(lost.is_some(), batch.kind() == BatchKind::SnapshotRows || round > 0);
        take_rows(&batch, &mut rows);
        batch.ack().wait().unwrap();
        if batch.kind() == BatchKind::SnapshotRows {
            let error = cursor.subscribe(EventFilter::all()).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(items.changes.cursors().wait().unwrap()[0].in_snapshot);
        } else {
            at = Some(batch.position().sequence);
        }
        items.put("key-0", json!({ "round": round }));
        items.put(&format!("key-7-{round}"), json!({}));
        items.ns.clone().close().unwrap();
        if at.is_some() {
            break;
        }
    }
    let items = Items::open(&Namespace::open(folder.path()).unwrap());
    assert_eq!(at, Some(Sequence(50)));
    assert_eq!(rows, replay(&items, Sequence(50)));
    let cursor = items.changes.cursor("copy").wait().unwrap();
    let mut subscription = cursor.snapshot_then_stream(items.clone()).unwrap();
    let events = drain(&mut subscription);
    assert_eq!(events.first().unwrap().sequence(), Sequence(51));
    assert_eq!(events.last().unwrap().sequence(), items.changes.head());
}

#[test]
fn a_cursor_that_lost_its_place_begins_with_the_rows_again() {
    let items = Items::in_memory();
    items.put_many(5);
    let cursor = items.changes.cursor("copy").wait().unwrap();
    let mut subscription = cursor.snapshot_then_stream(items.clone()).unwrap();
    while let Some(batch) = subscription.try_next_batch().unwrap() {
        batch.ack().wait().unwrap();
    }
    items.put("a", json!({}));
    items.put("b", json!({}));
    let nothing = Retention { bytes: Some(0), ..Retention::UNLIMITED };
    items.changes.set_retention(nothing).wait().unwrap();
    items.changes.enforce_retention().unwrap();
    let lost = cursor.subscribe(EventFilter::all()).err().unwrap();
    assert_eq!(lost.kind(), ErrorKind::ResnapshotRequired);
    let mut subscription = cursor.snapshot_then_stream(items.clone()).unwrap();
    let (rows, at) = rows_of(&mut subscription, || ());
    assert_eq!((rows.len(), at), (7, Sequence(7)));
}

#[test]
fn what_a_snapshot_has_seen_is_within_reach() {
    let items = Items::in_memory();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..2_000 {
                items.put(&format!("k{}", n % 7), json!({"n": n}));
            }
            done.store(true, Ordering::SeqCst);
        });
        while !done.load(Ordering::SeqCst) {
            items
                .ns
                .snapshot(|snapshot| {
                    items.changes.reach(snapshot.sql())?;
                    let seen = items.changes.segments().head_in(snapshot.sql())?;
                    assert!(items.changes.head() >= seen, "{} of {seen}", items.changes.head());
                    Ok::<_, headwater_primitives::Error>(())
                })
                .unwrap();
        }
    });
}
