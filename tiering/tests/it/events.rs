//! The change log in the lake: a subscription sees each event once, wherever it is.

use std::time::Duration;

use headwater_cdc::{
    Batch, ChangeLog, EventFilter, KeyRef, Op, Position, Retention, Start, Store, Subscription,
};
use headwater_cdc::{Change, UnifiedEvent};
use headwater_primitives::{
    Attributes, ErrorKind, Namespace, Result, Sequence, WriteOptions, jsonb,
};
use headwater_testkit::crash::{self, Crash, End};
use headwater_testkit::rest;
use headwater_tiering::{Compacted, Expiry, LakeOptions, RestCatalog, Tier};
use proptest::prelude::*;

/// Nothing that is archived stays in the hot log.
const NONE: Retention = Retention { age: Some(Duration::ZERO), bytes: None, cap: None };

fn opened(path: &std::path::Path) -> (Namespace, ChangeLog, Tier) {
    let ns = Namespace::open(path).unwrap();
    let changes = ChangeLog::open(&ns).unwrap();
    let tier = Tier::of(&ns).unwrap();
    (ns, changes, tier)
}

/// Writes a transaction of `count` events, of all kinds.
fn write(changes: &ChangeLog, number: u64, count: u64) {
    let log = changes.clone();
    let actor = (!number.is_multiple_of(3)).then(|| format!("actor {number}").into());
    let options = WriteOptions {
        attributes: Attributes { actor, ..Attributes::default() },
        ..WriteOptions::default()
    };
    let commit = changes.namespace().transaction_with(options, move |tx| -> Result<()> {
        for at in 0..count {
            let body = format!(r#"{{"number":{number},"at":[{at},null,"é"],"price":{at}.50}}"#);
            let body = jsonb::from_json_str(&body)?;
            let text = format!("key {at}");
            let key = if at.is_multiple_of(2) {
                KeyRef::Integer(at as i64 - 2)
            } else {
                KeyRef::Text(&text)
            };
            let (op, before, after) = match at % 4 {
                0 => (Op::Create, None, Some(&body[..])),
                1 => (Op::Update, Some(&body[..]), Some(&body[..])),
                2 => (Op::Delete, Some(&body[..]), None),
                _ => {
                    log.publish(tx, "Order.paid", &[number, at])?;
                    continue;
                }
            };
            let table = if number.is_multiple_of(2) { "even" } else { "odd" };
            let (store, row) = (Store::Document, Some(at as i64));
            log.record(tx, &Change { op, store, table, key, row, before, after })?;
        }
        Ok(())
    });
    commit.wait().unwrap();
}

fn lines(batch: &Batch) -> Vec<String> {
    batch.events().map(|event| event.unwrap().to_json().unwrap()).collect()
}

/// All events that the subscription has by now.
fn drained(mut events: Subscription) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(batch) = events.try_next_batch().unwrap() {
        all.extend(lines(&batch));
    }
    all
}

fn from(changes: &ChangeLog, start: Start) -> Vec<String> {
    drained(changes.subscribe(start, EventFilter::all()).unwrap())
}

#[derive(Clone, Debug)]
enum Step {
    Write(u64),
    Archive,
    /// Retention takes what it may.
    Retain,
    /// Compacts, lets all snapshots but the last go, and deletes what that leaves.
    Tidy,
    Reopen,
}

