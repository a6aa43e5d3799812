//! Random operations against a plain list: sequences, units and contents stay right.

use std::sync::Arc;
use std::time::Duration;

use headwater_cdc::{ChangeLog, Cursor, EventFilter, KeyRef, Op, Retention, Start, Store};
use headwater_primitives::{
    Durability, Error, ManualClock, Namespace, Result, Sequence, Timestamp, jsonb,
};
use proptest::prelude::*;

use crate::cursors::Shared;
use crate::support::drain;

#[derive(Clone, Debug)]
enum Step {
    /// One transaction with records of these sizes.
    Write(Vec<usize>),
    /// The same, but it fails at the end.
    Fail(Vec<usize>),
    /// Several transactions in one group.
    Burst(Vec<Vec<usize>>),
    Merge,
    /// Keep what is younger than so many seconds.
    Retain(u64),
    /// Consume from the cursor, and acknowledge every second batch.
    Consume,
    Reopen,
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        8 => prop::collection::vec(0..200_usize, 1..8),
        2 => prop::collection::vec(0..2_000_usize, 40..80),
        // More than a segment holds: the unit spans several.
        1 => prop::collection::vec(60_000..120_000_usize, 8..20),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => sizes().prop_map(Step::Write),
        3 => sizes().prop_map(Step::Fail),
        3 => prop::collection::vec(sizes(), 2..6).prop_map(Step::Burst),
        2 => Just(Step::Merge),
        1 => (1..20_u64).prop_map(Step::Retain),
        2 => Just(Step::Consume),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Clone, Debug, PartialEq)]
struct Expected {
    sequence: u64,
    first: u64,
    index: u32,
    total: u32,
    time: Timestamp,
    len: usize,
}

struct World {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    changes: ChangeLog,
    cursor: Cursor,
    log: Vec<Expected>,
    /// The first retained sequence at least, and at most.
    kept: (u64, u64),
    acknowledged: u64,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000)));
        let (changes, cursor) = open(&folder, &clock);
        World { folder, clock, changes, cursor, log: Vec::new(), kept: (1, 1), acknowledged: 0 }
    }

    fn run(&mut self, step: Step) {
        self.clock.advance(Duration::from_secs(1));
        match step {
            Step::Write(sizes) => {
                write(&self.changes, sizes.clone(), false).wait().unwrap();
                self.expect(&sizes);
            }
            Step::Fail(sizes) => {
                write(&self.changes, sizes, true).wait().unwrap_err();
            }
            Step::Burst(units) => {
                let submitted: Vec<_> = units
                    .iter()
                    .map(|sizes| {
                        write(&self.changes, sizes.clone(), false).submit().wait().unwrap()
                    })
                    .collect();
                submitted.into_iter().for_each(|pending| pending.wait().unwrap());
                units.iter().for_each(|sizes| self.expect(sizes));
            }
            Step::Merge => drop(self.changes.namespace().merge_segments().unwrap()),
            Step::Retain(seconds) => self.retain(seconds),
            Step::Consume => self.consume(),
            Step::Reopen => {
                self.changes.namespace().clone().close().unwrap();
                (self.changes, self.cursor) = open(&self.folder, &self.clock);
            }
        }
    }

    fn expect(&mut self, sizes: &[usize]) {
        let time = headwater_primitives::Clock::now(&*self.clock);
        let first = self.log.len() as u64 + 1;
        for (index, len) in sizes.iter().enumerate() {
            self.log.push(Expected {
                sequence: first + index as u64,
                first,
                index: index as u32,
                total: sizes.len() as u32,
                time,
                len: *len,
            });
        }
    }

    fn retain(&mut self, seconds: u64) {
        let age = Some(Duration::from_secs(seconds));
        let retention = Retention { age, ..Retention::UNLIMITED };
        self.changes.set_retention(retention).wait().unwrap();
        let start = self.changes.enforce_retention().unwrap().0;
        let now = headwater_primitives::Clock::now(&*self.clock);
        let oldest = now.before(Duration::from_secs(seconds));
        let young = self.log.iter().find(|event| event.time >= oldest);
        let young = young.map_or(self.log.len() as u64 + 1, |event| event.sequence);
        self.kept.1 = young.max(self.kept.0);
        assert!((self.kept.0..=self.kept.1).contains(&start), "{start} not in {:?}", self.kept);
        self.kept.0 = start;
        self.changes.set_retention(Retention::UNLIMITED).wait().unwrap();
    }

    fn consume(&mut self) {
        if self.acknowledged + 1 < self.kept.0 {
            assert!(self.cursor.subscribe(EventFilter::all()).is_err() || self.acknowledged == 0);
            self.cursor.seek(Start::Beginning).wait().unwrap();
            self.acknowledged = self.kept.0 - 1;
        }
        let mut subscription = self.cursor.subscribe(EventFilter::all()).unwrap();
        let (mut next, mut count) = (self.acknowledged + 1, 0);
        while let Some(batch) = subscription.try_next_batch().unwrap() {
            for record in batch.records() {
                assert_eq!(record.unwrap().sequence.0, next);
                next += 1;
            }
            count += 1;
            if count % 2 == 1 {
                batch.ack().wait().unwrap();
                self.acknowledged = next - 1;
            }
        }
        assert_eq!(next, self.log.len() as u64 + 1);
    }

    fn check(&self) {
        assert_eq!(self.changes.head(), Sequence(self.log.len() as u64));
        assert_eq!(self.changes.start(), Sequence(self.kept.0));
        let all = EventFilter::all();
        let events = drain(&mut self.changes.subscribe(Start::Beginning, all).unwrap());
        let found: Vec<Expected> = events
            .iter()
            .map(|event| {
                let place = event.transaction().unwrap();
                let KeyRef::Integer(len) = event.key().unwrap() else { panic!("not a number") };
                let text: &str = event.after().unwrap().unwrap();
                assert!(text.len() == len as usize && text.bytes().all(|byte| byte == b'x'));
                Expected {
                    sequence: event.sequence().0,
                    first: place.first.0,
                    index: place.index,
                    total: place.total,
                    time: event.timestamp(),
                    len: len as usize,
                }
            })
            .collect();
        assert!(found == self.log[self.kept.0 as usize - 1..], "events differ from the model");
        let verified =
            self.changes.namespace().snapshot(|snapshot| self.changes.verify(snapshot.sql()));
        assert_eq!(verified.unwrap(), Vec::<String>::new());
    }
}

