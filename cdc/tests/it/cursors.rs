//! Durable cursors: one owner, exactly once.

use std::time::Duration;

use headwater_cdc::{ChangeLog, Cursor, EventFilter, Start};
use headwater_primitives::{
    Error, ErrorKind, ManualClock, Namespace, Part, Result, Sequence, Timestamp,
};
use serde_json::json;

use crate::support::{Items, drain, events_of, sequences};

fn take(items: &Items, name: &str) -> Cursor {
    items.changes.cursor(name).wait().unwrap()
}

#[test]
fn a_cursor_goes_on_after_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let items = Items::open(&Namespace::open(folder.path()).unwrap());
    items.put_many(3);
    let cursor = take(&items, "search");
    assert_eq!(cursor.position().wait().unwrap(), None);
    let mut subscription = cursor.subscribe(EventFilter::all()).unwrap().batch_bytes(1);
    let first = subscription.try_next_batch().unwrap().unwrap();
    assert_eq!(sequences(&events_of(&first)), [1]);
    first.ack().wait().unwrap();
    let _handled_but_not_acknowledged = subscription.try_next_batch().unwrap().unwrap();
    drop(subscription);
    items.ns.clone().close().unwrap();

    let items = Items::open(&Namespace::open(folder.path()).unwrap());
    let cursor = take(&items, "search");
    assert_eq!(cursor.position().wait().unwrap(), Some(first.position()));
    let events = drain(&mut cursor.subscribe(EventFilter::all()).unwrap());
    assert_eq!(sequences(&events), [2, 3]);
}

#[test]
fn a_second_owner_fences_the_first() {
    let items = Items::in_memory();
    items.put_many(2);
    let first = take(&items, "search");
    let mut subscription = first.subscribe(EventFilter::all()).unwrap();
    let batch = subscription.try_next_batch().unwrap().unwrap();
    let second = take(&items, "search");
    for error in [
        batch.ack().wait().unwrap_err(),
        first.subscribe(EventFilter::all()).err().unwrap(),
        first.position().wait().unwrap_err(),
        first.seek(Start::Now).wait().unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Fenced, "{error}");
        assert!(error.to_string().contains("search"), "{error}");
    }
    assert_eq!(second.position().wait().unwrap(), None);

    assert!(items.changes.delete_cursor("search").wait().unwrap());
    assert!(!items.changes.delete_cursor("search").wait().unwrap());
    assert_eq!(second.position().wait().unwrap_err().kind(), ErrorKind::Fenced);
    let third = take(&items, "search");
    assert_eq!(second.position().wait().unwrap_err().kind(), ErrorKind::Fenced);
    third.position().wait().unwrap();
}

#[test]
fn acknowledgements_do_not_go_back_but_seek_does() {
    let items = Items::in_memory();
    items.put_many(3);
    let cursor = take(&items, "search");
    let mut subscription = cursor.subscribe(EventFilter::all()).unwrap().batch_bytes(1);
    let batches: Vec<_> = (0..3).map(|_| subscription.try_next_batch().unwrap().unwrap()).collect();
    batches[1].ack().wait().unwrap();
    batches[1].ack().wait().unwrap();
    let back = batches[0].ack().wait().unwrap_err();
    assert_eq!(back.kind(), ErrorKind::Conflict);
    assert_eq!(cursor.position().wait().unwrap(), Some(batches[1].position()));

    cursor.seek(Start::At(Sequence(2))).wait().unwrap();
    let events = drain(&mut cursor.subscribe(EventFilter::all()).unwrap());
    assert_eq!(sequences(&events), [2, 3]);
    cursor.seek(Start::Beginning).wait().unwrap();
    assert_eq!(cursor.position().wait().unwrap(), None);
    cursor.seek(Start::Now).wait().unwrap();
    assert!(drain(&mut cursor.subscribe(EventFilter::all()).unwrap()).is_empty());
}

#[test]
fn a_new_cursor_starts_where_it_was_asked_to_and_keeps_that() {
    let items = Items::in_memory();
    items.put_many(2);
    let cursor = items.changes.cursor_at("late", Start::Now).wait().unwrap();
    items.put("later", json!({}));
    assert_eq!(sequences(&drain(&mut cursor.subscribe(EventFilter::all()).unwrap())), [3]);
    // The start is for new cursors only.
    let again = items.changes.cursor_at("late", Start::Now).wait().unwrap();
    assert_eq!(sequences(&drain(&mut again.subscribe(EventFilter::all()).unwrap())), [3]);
}