fn tidy(tier: &Tier) -> Compacted {
    let compacted = tier.compact_events().wait().unwrap();
    let before = tier.namespace().clock().now().after(Duration::from_secs(3600));
    let expired = tier.expire_events(Expiry { before, keep_last: 1 }).grace(Duration::ZERO);
    expired.wait().unwrap();
    tier.clean_events().older_than(Duration::ZERO).wait().unwrap();
    compacted
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1u64..40).prop_map(Step::Write),
        2 => Just(Step::Archive),
        2 => Just(Step::Retain),
        1 => Just(Step::Tidy),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn a_subscription_sees_each_event_once_wherever_it_is(
        steps in proptest::collection::vec(step(), 4..24),
        places in proptest::collection::vec(any::<prop::sample::Index>(), 3),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (mut ns, mut changes, mut tier) = opened(folder.path());
        // Archiving has begun before there is anything, so nothing may get lost.
        tier.archive_events().wait().unwrap();
        changes.set_retention(NONE).wait().unwrap();
        let mut all: Vec<String> = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Write(count) => {
                    write(&changes, number as u64, *count);
                    all.extend(from(&changes, Start::At(Sequence(all.len() as u64 + 1))));
                }
                Step::Archive => {
                    let archived = tier.archive_events().wait().unwrap();
                    prop_assert_eq!(archived.last.0, all.len() as u64);
                }
                Step::Retain => drop(changes.enforce_retention().unwrap()),
                Step::Tidy => drop(tidy(&tier)),
                Step::Reopen => {
                    drop((changes, tier));
                    ns.close().unwrap();
                    (ns, changes, tier) = opened(folder.path());
                }
            }
        }
        prop_assert_eq!(&from(&changes, Start::Beginning), &all);
        for place in places {
            let at = place.index(all.len() + 1);
            prop_assert_eq!(&from(&changes, Start::At(Sequence(at as u64 + 1)))[..], &all[at..]);
        }
        let filter = EventFilter::all().table("even").op(Op::Update).key_prefix("key 1");
        let filtered = drained(changes.subscribe(Start::Beginning, filter).unwrap());
        let wanted = |line: &&String| {
            ["\"table\":\"even\"", "\"op\":\"u\"", "\"key\":\"key 1"].iter().all(|part| line.contains(part))
        };
        prop_assert_eq!(filtered, all.iter().filter(wanted).cloned().collect::<Vec<_>>());
        let paid = EventFilter::all().event_type("Order.paid");
        let paid = drained(changes.subscribe(Start::Beginning, paid).unwrap());
        prop_assert_eq!(paid.len(), all.iter().filter(|line| line.contains("Order.paid")).count());
    }
}

#[test]
fn retention_leaves_what_is_not_archived_until_the_archive_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (_ns, changes, tier) = opened(folder.path());
    write(&changes, 1, 10);
    tier.archive_events().wait().unwrap();
    changes.set_retention(NONE).wait().unwrap();
    write(&changes, 2, 10);
    changes.enforce_retention().unwrap();
    assert_eq!(changes.start(), Sequence(11), "what is archived may go, and no more");
    assert_eq!(from(&changes, Start::Beginning).len(), 20);

    assert!(tier.end_archive().wait().unwrap() && !tier.end_archive().wait().unwrap());
    changes.enforce_retention().unwrap();
    let beginning = from(&changes, Start::Beginning);
    assert_eq!(beginning.len(), 0, "the archive does not reach the log any more");
    let error = changes.subscribe(Start::At(Sequence(3)), EventFilter::all()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ResnapshotRequired, "{error}");

    write(&changes, 3, 5);
    let archived = tier.archive_events().wait().unwrap();
    assert_eq!((archived.events, archived.last), (5, Sequence(25)), "it begins anew");
    let range = tier.archived_events().wait().unwrap();
    assert_eq!(range, Some(Sequence(21)..=Sequence(25)));
    changes.enforce_retention().unwrap();
    assert_eq!(from(&changes, Start::Beginning).len(), 5);
}

#[test]
fn a_cursor_that_retention_has_passed_goes_on_in_the_lake() {
    let folder = tempfile::tempdir().unwrap();
    let (ns, changes, tier) = opened(folder.path());
    write(&changes, 1, 20);
    let cursor = changes.cursor("reader").wait().unwrap();
    let mut events = cursor.subscribe(EventFilter::all()).unwrap().batch_bytes(1);
    let first = events.try_next_batch().unwrap().unwrap();
    first.ack().wait().unwrap();
    let seen = lines(&first).len();
    for number in 2..12 {
        write(&changes, number, 20);
        tier.archive_events().wait().unwrap();
    }
    write(&changes, 12, 20);
    changes.set_retention(NONE).wait().unwrap();
    changes.enforce_retention().unwrap();
    assert_eq!(changes.start(), Sequence(221));
    // One that was open all the while goes on, and so does one that comes back.
    assert_eq!(drained(events).len(), 240 - seen);
    let cursor = changes.cursor("reader").wait().unwrap();
    let mut events = cursor.subscribe(EventFilter::all()).unwrap().batch_bytes(700);
    let (mut count, mut last) = (seen, Position::ZERO);
    while let Some(batch) = events.try_next_batch().unwrap() {
        count += lines(&batch).len();
        batch.ack().wait().unwrap();
        last = batch.position();
    }
    assert_eq!((count, last.sequence), (240, Sequence(240)));
    assert_eq!(cursor.position().wait().unwrap(), Some(last));

    // As a stream, which awaits the lake, and then the next commit.
    let mut events = changes.subscribe(Start::Beginning, EventFilter::all()).unwrap();
    let mut count = 0;
    headwater_primitives::block_on(async {
        while count < 240 {
            count += lines(&events.next_batch().await.unwrap()).len();
        }
    });
    let later = std::thread::spawn(move || events.next_batch_wait(Duration::from_secs(20)));
    write(&changes, 13, 1);
    assert_eq!(lines(&later.join().unwrap().unwrap().unwrap()).len(), 1);
    ns.close().unwrap();
}

