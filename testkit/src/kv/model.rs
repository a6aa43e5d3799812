//! Random operations on a backend, step by step against a `BTreeMap`.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::{Bound, RangeBounds};

use headwater_primitives::kv::{
    Batch, Direction, Entry, Feature, KeyRange, KvRead, KvWrite, OrderedKv, OrderedKvExt,
};
use headwater_primitives::{Error, ErrorKind, Result};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::Backend;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// A change of one key: a new value, or none.
type Change = (Vec<u8>, Option<Vec<u8>>);

#[derive(Clone, Debug)]
enum Step {
    Change(Change),
    Batch { changes: Vec<Change>, expect: Option<Change> },
    Transaction { steps: Vec<Inner>, commit: bool },
    Read(Look),
    Snapshot(Look),
    Compact,
    Reopen,
}

/// A step inside a transaction.
#[derive(Clone, Debug)]
enum Inner {
    Change(Change),
    Batch(Vec<Change>),
    Read(Look),
}

#[derive(Clone, Debug)]
enum Look {
    Get(Vec<u8>),
    Scan { start: Bound<Vec<u8>>, end: Bound<Vec<u8>>, direction: Direction, take: usize },
}

/// Runs `cases` random sequences of operations on stores of `backend`, reopened in between where it
/// is durable, and compares every answer with a `BTreeMap`.
///
/// # Panics
/// Where an answer differs, with the shortest sequence that was found to show it.
pub fn model<B: Backend>(backend: &B, cases: u32) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&vec(step(), 1..60), |steps| {
            run(backend, steps).map_err(|error| TestCaseError::fail(error.to_string()))
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

fn run<B: Backend>(backend: &B, steps: Vec<Step>) -> Result<()> {
    let mut kv = backend.open();
    let mut map = Map::new();
    for step in steps {
        if matches!(step, Step::Reopen) && kv.capabilities().supports(Feature::Durability) {
            kv = backend.reopen(kv);
        } else {
            take(&kv, &mut map, step)?;
        }
        compare("everything", entries_of(&kv)?, map.clone().into_iter().collect())?;
    }
    Ok(())
}

fn take(kv: &dyn OrderedKv, map: &mut Map, step: Step) -> Result<()> {
    match step {
        Step::Change(change) => {
            write(kv, &change)?;
            apply(map, change);
            Ok(())
        }
        Step::Batch { changes, expect } => write_batch(kv, map, changes, expect),
        Step::Transaction { steps, commit } => transact(kv, map, steps, commit),
        Step::Read(look) => check(kv, map, look),
        Step::Snapshot(look) if kv.capabilities().supports(Feature::Snapshot) => {
            let map = map.clone();
            kv.snapshot(move |view| check(view, &map, look))
        }
        Step::Compact if kv.capabilities().supports(Feature::Compact) => kv.compact(),
        Step::Snapshot(_) | Step::Compact | Step::Reopen => Ok(()),
    }
}

fn write_batch(
    kv: &dyn OrderedKv,
    map: &mut Map,
    changes: Vec<Change>,
    expect: Option<Change>,
) -> Result<()> {
    let mut batch = batch_of(&changes);
    let mut holds = true;
    if let Some((key, value)) = expect.filter(|_| kv.capabilities().supports(Feature::Expectation))
    {
        holds = map.get(&key) == value.as_ref();
        match value {
            Some(value) => batch.expect_value(key, value),
            None => batch.expect_absent(key),
        };
    }
    let applied = match kv.write_batch(batch) {
        Err(error) if error.kind() != ErrorKind::Conflict => return Err(error),
        outcome => outcome.is_ok(),
    };
    compare("whether the expectation held", applied, holds)?;
    if applied {
        changes.into_iter().for_each(|change| apply(map, change));
    }
    Ok(())
}

fn transact(kv: &dyn OrderedKv, map: &mut Map, steps: Vec<Inner>, commit: bool) -> Result<()> {
    if !kv.capabilities().supports(Feature::Transaction) {
        return Ok(());
    }
    let before = map.clone();
    let outcome = kv.transaction(move |tx| {
        let mut inside = before.clone();
        for step in steps.clone() {
            take_inside(tx, &mut inside, step)?;
        }
        if commit { Ok(inside) } else { Err(Error::new(ErrorKind::NotFound, "rolled back")) }
    });
    match outcome {
        Ok(inside) => *map = inside,
        Err(error) if !commit && error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

fn take_inside(tx: &dyn KvWrite, map: &mut Map, step: Inner) -> Result<()> {
    match step {
        Inner::Change(change) => {
            write(tx, &change)?;
            apply(map, change);
        }
        Inner::Batch(changes) => {
            tx.write_batch(batch_of(&changes))?;
            changes.into_iter().for_each(|change| apply(map, change));
        }
        Inner::Read(look) => check(tx, map, look)?,
    }
    Ok(())
}

fn write(kv: &dyn KvWrite, (key, value): &Change) -> Result<()> {
    match value {
        Some(value) => kv.put(key, value),
        None => kv.delete(key),
    }
}

fn apply(map: &mut Map, (key, value): Change) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

fn batch_of(changes: &[Change]) -> Batch {
    let mut batch = Batch::new();
    for (key, value) in changes.iter().cloned() {
        match value {
            Some(value) => batch.put(key, value),
            None => batch.delete(key),
        };
    }
    batch
}

fn entries_of(kv: &dyn KvRead) -> Result<Vec<Entry>> {
    kv.scan(KeyRange::all(), Direction::Forward).collect()
}

fn check(kv: &dyn KvRead, map: &Map, look: Look) -> Result<()> {
    match look {
        Look::Get(key) => compare(&key, kv.get(&key)?, map.get(&key).cloned()),
        Look::Scan { start, end, direction, take } => {
            let bounds = (start, end);
            let inside = map.iter().filter(|(key, _)| RangeBounds::contains(&bounds, *key));
            let mut expected: Vec<Entry> = inside.map(|(k, v)| (k.clone(), v.clone())).collect();
            if direction == Direction::Backward {
                expected.reverse();
            }
            expected.truncate(take);
            let range = KeyRange::new::<Vec<u8>>(bounds.clone());
            match kv.scan(range, direction).take(take).collect::<Result<Vec<Entry>>>() {
                Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
                found => compare((bounds, direction), found?, expected),
            }
        }
    }
}

fn compare<T: PartialEq + Debug>(what: impl Debug, found: T, expected: T) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::corrupt(format!("{what:?}: found {found:?}, expected {expected:?}")))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => change().prop_map(Step::Change),
        3 => (vec(change(), 0..6), proptest::option::of(change()))
            .prop_map(|(changes, expect)| Step::Batch { changes, expect }),
        3 => (vec(inner(), 0..8), any::<bool>())
            .prop_map(|(steps, commit)| Step::Transaction { steps, commit }),
        4 => look().prop_map(Step::Read),
        2 => look().prop_map(Step::Snapshot),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
    ]
}

