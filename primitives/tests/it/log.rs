//! The segment log against a plain list: gap-free, whole units, readable from any position.

use std::ops::Range;

use headwater_primitives::{
    Attributes, Commit, Error, Namespace, Record, Result, SegmentLog, Sequence, WriteOptions,
};
use headwater_testkit::Rng;
use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::tempdir;

use crate::support::together;

/// What the log should say about one record.
#[derive(Clone, Debug, PartialEq)]
struct Expected {
    sequence: u64,
    first: u64,
    index: u32,
    total: u32,
    actor: Option<String>,
    tag: String,
    payload: u64,
    len: usize,
}

/// One caller's records, by the seeds of their payloads and by their lengths.
#[derive(Clone, Debug)]
struct Unit {
    records: Vec<(u64, usize)>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Commits,
    Fails,
    Panics,
}

#[derive(Clone, Debug)]
enum Step {
    /// Callers that are one commit group.
    Group(Vec<Unit>),
    Merge,
    /// Retention up to a place between start and head, deleting so many segments at most.
    Truncate(f64, usize),
    Reopen,
    /// Read from a place between start and head.
    Read(f64, usize),
}

fn unit() -> impl Strategy<Value = Unit> {
    let len = prop_oneof![20 => 0..300usize, 3 => 0..20_000usize, 1 => 200_000..700_000usize];
    let end = prop_oneof![5 => Just(End::Commits), 2 => Just(End::Fails), 1 => Just(End::Panics)];
    (vec((any::<u64>(), len), 0..8), end).prop_map(|(records, end)| Unit { records, end })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => vec(unit(), 1..6).prop_map(Step::Group),
        1 => Just(Step::Merge),
        2 => (0.0..1.05f64, 1..6usize).prop_map(|(at, limit)| Step::Truncate(at, limit)),
        1 => Just(Step::Reopen),
        3 => (0.0..1.1f64, 1..1_000_000usize).prop_map(|(at, bytes)| Step::Read(at, bytes)),
    ]
}

/// Text-like and random bytes in turn, so that some segments compress and some do not.
fn payload(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![b'a' + (seed % 26) as u8; len];
    if seed.is_multiple_of(3) {
        Rng::new(seed).fill(&mut bytes);
    }
    bytes
}

fn tag(seed: u64) -> String {
    format!("kind/{}", seed % 5)
}

/// Describes `unit` as a transaction.
fn append(ns: &Namespace, log: &SegmentLog, unit: Unit) -> Commit<Vec<Sequence>> {
    let actor = unit.records.first().map(|(seed, _)| format!("{seed}").into());
    let attributes = Attributes { actor, ..Attributes::default() };
    let options = WriteOptions { attributes, ..WriteOptions::default() };
    let log = log.clone();
    ns.transaction_with(options, move |tx| {
        let mut given = Vec::new();
        for (seed, len) in unit.records {
            let next = tx.next_sequence(&log);
            given.push(tx.append(&log, &tag(seed), &payload(seed, len))?);
            assert_eq!(given.last(), Some(&next));
        }
        match unit.end {
            End::Commits => Ok(given),
            End::Fails => Err(Error::invalid("on purpose")),
            End::Panics => std::panic::panic_any("on purpose"),
        }
    })
}

fn check(record: &Record<'_>, expected: &Expected) {
    let actor = Attributes::decode(record.unit.meta).unwrap().actor;
    let found = Expected {
        sequence: record.sequence.0,
        first: record.unit.first.0,
        index: record.unit.index,
        total: record.unit.total,
        actor: actor.map(|actor| actor.to_string()),
        tag: record.tag.to_string(),
        payload: expected.payload,
        len: record.payload.len(),
    };
    assert_eq!(&found, expected);
    assert!(record.payload == payload(expected.payload, expected.len), "{expected:?}");
}

struct Tested {
    ns: Namespace,
    log: SegmentLog,
    /// Every record there ever was.
    expected: Vec<Expected>,
    start: u64,
}

impl Tested {
    fn head(&self) -> u64 {
        self.expected.len() as u64
    }

    /// A place on the scale from `start` (0) to just behind the head (1), and a bit beyond.
    fn place(&self, at: f64) -> u64 {
        self.start + ((self.head() + 1 - self.start) as f64 * at) as u64
    }

    fn group(&mut self, units: Vec<Unit>) {
        let commits: Vec<_> =
            units.iter().map(|unit| append(&self.ns, &self.log, unit.clone())).collect();
        for (told, unit) in together(&self.ns, commits).into_iter().zip(units) {
            assert_eq!(told.is_ok(), unit.end == End::Commits, "{told:?}");
            let Ok(given) = told else { continue };
            let first = self.head() + 1;
            let total = unit.records.len() as u32;
            let actor = unit.records.first().map(|(seed, _)| seed.to_string());
            for ((index, (seed, len)), given) in (0..).zip(&unit.records).zip(given) {
                let sequence = self.head() + 1;
                assert_eq!(given.0, sequence);
                let (actor, tag) = (actor.clone(), tag(*seed));
                let (payload, len) = (*seed, *len);
                let expected = Expected { sequence, first, index, total, actor, tag, payload, len };
                self.expected.push(expected);
            }
        }
        assert_eq!(self.log.head().0, self.head());
    }

    fn truncate(&mut self, at: f64, limit: usize) {
        let keep = self.place(at);
        let log = self.log.clone();
        let cut = self.ns.transaction(move |tx| log.truncate_before(tx, Sequence(keep), limit));
        let start = cut.wait().unwrap().0;
        let most = keep.min(self.head() + 1);
        assert!((self.start..=most.max(self.start)).contains(&start), "{start} for {keep}");
        self.start = start;
        assert_eq!(self.log.start().0, start);
    }