#[test]
fn only_what_is_old_enough_is_archived() {
    let folder = tempfile::tempdir().unwrap();
    let (_ns, changes, tier) = opened(folder.path());
    write(&changes, 1, 10);
    let archived = tier.archive_events().older_than(Duration::from_secs(3600)).wait().unwrap();
    assert_eq!((archived.events, archived.last, archived.snapshot), (0, Sequence::ZERO, None));
    let archived = tier.archive_events().older_than(Duration::ZERO).wait().unwrap();
    assert_eq!((archived.events, archived.files), (10, 1));
    let again = tier.archive_events().wait().unwrap();
    assert_eq!((again.events, again.last, again.snapshot), (0, Sequence(10), None));
}

#[test]
fn files_of_events_are_merged_while_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (ns, changes, tier) = opened(folder.path());
    assert_eq!(tier.compact_events().wait().unwrap(), Compacted::default(), "there is nothing yet");
    for number in 0..6 {
        write(&changes, number, 20);
        tier.archive_events().wait().unwrap();
    }
    let all = from(&changes, Start::Beginning);
    changes.set_retention(NONE).wait().unwrap();
    changes.enforce_retention().unwrap();
    let mut events =
        changes.subscribe(Start::Beginning, EventFilter::all()).unwrap().batch_bytes(1);
    let first = lines(&events.try_next_batch().unwrap().unwrap());
    let compacted = tidy(&tier);
    assert_eq!((compacted.merged, compacted.written), (6, 1));
    assert_eq!((compacted.rows, compacted.dropped), (120, 0));
    assert_eq!([first, drained(events)].concat(), all);
    assert_eq!(from(&changes, Start::Beginning), all);
    // The files that the reader held are gone with the next one.
    tidy(&tier);
    assert_eq!(from(&changes, Start::Beginning), all);
    let parquet = |path: &std::path::Path| path.extension().is_some_and(|end| end == "parquet");
    assert_eq!(files_below(folder.path()).iter().filter(|path| parquet(path)).count(), 1);
    assert_eq!(tier.compact_events().wait().unwrap().merged, 0);
    assert_eq!(tier.status().wait().unwrap(), [], "the log is no table of a store");
    drop((changes, tier));
    ns.close().unwrap();
    let (_ns, changes, _tier) = opened(folder.path());
    assert_eq!(from(&changes, Start::Beginning), all);
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| match path.is_dir() {
        true => files_below(&path),
        false => vec![path],
    });
    files.collect()
}

#[test]
fn a_gap_between_archives_stays_one() {
    let folder = tempfile::tempdir().unwrap();
    let (_ns, changes, tier) = opened(folder.path());
    write(&changes, 0, 10);
    tier.archive_events().wait().unwrap();
    tier.end_archive().wait().unwrap();
    write(&changes, 1, 10);
    changes.set_retention(NONE).wait().unwrap();
    changes.enforce_retention().unwrap();
    for number in 2..4 {
        write(&changes, number, 10);
        tier.archive_events().wait().unwrap();
    }
    let range = tier.archived_events().wait().unwrap();
    assert_eq!(range, Some(Sequence(21)..=Sequence(40)));
    let compacted = tidy(&tier);
    assert_eq!((compacted.merged, compacted.written), (2, 1), "what comes after the gap");
    assert_eq!(from(&changes, Start::At(Sequence(21))).len(), 20);
}