fn inner() -> impl Strategy<Value = Inner> {
    prop_oneof![
        3 => change().prop_map(Inner::Change),
        1 => vec(change(), 0..4).prop_map(Inner::Batch),
        2 => look().prop_map(Inner::Read),
    ]
}

fn look() -> impl Strategy<Value = Look> {
    let direction = prop_oneof![Just(Direction::Forward), Just(Direction::Backward)];
    let take = prop_oneof![1 => 0..4usize, 2 => Just(usize::MAX)];
    prop_oneof![
        key().prop_map(Look::Get),
        (bound(), bound(), direction, take).prop_map(|(start, end, direction, take)| Look::Scan {
            start,
            end,
            direction,
            take
        }),
    ]
}

fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
    prop_oneof![
        1 => Just(Bound::Unbounded),
        2 => key().prop_map(Bound::Included),
        2 => key().prop_map(Bound::Excluded),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    (key(), proptest::option::weighted(0.7, value()))
}

/// Few and short keys, so that operations meet on them.
fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0), Just(1), Just(b'a'), Just(0xff)], 0..4)
}

/// Mostly short, and sometimes larger than a database page.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        9 => vec(any::<u8>(), 0..12),
        1 => (any::<u8>(), 4_000..9_000usize).prop_map(|(byte, size)| vec![byte; size]),
    ]
}
