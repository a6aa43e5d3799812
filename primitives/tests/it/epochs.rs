//! Epochs: a position remembered elsewhere is known only while it still means the same record.

use std::path::Path;

use headwater_primitives::{
    Durability, Namespace, NamespaceBuilder, SegmentLog, Sequence, WriteOptions,
};
use headwater_testkit::powercut::{Loss, PowerCut};
use tempfile::{TempDir, tempdir};

fn append(ns: &Namespace, log: &SegmentLog, durability: Durability) -> Sequence {
    let log = log.clone();
    let options = WriteOptions::durability(durability);
    ns.transaction_with(options, move |tx| tx.append(&log, "tag", b"payload")).wait().unwrap()
}

fn log(ns: &Namespace) -> SegmentLog {
    SegmentLog::open(ns, "log").unwrap()
}

/// What the folder would hold if the process died now.
fn crashed(ns: &Namespace) -> TempDir {
    let copy = tempdir().unwrap();
    for file in ["hot.db", "hot.db-wal"] {
        std::fs::copy(ns.path().join(file), copy.path().join(file)).unwrap();
    }
    copy
}

fn open(path: &Path) -> Namespace {
    Namespace::open(path).unwrap()
}

#[test]
fn the_epoch_stays_over_clean_ends_and_over_crashes_of_synced_writers() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let epoch = ns.epoch();
    assert!(epoch > 0);
    let log = log(&ns);
    append(&ns, &log, Durability::Sync);
    assert_eq!(open(crashed(&ns).path()).epoch(), epoch);
    append(&ns, &log, Durability::Os);
    ns.close().unwrap();
    let ns = open(folder.path());
    assert_eq!(ns.epoch(), epoch);
    append(&ns, &self::log(&ns), Durability::Sync);
    assert_eq!(open(crashed(&ns).path()).epoch(), epoch, "the clean end made all of it safe");
}

#[test]
fn unsynced_writes_and_an_unclean_end_start_a_new_epoch() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let log = log(&ns);
    append(&ns, &log, Durability::Os);
    let mut last = ns.epoch();
    let mut end = crashed(&ns);
    for _ in 0..3 {
        let ns = open(end.path());
        assert!(ns.epoch() > last);
        last = ns.epoch();
        append(&ns, &self::log(&ns), Durability::Os);
        end = crashed(&ns);
    }
    let readers = Namespace::builder(end.path()).read_only().open().unwrap();
    assert_eq!(readers.epoch(), last, "a reader starts none");
}

#[test]
fn an_epoch_never_goes_back_with_the_clock() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let epoch = ns.epoch();
    append(&ns, &log(&ns), Durability::Os);
    let end = crashed(&ns);
    let clock = headwater_primitives::ManualClock::new(headwater_primitives::Timestamp(0));
    let ns = Namespace::builder(end.path()).clock(clock).open().unwrap();
    assert!(ns.epoch() > epoch);
}

/// A machine that loses what was not synced.
struct Machine {
    power: std::sync::Arc<PowerCut>,
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        Machine { power: PowerCut::new(1), folder: tempdir().unwrap() }
    }

    fn builder(&self) -> NamespaceBuilder {
        Namespace::builder(self.folder.path()).vfs(self.power.vfs_name())
    }

    fn lose_power(&self, ns: Namespace) -> Namespace {
        self.power.power_off();
        drop(ns);
        self.power.cut_with(Loss::Unsynced, 0);
        self.builder().open().unwrap()
    }
}

#[test]
fn a_position_in_what_was_lost_is_not_known_even_when_its_number_is_used_again() {
    let machine = Machine::new();
    let ns = machine.builder().open().unwrap();
    let log = log(&ns);
    let first = ns.epoch();
    for _ in 0..3 {
        append(&ns, &log, Durability::Sync);
    }
    for _ in 0..4 {
        append(&ns, &log, Durability::Os);
    }
    let known = |ns: &Namespace, epoch, sequence| {
        ns.knows_position(&self::log(ns), epoch, Sequence(sequence)).unwrap()
    };
    assert!((0..=7).all(|sequence| known(&ns, first, sequence)));
    assert!(!known(&ns, first, 8), "nothing was written there yet");

    let ns = machine.lose_power(ns);
    let log = self::log(&ns);
    let second = ns.epoch();
    let kept = log.head().0;
    assert!(second > first && (3..7).contains(&kept), "{kept} records are left");
    let all_known = |ns: &Namespace, epoch, known_up_to: u64| {
        for sequence in 0..12 {
            let expected = sequence <= known_up_to;
            assert_eq!(known(ns, epoch, sequence), expected, "({epoch}, {sequence})");
        }
    };
    all_known(&ns, first, kept);
    all_known(&ns, second, kept);
    while append(&ns, &log, Durability::Sync).0 < 9 {}
    all_known(&ns, first, kept);
    all_known(&ns, second, 9);
    assert!(!known(&ns, second + 1, 1) && !known(&ns, 0, 0), "no such epoch");
}

#[test]
fn a_position_in_a_log_that_was_lost_as_a_whole_is_not_known_in_its_successor() {
    let machine = Machine::new();
    let ns = machine.builder().durability(Durability::Os).open().unwrap();
    let other = SegmentLog::open(&ns, "other").unwrap();
    append(&ns, &other, Durability::Os);
    let lost = log(&ns);
    for _ in 0..5 {
        append(&ns, &lost, Durability::Os);
    }
    let first = ns.epoch();
    let ns = machine.lose_power(ns);
    let again = log(&ns);
    assert_eq!(again.head(), Sequence(0));
    for _ in 0..8 {
        append(&ns, &again, Durability::Sync);
    }
    for sequence in 1..=5 {
        assert!(!ns.knows_position(&again, first, Sequence(sequence)).unwrap(), "{sequence}");
    }
    assert!(ns.knows_position(&again, ns.epoch(), Sequence(8)).unwrap());
}
