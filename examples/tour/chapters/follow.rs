//! Follow: a consumer with a named cursor sees every commit, once it is there.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use headwater::Timestamp;
use headwater::cdc::{Cursor, EventFilter, UnifiedEvent};
use headwater::filter::Filter;
use headwater::prelude::Order;

use super::Chapter;
use crate::model::{Package, SourceFile};
use crate::screen::{Column, Screen, Table, human};
use crate::{Outcome, Tour};

pub(super) const CHAPTER: Chapter = Chapter {
    title: "Follow",
    about: "Every write is an event. A consumer reads them from a cursor that the database keeps.",
    run,
};

const CURSOR: &str = "the tour";
/// What the last write of the live part publishes.
const LAST: &str = "Tour.finished";
/// Longer than any event of this chapter should take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two live writes, so that they can be watched.
const PAUSE: Duration = Duration::from_millis(60);

fn run(tour: &mut Tour) -> Outcome {
    let cursor = catch_up(tour)?;
    live(tour, cursor)?;
    resume(tour)
}

/// Reads what has happened so far, from the first event on.
fn catch_up(tour: &mut Tour) -> Outcome<Cursor> {
    tour.screen.step(format!("A new cursor, {CURSOR:?}, starts at the first event"));
    let changes = tour.db.changes().clone();
    let cursor = changes.cursor(CURSOR).wait()?;
    let lag = changes.lag(CURSOR).wait()?;
    let mut subscription = cursor.subscribe(EventFilter::all())?;
    let mut seen: BTreeMap<(String, String), u64> = BTreeMap::new();
    let (mut events, mut next, mut in_order) = (0, 1, true);
    let began = Instant::now();
    while let Some(batch) = subscription.try_next_batch()? {
        for event in batch.events() {
            let event = event?;
            let table = event.table().unwrap_or("-").to_owned();
            *seen.entry((event.event_type().to_owned(), table)).or_default() += 1;
            in_order &= event.sequence().0 == next;
            (events, next) = (events + 1, next + 1);
        }
        batch.ack().wait()?;
    }
    let took = began.elapsed();
    let mut table =
        Table::new(&[Column::Left("event"), Column::Left("collection"), Column::Right("number")]);
    for ((kind, collection), number) in seen {
        table.row([kind, collection, human::count(number)]);
    }
    tour.screen.table(&table);
    tour.screen.indented(format!(
        "{} read and acknowledged in {}, which is {}",
        human::counted(events, "event", "events"),
        human::time(took),
        human::rate(events, took)
    ));
    let all = lag.events == events && changes.head().0 == events;
    tour.check(all && in_order, "every sequence from 1 on was seen, in order and without a gap")?;
    Ok(cursor)
}

/// Another thread prints the events while this one writes.
fn live(tour: &mut Tour, cursor: Cursor) -> Outcome {
    let screen = tour.screen;
    screen.step("Another thread follows while this one writes");
    let head = tour.db.changes().head();
    let follower = thread::spawn(move || follow(&cursor, screen));
    let written = write_some(tour);
    let seen = follower.join().map_err(|_| "the thread that follows panicked")?;
    written?;
    let mut delays = seen?;
    let number = delays.len() as u64;
    delays.sort_unstable();
    let median = delays.get(delays.len() / 2).copied().unwrap_or_default();
    screen.indented(format!(
        "From the start of a write until its event is seen: {} (median)",
        human::time(median)
    ));
    let written = tour.db.changes().head().0 - head.0;
    tour.check(number == written, &format!("all {written} events came, each of them once"))?;
    let lag = tour.db.changes().lag(CURSOR).wait()?;
    tour.check(lag.events == 0, "what was acknowledged is remembered: the cursor's lag is 0")
}

/// Prints events and acknowledges them until the last one. Returns how long each was under way.
fn follow(cursor: &Cursor, screen: Screen) -> Outcome<Vec<Duration>> {
    let mut subscription = cursor.subscribe(EventFilter::all())?;
    let mut delays = Vec::new();
    loop {
        let Some(batch) = subscription.next_batch_wait(PATIENCE)? else {
            return Err(format!("no event came within {}", human::time(PATIENCE)).into());
        };
        let mut is_last = false;
        for event in batch.events() {
            let event = event?;
            let delay = since(event.timestamp());
            screen.line(describe(&event, delay)?);
            is_last |= event.event_type() == LAST;
            delays.push(delay);
        }
        batch.ack().wait()?;
        if is_last {
            return Ok(delays);
        }
    }
}

fn describe(event: &UnifiedEvent, delay: Duration) -> Outcome<String> {
    let what = match (event.table(), event.key()) {
        (Some(table), Some(key)) => match event.changed_fields()? {
            Some(fields) => format!("{table}/{key}: {}", fields.join(", ")),
            None => format!("{table}/{key}"),
        },
        _ => event.data_value()?.unwrap_or_default().to_string(),
    };
    let sequence = human::count(event.sequence().0);
    Ok(format!("  {:>8}   {sequence:>6}   {:<13}   {what}", human::time(delay), event.event_type()))
}

fn since(then: Timestamp) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(Duration::from_micros(then.0.try_into().unwrap_or_default()))
}

fn write_some(tour: &Tour) -> Outcome {
    let db = &tour.db;
    let packages = db.documents::<Package>()?;
    let shared = db.find::<Package>(Filter::all())?.sort("dependents", Order::Descending).limit(4);
    for found in shared.run().wait()?.documents {
        thread::sleep(PAUSE);
        let mark = |package: &mut Package| package.marks.push("used by many".to_owned());
        packages.update(found.id, mark).wait()?;
    }
    if let Some(found) =
        db.find::<SourceFile>(Filter::all())?.limit(1).run().wait()?.documents.pop()
    {
        thread::sleep(PAUSE);
        db.delete::<SourceFile>(found.id).wait()?;
        thread::sleep(PAUSE);
        db.insert(&found.document).wait()?;
    }
    thread::sleep(PAUSE);
    publish(tour, LAST)
}

fn publish(tour: &Tour, event_type: &'static str) -> Outcome {
    let published = tour.db.transaction(move |tx| tx.publish(event_type, "from chapter 5"));
    published.wait()?;
    Ok(())
}

/// Takes the cursor up again after a while in which nobody followed.
fn resume(tour: &mut Tour) -> Outcome {
    const MISSED: u64 = 3;
    tour.screen.step(format!("Nobody follows, and {MISSED} more events are published"));
    for _ in 0..MISSED {
        publish(tour, "Tour.missed")?;
    }
    let changes = tour.db.changes().clone();
    let lag = changes.lag(CURSOR).wait()?;
    tour.screen.indented(format!(
        "lag of {CURSOR:?}: {}, {}, the oldest {} old",
        human::counted(lag.events, "event", "events"),
        human::bytes(lag.bytes),
        human::time(lag.age)
    ));
    let mut subscription = changes.cursor(CURSOR).wait()?.subscribe(EventFilter::all())?;
    let mut missed = Vec::new();
    while let Some(batch) = subscription.try_next_batch()? {
        for event in batch.events() {
            missed.push(event?.event_type().to_owned());
        }
        batch.ack().wait()?;
    }
    let right = missed == vec!["Tour.missed"; MISSED as usize];
    tour.check(right, "taken up by its name, the cursor goes on where it was: with exactly these")
}
