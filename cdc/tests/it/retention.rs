//! What retention deletes, and whom it tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use headwater_cdc::{EventFilter, Position, Retention, Start};
use headwater_primitives::{ErrorKind, ManualClock, Namespace, Sequence, Timestamp};
use serde_json::json;

use crate::cursors::Shared;
use crate::support::{Items, drain, sequences};

const HOUR: Duration = Duration::from_secs(3600);

fn with_clock() -> (Items, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000)));
    let ns = Namespace::builder_in_memory().clock(Shared(clock.clone())).open().unwrap();
    (Items::open(&ns), clock)
}

fn limit(items: &Items, retention: Retention) {
    items.changes.set_retention(retention).wait().unwrap();
}

#[test]
fn events_are_kept_for_seven_days_unless_told_otherwise() {
    let (items, clock) = with_clock();
    assert_eq!(items.changes.retention().wait().unwrap(), Retention::default());
    items.put("a", json!({}));
    clock.advance(6 * 24 * HOUR);
    items.put("b", json!({}));
    assert_eq!(items.changes.enforce_retention().unwrap(), Sequence(1));
    clock.advance(2 * 24 * HOUR);
    assert_eq!(items.changes.enforce_retention().unwrap(), Sequence(2));
    limit(&items, Retention::UNLIMITED);
    clock.advance(1000 * 24 * HOUR);
    assert_eq!(items.changes.enforce_retention().unwrap(), Sequence(2));
}

#[test]
fn a_consumer_that_fell_behind_is_told_to_take_a_new_snapshot() {
    let (items, clock) = with_clock();
    limit(&items, Retention { age: Some(HOUR), ..Retention::UNLIMITED });
    let cursor = items.changes.cursor("slow").wait().unwrap();
    let epoch = items.ns.epoch();
    items.put_many(3);
    let mut open = cursor.subscribe(EventFilter::all()).unwrap().batch_bytes(1);
    open.try_next_batch().unwrap().unwrap().ack().wait().unwrap();
    clock.advance(2 * HOUR);
    items.put_many(2);
    assert_eq!(items.changes.enforce_retention().unwrap(), Sequence(4));

    let after = Start::After(Position { epoch, sequence: Sequence(1) });
    let all = EventFilter::all;
    for error in [
        open.try_next_batch().unwrap_err(),
        cursor.subscribe(all()).err().unwrap(),
        items.changes.subscribe(after, all()).err().unwrap(),
        items.changes.subscribe(Start::At(Sequence(2)), all()).err().unwrap(),
    ] {
        assert_eq!(error.kind(), ErrorKind::ResnapshotRequired, "{error}");
        let message = error.to_string();
        assert!(message.contains("event would be 2") && message.contains("from 4 on"), "{message}");
    }
    assert!(items.changes.lag("slow").wait().unwrap().resnapshot_required);
    let mut kept = items.changes.subscribe(Start::Beginning, all()).unwrap();
    assert_eq!(sequences(&drain(&mut kept)), [4, 5]);
    let at_the_edge = Start::After(Position { epoch, sequence: Sequence(3) });
    items.changes.subscribe(at_the_edge, all()).unwrap();
}

#[test]
fn an_emptied_log_goes_on_with_the_next_sequence() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000)));
    let open = || {
        let ns = Namespace::builder(folder.path()).clock(Shared(clock.clone())).open().unwrap();
        Items::open(&ns)
    };
    let items = open();
    limit(&items, Retention { age: Some(HOUR), ..Retention::UNLIMITED });
    items.put_many(3);
    clock.advance(2 * HOUR);
    let mut open_before =
        items.changes.subscribe(Start::At(Sequence(2)), EventFilter::all()).unwrap();
    assert_eq!(items.changes.enforce_retention().unwrap(), Sequence(4));
    assert_eq!(open_before.try_next_batch().unwrap_err().kind(), ErrorKind::ResnapshotRequired);
    drop(open_before);
    items.ns.clone().close().unwrap();
    let items = open();
    assert_eq!((items.changes.head(), items.changes.start()), (Sequence(3), Sequence(4)));
    assert_eq!(items.put("next", json!({})), Sequence(4));
    let mut all = items.changes.subscribe(Start::Beginning, EventFilter::all()).unwrap();
    assert_eq!(sequences(&drain(&mut all)), [4]);
}

#[test]
fn the_oldest_events_go_when_the_log_is_too_large() {
    let items = Items::in_memory();
    limit(&items, Retention { bytes: Some(50_000), ..Retention::UNLIMITED });
    let text = "x".repeat(10_000);
    for number in 0..20 {
        items.put(&format!("{number}"), json!({ "text": text }));
    }
    let start = items.changes.enforce_retention().unwrap();
    assert_eq!(start, Sequence(17));
    assert!(items.changes.stats().wait().unwrap().bytes <= 50_000);
}

#[test]
fn a_floor_holds_events_and_the_hard_cap_is_an_error() {
    let (items, clock) = with_clock();
    limit(&items, Retention { age: Some(HOUR), bytes: None, cap: Some(400) });
    items.put_many(5);
    clock.advance(2 * HOUR);
    let set = |keep| {
        let changes = items.changes.clone();
        items.ns.transaction(move |tx| changes.set_floor(tx, "lake", keep)).wait().unwrap();
    };
    set(Sequence(1));
    let error = items.changes.enforce_retention().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("\"lake\" holds events from 1 on"), "{error}");
    assert_eq!(items.changes.start(), Sequence(1));
    set(Sequence(4));
    assert_eq!(items.changes.enforce_retention().unwrap(), Sequence(4));
    let changes = items.changes.clone();
    let removed = items.ns.transaction(move |tx| changes.remove_floor(tx, "lake"));
    assert!(removed.wait().unwrap());
    assert_eq!(items.changes.enforce_retention().unwrap(), Sequence(6));
}

#[test]
fn a_racing_retention_gives_whole_runs_or_an_error_and_never_damage() {
    let items = Items::in_memory();
    limit(&items, Retention { bytes: Some(3_000), ..Retention::UNLIMITED });
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            items.put_many(300);
            done.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                items.changes.enforce_retention().unwrap();
            }
        });
        while !done.load(Ordering::Relaxed) {
            let start = items.changes.subscribe(Start::Beginning, EventFilter::all());
            let mut subscription = start.unwrap().batch_bytes(500);
            let mut last = None;
            loop {
                match subscription.try_next_batch() {
                    Ok(None) => break,
                    Ok(Some(batch)) => {
                        for record in batch.records() {
                            let sequence = record.unwrap().sequence;
                            assert!(last.is_none_or(|last: Sequence| last.next() == sequence));
                            last = Some(sequence);
                        }
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::ResnapshotRequired, "{error}");
                        break;
                    }
                }
            }
        }
    });
}