#[test]
fn a_subscription_without_a_cursor_cannot_be_acknowledged() {
    let items = Items::in_memory();
    items.put_many(1);
    let mut subscription = items.changes.subscribe(Start::Beginning, EventFilter::all()).unwrap();
    let batch = subscription.try_next_batch().unwrap().unwrap();
    assert_eq!(batch.ack().wait().unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(items.changes.cursor("").wait().unwrap_err().kind(), ErrorKind::InvalidInput);
}

const TOTALS: Part = Part {
    name: "totals",
    migrations: &["CREATE TABLE totals(sum INTEGER NOT NULL, events INTEGER NOT NULL);
                   INSERT INTO totals VALUES (0, 0);"],
};

/// A consumer that adds numbers up. Every third transaction fails after its writes, every fifth batch
/// is handled by a consumer that dies before its commit.
#[test]
fn ack_within_gives_each_event_exactly_one_effect() {
    let folder = tempfile::tempdir().unwrap();
    let mut attempts = 0;
    for round in 0..4_u64 {
        let items = Items::open(&Namespace::open(folder.path()).unwrap());
        items.ns.install(&TOTALS).unwrap();
        items.put_many(25);
        let cursor = take(&items, "totals");
        let mut subscription = cursor.subscribe(EventFilter::all()).unwrap().batch_bytes(60);
        while let Some(batch) = subscription.try_next_batch().unwrap() {
            attempts += 1;
            let fails = attempts % 3 == 0;
            let applied = items.ns.transaction(move |tx| -> Result<()> {
                let (mut sum, mut events) = (0, 0);
                for event in batch.events() {
                    let row = event?.after_value()?.unwrap_or_default();
                    sum += row["number"].as_i64().unwrap_or(0);
                    events += 1;
                }
                tx.sql().execute(
                    "UPDATE totals SET sum = sum + ?, events = events + ?",
                    (sum, events),
                )?;
                batch.ack_within(tx)?;
                if fails { Err(Error::invalid("the consumer's own trouble")) } else { Ok(()) }
            });
            if attempts % 5 != 0 && applied.wait().is_ok() {
                continue;
            }
            subscription =
                take(&items, "totals").subscribe(EventFilter::all()).unwrap().batch_bytes(60);
        }
        let totals: (i64, i64) = items
            .ns
            .query(|connection| -> Result<_> {
                Ok(connection.query_row("SELECT sum, events FROM totals", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?)
            })
            .unwrap();
        let rounds = round as i64 + 1;
        assert_eq!(totals, (300 * rounds, 25 * rounds));
        items.ns.clone().close().unwrap();
    }
}

#[test]
fn lag_counts_events_and_their_age() {
    let clock = std::sync::Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000)));
    let ns = Namespace::builder_in_memory().clock(Shared(clock.clone())).open().unwrap();
    let items = Items::open(&ns);
    let cursor = take(&items, "search");
    assert_eq!(items.changes.lag("search").wait().unwrap(), Default::default());
    items.put("a", json!({}));
    clock.advance(Duration::from_secs(10));
    items.put("b", json!({}));
    clock.advance(Duration::from_secs(5));
    let lag = items.changes.lag("search").wait().unwrap();
    assert_eq!((lag.events, lag.age), (2, Duration::from_secs(15)));
    assert!(lag.bytes > 0 && !lag.resnapshot_required);

    let mut subscription = cursor.subscribe(EventFilter::all()).unwrap().batch_bytes(1);
    subscription.try_next_batch().unwrap().unwrap().ack().wait().unwrap();
    let lag = items.changes.lag("search").wait().unwrap();
    assert_eq!((lag.events, lag.age), (1, Duration::from_secs(5)));

    let cursors = items.changes.cursors().wait().unwrap();
    assert_eq!(cursors.len(), 1);
    assert_eq!((cursors[0].name.as_str(), cursors[0].lag), ("search", lag));
    assert_eq!(cursors[0].position.unwrap().sequence, Sequence(1));
    let missing = items.changes.lag("other").wait().unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}

#[test]
fn cursors_are_shared_by_all_handles_on_the_log() {
    let items = Items::in_memory();
    items.put_many(1);
    let other = ChangeLog::open(&items.ns).unwrap();
    let cursor = other.cursor("search").wait().unwrap();
    let mut subscription = cursor.subscribe(EventFilter::all()).unwrap();
    subscription.try_next_batch().unwrap().unwrap().ack().wait().unwrap();
    assert_eq!(items.changes.lag("search").wait().unwrap().events, 0);
}

/// A clock that the test keeps a handle on.
pub(crate) struct Shared(pub(crate) std::sync::Arc<ManualClock>);

impl headwater_primitives::Clock for Shared {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}