    /// Reads on from `from` to the head in steps of `bytes`.
    fn read(&self, from: u64, bytes: usize) {
        let mut next = from;
        loop {
            let segments = self.log.read(Sequence(next), bytes).unwrap();
            let Some(last) = segments.last() else { break };
            let sizes: Vec<_> = segments.iter().map(|s| s.header().raw_len as usize).collect();
            let within: usize = sizes[..sizes.len() - 1].iter().sum();
            assert!(within < bytes, "{sizes:?} is more than was asked for");
            let reach = last.last().0 + 1;
            self.check_range(&segments, next..reach);
            next = reach;
        }
        assert_eq!(next, from.max(self.head() + 1), "read to the end");
    }

    fn check_range(&self, segments: &[headwater_primitives::Segment], range: Range<u64>) {
        let first = segments[0].first().0;
        assert!((self.start..=range.start).contains(&first));
        let mut expected = self.expected[first as usize - 1..range.end as usize - 1].iter();
        for segment in segments {
            let (earliest, latest) = segment.header().times;
            for record in segment.records() {
                let record = record.unwrap();
                check(&record, expected.next().expect("no more than was written"));
                assert!((earliest..=latest).contains(&record.timestamp));
            }
        }
        assert_eq!(expected.next(), None);
    }

    fn verify(&self) {
        let found = self.ns.query(|conn| self.log.verify(conn)).unwrap();
        assert_eq!(found, Vec::<String>::new());
        let stats = self.ns.query(|conn| self.log.stats(conn)).unwrap();
        assert_eq!((stats.start.0, stats.head.0), (self.start, self.head()));
        assert_eq!(stats.segments == 0, self.start > self.head());
    }
}

fn run(steps: Vec<Step>) {
    let folder = tempdir().unwrap();
    let open = || {
        let ns = Namespace::open(folder.path()).unwrap();
        let log = SegmentLog::open(&ns, "log").unwrap();
        // A neighbour with records of its own must stay apart.
        let neighbour = SegmentLog::open(&ns, "neighbour").unwrap();
        let inside = neighbour.clone();
        ns.transaction(move |tx| tx.append(&inside, "tag", b"neighbour")).wait().unwrap();
        (ns, log)
    };
    let (ns, log) = open();
    let mut tested = Tested { ns, log, expected: Vec::new(), start: 1 };
    for step in steps {
        match step {
            Step::Group(units) => tested.group(units),
            Step::Merge => drop(tested.ns.merge_segments().unwrap()),
            Step::Truncate(at, limit) => tested.truncate(at, limit),
            Step::Reopen => {
                let Tested { ns, log, expected, start } = tested;
                drop((ns, log));
                let (ns, log) = open();
                assert_eq!((log.start().0, log.head().0), (start, expected.len() as u64));
                tested = Tested { ns, log, expected, start };
            }
            Step::Read(at, bytes) => tested.read(tested.place(at), bytes),
        }
    }
    tested.read(tested.start, usize::MAX);
    tested.verify();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_log_is_the_list_of_what_was_appended(steps in vec(step(), 1..16)) {
        run(steps);
    }
}

/// Longer histories, and more of them.
#[test]
#[ignore = "a soak test"]
fn soak_the_log_is_the_list_of_what_was_appended() {
    proptest!(ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() },
        |(steps in vec(step(), 1..60))| run(steps));
}

#[test]
fn a_unit_of_many_megabytes_is_one_unit_in_many_segments() {
    let large = |end| Unit { records: (0..48).map(|n| (n * 3, 300_000)).collect(), end };
    let small = || Unit { records: vec![(1, 10), (2, 20)], end: End::Commits };
    let group = |end| Step::Group(vec![small(), large(end), small()]);
    run(vec![
        group(End::Fails),
        group(End::Panics),
        group(End::Commits),
        Step::Read(0.5, 1),
        Step::Merge,
        Step::Truncate(0.5, 1000),
        Step::Reopen,
        group(End::Commits),
    ]);
}

#[test]
fn a_large_unit_that_failed_leaves_no_trace_for_the_next_callers() {
    let unit = |records, end| Unit { records: vec![(3, 300_000); records], end };
    run(vec![Step::Group(vec![
        unit(1, End::Commits),
        unit(3, End::Fails),
        unit(0, End::Commits),
        unit(3, End::Commits),
        unit(3, End::Panics),
        unit(0, End::Commits),
        unit(1, End::Commits),
    ])]);
}

#[test]
fn a_caller_that_ignores_a_failed_append_does_not_leave_a_gap() {
    let ns = Namespace::in_memory().unwrap();
    let log = SegmentLog::open(&ns, "log").unwrap();
    let inside = log.clone();
    // Rows where the pieces of a large unit are about to go.
    let blocked = ns.transaction(move |tx| -> Result<()> {
        let row = "INSERT INTO segments(id, time, data) SELECT (id << 48) + 1, 0, x'00' \
                   FROM segment_logs WHERE name = 'log'";
        tx.sql().execute(row, [])?;
        for n in 0..60u64 {
            let _ = tx.append(&inside, "tag", &payload(n * 3, 300_000));
        }
        Ok(())
    });
    blocked.wait().unwrap_err();
    let inside = log.clone();
    ns.transaction(move |tx| tx.append(&inside, "tag", b"after")).wait().unwrap();
    assert_eq!(log.head().0, 1);
    assert_eq!(ns.query(|conn| log.verify(conn)).unwrap(), Vec::<String>::new());
}
