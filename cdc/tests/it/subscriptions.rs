//! Who is told what, and when.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::{StreamExt, future};
use headwater_cdc::{EventFilter, Position, Start};
use headwater_primitives::{Error, ErrorKind, Namespace, Result, Sequence};
use serde_json::json;

use crate::support::{Items, drain, events_of, sequences};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_subscriber_sees_every_commit_of_many_writers_in_order() {
    const WRITERS: u64 = 8;
    const COMMITS: u64 = 40;
    let items = Items::in_memory();
    let mut subscription = items.changes.subscribe(Start::Now, EventFilter::all()).unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let items = items.clone();
            thread::spawn(move || {
                for commit in 0..COMMITS {
                    let owned = items.clone();
                    let result = items.ns.transaction(move |tx| -> Result<()> {
                        for part in 0..=commit % 3 {
                            let key = format!("{writer}-{commit}-{part}");
                            owned.put_in(tx, &key, &json!({ "writer": writer }))?;
                        }
                        match commit % 5 {
                            4 => Err(Error::invalid("every fifth fails")),
                            _ => Ok(()),
                        }
                    });
                    assert_eq!(result.wait().is_err(), commit % 5 == 4);
                }
            })
        })
        .collect();
    let per_writer: u64 = (0..COMMITS).filter(|c| c % 5 != 4).map(|c| c % 3 + 1).sum();
    let mut events = Vec::new();
    while events.len() < (WRITERS * per_writer) as usize {
        let batch = subscription.next_batch_wait(SOON).unwrap().expect("more events to come");
        events.extend(events_of(&batch));
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());

    assert_eq!(sequences(&events), (1..=WRITERS * per_writer).collect::<Vec<_>>());
    let mut next: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for event in &events {
        let key = event.key().unwrap().to_string();
        let parts: Vec<u64> = key.split('-').map(|part| part.parse().unwrap()).collect();
        let place = event.transaction().unwrap();
        assert_eq!((u64::from(place.index), u64::from(place.total)), (parts[2], parts[1] % 3 + 1));
        assert_eq!(event.sequence().0, place.first.0 + parts[2]);
        let last = next.entry(parts[0]).or_default();
        assert!((parts[1], parts[2]) >= *last, "writer {} went back", parts[0]);
        *last = (parts[1], parts[2]);
    }
}

#[test]
fn a_commit_wakes_a_waiting_task_and_a_waiting_thread() {
    let items = Items::in_memory();
    let subscribe = || items.changes.subscribe(Start::Now, EventFilter::all()).unwrap();
    let (mut task, mut blocked) = (subscribe(), subscribe());
    let task = thread::spawn(move || future::block_on(task.next_batch()).unwrap());
    let blocked = thread::spawn(move || blocked.next_batch_wait(SOON).unwrap().unwrap());
    thread::sleep(Duration::from_millis(30));
    let start = Instant::now();
    items.put("a", json!({}));
    assert_eq!(sequences(&events_of(&task.join().unwrap())), [1]);
    assert_eq!(sequences(&events_of(&blocked.join().unwrap())), [1]);
    assert!(start.elapsed() < SOON / 2);
}

#[test]
fn waiting_ends_with_the_timeout_when_nothing_comes() {
    let items = Items::in_memory();
    items.put("a", json!({}));
    let mut subscription = items.changes.subscribe(Start::Now, EventFilter::all()).unwrap();
    assert!(subscription.next_batch_wait(Duration::from_millis(10)).unwrap().is_none());
    assert!(subscription.next_batch_wait(Duration::ZERO).unwrap().is_none());
}

#[test]
fn a_subscription_is_a_stream() {
    let items = Items::in_memory();
    items.put_many(3);
    let subscription = items.changes.subscribe(Start::At(Sequence(2)), EventFilter::all()).unwrap();
    let mut seen = Vec::new();
    future::block_on(async {
        let mut subscription = subscription;
        while seen.len() < 2 {
            let batch = subscription.next().await.unwrap().unwrap();
            seen.extend(sequences(&events_of(&batch)));
        }
    });
    assert_eq!(seen, [2, 3]);
}

#[test]
fn closing_the_namespace_ends_a_waiting_subscription() {
    let items = Items::in_memory();
    let mut waiting = items.changes.subscribe(Start::Now, EventFilter::all()).unwrap();
    let mut stream = items.changes.subscribe(Start::Now, EventFilter::all()).unwrap();
    let waiting = thread::spawn(move || future::block_on(waiting.next_batch()));
    thread::sleep(Duration::from_millis(30));
    items.ns.clone().close().unwrap();
    assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert!(future::block_on(stream.next()).is_none());
}

#[test]
fn every_start_starts_where_it_says() {
    let items = Items::in_memory();
    items.put_many(5);
    let epoch = items.ns.epoch();
    let after = |sequence| Start::After(Position { epoch, sequence: Sequence(sequence) });
    let check = |start, expected: &[u64]| {
        let mut subscription = items.changes.subscribe(start, EventFilter::all()).unwrap();
        assert_eq!(sequences(&drain(&mut subscription)), expected, "{start:?}");
    };
    check(Start::Beginning, &[1, 2, 3, 4, 5]);
    check(Start::Now, &[]);
    check(Start::At(Sequence(0)), &[1, 2, 3, 4, 5]);
    check(Start::At(Sequence(4)), &[4, 5]);
    check(Start::After(Position::ZERO), &[1, 2, 3, 4, 5]);
    check(after(3), &[4, 5]);
    check(after(5), &[]);
}

#[test]
fn a_position_of_another_history_requires_a_new_snapshot() {
    let items = Items::in_memory();
    items.put_many(5);
    let epoch = items.ns.epoch();
    for (epoch, sequence) in [(epoch, 6), (epoch + 1, 3)] {
        let start = Start::After(Position { epoch, sequence: Sequence(sequence) });
        let error = items.changes.subscribe(start, EventFilter::all()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::ResnapshotRequired);
        assert!(error.to_string().contains(&format!("{epoch}-{sequence}")), "{error}");
    }
}

#[test]
fn a_batch_is_as_large_as_asked_and_whole_segments() {
    let items = Items::in_memory();
    let text = "x".repeat(10_000);
    for number in 0..20 {
        items.put(&format!("{number}"), json!({ "text": text }));
    }
    let subscription = items.changes.subscribe(Start::Beginning, EventFilter::all()).unwrap();
    let mut subscription = subscription.batch_bytes(50_000);
    let mut sizes = Vec::new();
    while let Some(batch) = subscription.try_next_batch().unwrap() {
        sizes.push(batch.records().count());
    }
    assert_eq!(sizes, [5, 5, 5, 5]);
}

#[test]
fn events_survive_a_reopening_and_go_on_without_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3_u64 {
        let items = Items::open(&Namespace::open(folder.path()).unwrap());
        let all = EventFilter::all();
        let mut subscription = items.changes.subscribe(Start::Beginning, all).unwrap();
        assert_eq!(drain(&mut subscription).len() as u64, round);
        items.put(&format!("{round}"), json!({}));
        items.ns.clone().close().unwrap();
    }
}

#[test]
fn a_position_is_read_as_it_is_shown() {
    let position = Position { epoch: 1_700_000_000, sequence: Sequence(42) };
    assert_eq!(position.to_string(), "1700000000-42");
    assert_eq!(position.to_string().parse::<Position>().unwrap(), position);
    assert!("42".parse::<Position>().is_err());
}