const STEPS: [&str; 12] = [
    "tier.archive.files",
    "tier.archive.snapshot",
    "tier.archive.commit",
    "tier.archive.committed",
    "tier.compact.file",
    "tier.compact.files",
    "tier.compact.snapshot",
    "tier.compact.commit",
    "tier.compact.committed",
    "tier.expire.commit",
    "tier.expire.committed",
    "tier.expire.delete",
];

/// Writes transactions, archives and lets retention take what it may, and keeps the table in shape, until
/// it ends.
#[test]
fn a_process_that_dies_at_any_step_loses_no_event_and_doubles_none() {
    if let Some(child) = crash::child() {
        let (_ns, changes, tier) = opened(child.directory());
        changes.set_retention(NONE).wait().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0.. {
                    write(&changes, number, 5);
                    child.ack(number.to_string());
                    // Each step reads and compacts all of it.
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            loop {
                tier.archive_events().wait().unwrap();
                tier.archive_events().wait().unwrap();
                changes.enforce_retention().unwrap();
                tidy(&tier);
            }
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let (ns, _, tier) = opened(folder.path());
    // Archiving has begun: from here on nothing may be lost.
    tier.archive_events().wait().unwrap();
    drop(tier);
    ns.close().unwrap();
    let mut written = 0;
    for step in STEPS {
        let test = a_process_that_dies_at_any_step_loses_no_event_and_doubles_none;
        let crash = Crash::of(test, step, folder.path()).fail_point(format!("{step}:3"));
        let outcome = crash.run().unwrap();
        assert_eq!(outcome.end, End::Aborted, "{step} was not reached: {}", outcome.stderr);
        written += outcome.acks.len() as u64 * 5;
        let (ns, changes, tier) = opened(folder.path());
        let mut events = changes.subscribe(Start::Beginning, EventFilter::all()).unwrap();
        let mut next = 1;
        while let Some(batch) = events.try_next_batch().unwrap() {
            for event in batch.events() {
                let event: UnifiedEvent = event.unwrap();
                assert_eq!(event.sequence(), Sequence(next), "after {step}");
                next += 1;
            }
        }
        assert!(next > written, "after {step}: {next} follows, and {written} were acknowledged");
        written = next - 1;
        tier.archive_events().wait().unwrap();
        ns.close().unwrap();
    }
}

/// Writes and archives until it ends, with the table in a catalog elsewhere.
#[test]
fn an_archive_that_dies_between_two_catalogs_goes_on_where_it_was() {
    let test = an_archive_that_dies_between_two_catalogs_goes_on_where_it_was;
    if let Some(child) = crash::child() {
        let (_ns, changes, tier) = opened(child.directory());
        changes.set_retention(NONE).wait().unwrap();
        for number in 0.. {
            write(&changes, number, 5);
            child.ack(number.to_string());
            tier.archive_events().wait().unwrap();
            changes.enforce_retention().unwrap();
        }
    }
    let Some(warehouse) = rest("events") else { return };
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    let catalog = RestCatalog::new(&warehouse.uri).warehouse(&warehouse.name);
    Tier::open(&ns, LakeOptions::new().catalog(catalog)).unwrap();
    ns.close().unwrap();
    let mut written = 0;
    for step in ["lake.catalog.created", "lake.catalog.committed", "tier.archive.commit:2"] {
        let outcome = Crash::of(test, step, folder.path()).fail_point(step).run().unwrap();
        assert_eq!(outcome.end, End::Aborted, "{step}: {}", outcome.stderr);
        written += outcome.acks.len() as u64 * 5;
        let (ns, changes, tier) = opened(folder.path());
        assert_eq!(from(&changes, Start::Beginning).len() as u64, written, "after {step}");
        if step == "lake.catalog.committed" {
            assert!(tier.end_archive().wait().unwrap());
            tier.compact_events().wait().unwrap();
            assert!(!tier.end_archive().wait().unwrap(), "it stays ended");
        }
        let archived = tier.archive_events().wait().unwrap();
        // A commit that was made there is noted, not made again.
        assert_eq!(archived.events, if step == "lake.catalog.created" { 5 } else { 0 }, "{step}");
        changes.enforce_retention().unwrap();
        assert_eq!(tier.archived_events().wait().unwrap(), Some(Sequence(1)..=Sequence(written)));
        tidy(&tier);
        assert_eq!(from(&changes, Start::Beginning).len() as u64, written, "after {step}");
        ns.close().unwrap();
    }
}