fn open(folder: &tempfile::TempDir, clock: &Arc<ManualClock>) -> (ChangeLog, Cursor) {
    let ns = Namespace::builder(folder.path())
        .clock(Shared(clock.clone()))
        .durability(Durability::Os)
        .open()
        .unwrap();
    let changes = ChangeLog::open(&ns).unwrap();
    changes.set_retention(Retention::UNLIMITED).wait().unwrap();
    let cursor = changes.cursor("model").wait().unwrap();
    (changes, cursor)
}

fn write(changes: &ChangeLog, sizes: Vec<usize>, fails: bool) -> headwater_primitives::Commit<()> {
    let writer = changes.clone();
    changes.namespace().transaction(move |tx| -> Result<()> {
        for len in sizes {
            let after = jsonb::to_vec(&"x".repeat(len))?;
            let (op, store, table) = (Op::Create, Store::Document, "items");
            let (key, after) = (KeyRef::Integer(len as i64), Some(&*after));
            let (row, before) = (None, None);
            let change = headwater_cdc::Change { op, store, table, key, row, before, after };
            let expected = writer.next_sequence(tx);
            assert_eq!(writer.record(tx, &change)?, expected);
        }
        if fails { Err(Error::invalid("as asked")) } else { Ok(()) }
    })
}

#[test]
fn a_merge_ends_where_a_small_segment_stands_before_a_large_one() {
    let mut world = World::new();
    for _ in 0..40 {
        world.run(Step::Write(vec![10]));
        world.run(Step::Write(vec![300_000]));
    }
    world.run(Step::Merge);
    world.check();
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_log_equals_a_plain_list(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in steps {
            world.run(step);
        }
        world.check();
        world.run(Step::Reopen);
        world.check();
    }
}
