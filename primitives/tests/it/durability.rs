//! Durability levels: what each acknowledgement waits for, and what happens when a sync fails.

use headwater_primitives::{
    Commit, Durability, ErrorKind, Namespace, SegmentLog, Timestamp, WriteOptions,
};
use headwater_testkit::powercut::{FileKind, Loss, PowerCut};
use tempfile::{TempDir, tempdir};

use crate::support::{ids, insert, insert_in, open, together, with_rows};

struct Machine {
    power: std::sync::Arc<PowerCut>,
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        Machine { power: PowerCut::new(1), folder: tempdir().unwrap() }
    }

    fn open(&self) -> Namespace {
        let builder = Namespace::builder(self.folder.path()).vfs(self.power.vfs_name());
        with_rows(builder.open().unwrap())
    }

    fn wal_syncs(&self) -> u64 {
        self.power.stats().file("-wal").syncs
    }
}

fn insert_with(ns: &Namespace, durability: Durability, id: i64) -> Commit<Timestamp> {
    ns.transaction_with(WriteOptions::durability(durability), move |tx| insert_in(tx, id))
}

#[test]
fn a_sync_write_waits_for_a_sync_of_the_log_and_an_os_write_does_not() {
    let machine = Machine::new();
    let ns = machine.open();
    for id in 0..5 {
        let before = machine.wal_syncs();
        insert_with(&ns, Durability::Sync, id).wait().unwrap();
        assert!(machine.wal_syncs() > before);
    }
    // The first one syncs the word that commits may be lost from now on.
    insert_with(&ns, Durability::Os, 5).wait().unwrap();
    let before = machine.wal_syncs();
    for id in 6..20 {
        insert_with(&ns, Durability::Os, id).wait().unwrap();
    }
    assert_eq!(machine.wal_syncs(), before);
    insert_with(&ns, Durability::Sync, 20).wait().unwrap();
    assert!(machine.wal_syncs() > before);
}

#[test]
fn a_group_takes_its_strictest_members_durability() {
    use Durability::{Os, Sync};
    for (levels, synced) in
        [([Os, Os, Os], false), ([Os, Sync, Os], true), ([Sync, Os, Os], true), ([Sync; 3], true)]
    {
        let machine = Machine::new();
        let ns = machine.open();
        insert_with(&ns, Os, 100).wait().unwrap();
        let before = machine.wal_syncs();
        let members = levels.iter().zip(0..).map(|(level, id)| insert_with(&ns, *level, id));
        for told in together(&ns, members) {
            told.unwrap();
        }
        let syncs = machine.wal_syncs() - before;
        assert_eq!(syncs > 0, synced, "{levels:?}: {syncs} syncs");
        machine.power.cut_with(Loss::Unsynced, 0);
        drop(ns);
        assert_eq!(ids(&machine.open()).contains(&1), synced, "{levels:?}");
    }
}

#[test]
fn the_namespaces_own_level_is_taken_when_a_write_does_not_say() {
    let machine = Machine::new();
    let builder = Namespace::builder(machine.folder.path()).vfs(machine.power.vfs_name());
    let ns = with_rows(builder.durability(Durability::Os).open().unwrap());
    insert(&ns, 1).wait().unwrap();
    let before = machine.wal_syncs();
    insert(&ns, 2).wait().unwrap();
    assert_eq!(machine.wal_syncs(), before);
}

#[test]
fn a_clean_close_makes_os_writes_as_safe_as_any() {
    let machine = Machine::new();
    let ns = machine.open();
    let epoch = ns.epoch();
    for id in 0..50 {
        insert_with(&ns, Durability::Os, id).wait().unwrap();
    }
    ns.close().unwrap();
    let report = machine.power.cut_with(Loss::Unsynced, 0);
    let ns = machine.open();
    assert_eq!(ids(&ns).len(), 50, "{report}");
    assert_eq!(ns.epoch(), epoch);
}

/// After a failed sync the kernel counts the pages as written, so no later sync can be trusted.
#[test]
fn a_failed_sync_of_the_log_ends_all_writing_until_it_is_reopened() {
    let machine = Machine::new();
    let ns = machine.open();
    let log = SegmentLog::open(&ns, "log").unwrap();
    insert_with(&ns, Durability::Sync, 1).wait().unwrap();
    for id in 2..10 {
        insert_with(&ns, Durability::Os, id).wait().unwrap();
    }
    machine.power.fail_next_sync(FileKind::Wal);
    let told = together(
        &ns,
        [Durability::Sync, Durability::Os].map(|level| {
            let log = log.clone();
            ns.transaction_with(WriteOptions::durability(level), move |tx| {
                tx.append(&log, "tag", b"payload").map(drop)
            })
        }),
    );
    for told in told {
        let error = told.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert!(!error.is_retryable(), "whether it is there shows only after the reopening");
        assert!(error.to_string().contains("sync"), "{error}");
    }
    assert_eq!(log.head().0, 0, "its readers must not see what may be gone");
    let refused = insert_with(&ns, Durability::Sync, 20).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Io, "{refused}");
    assert!(refused.to_string().contains("no more writes"), "{refused}");
    assert_eq!(ids(&ns), (1..10).collect::<Vec<_>>(), "reading goes on");
    assert_eq!(ns.close().unwrap_err().kind(), ErrorKind::Io);

    let report = machine.power.cut_with(Loss::Unsynced, 0);
    let ns = machine.open();
    assert!(ids(&ns).contains(&1) && !ids(&ns).contains(&20), "{report}");
    crate::support::assert_sound(&ns);
    insert(&ns, 30).wait().unwrap();
}

#[test]
fn a_failed_sync_in_the_background_loses_nothing_that_was_acknowledged() {
    for (kind, after) in (0..12).flat_map(|n| [(FileKind::Wal, n), (FileKind::Database, n)]) {
        let machine = Machine::new();
        let builder = Namespace::builder(machine.folder.path()).vfs(machine.power.vfs_name());
        // A small budget, so that there are many checkpoints.
        let ns = with_rows(builder.wal_bytes(1 << 20).open().unwrap());
        machine.power.fail_sync_after(kind, after * 3);
        let mut acknowledged = Vec::new();
        for id in 0..300 {
            let level = if id % 3 == 0 { Durability::Sync } else { Durability::Os };
            match insert_with(&ns, level, id).wait() {
                Ok(_) if level == Durability::Sync => acknowledged.push(id),
                Ok(_) => {}
                Err(error) => assert_eq!(error.kind(), ErrorKind::Io, "{error}"),
            }
        }
        drop(ns);
        let report = machine.power.cut_with(Loss::Unsynced, 0);
        let ns = machine.open();
        let found = ids(&ns);
        let lost: Vec<_> = acknowledged.iter().filter(|id| !found.contains(id)).collect();
        assert!(lost.is_empty(), "{kind:?} after {after}: {lost:?} lost: {report}");
        crate::support::assert_sound(&ns);
    }
}

#[test]
fn commit_times_never_go_back() {
    struct Backwards(std::sync::atomic::AtomicI64);
    impl headwater_primitives::Clock for Backwards {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.fetch_sub(1_000, std::sync::atomic::Ordering::SeqCst))
        }
    }
    let folder = tempdir().unwrap();
    let mut last = Timestamp(0);
    for _ in 0..3 {
        let clock = Backwards(1_700_000_000_000_000.into());
        let ns = with_rows(Namespace::builder(folder.path()).clock(clock).open().unwrap());
        let log = SegmentLog::open(&ns, "log").unwrap();
        for _ in 0..5 {
            let log = log.clone();
            let commit = ns.transaction(move |tx| {
                tx.append(&log, "tag", b"")?;
                Ok::<_, headwater_primitives::Error>(tx.now())
            });
            let time = commit.wait().unwrap();
            assert!(time >= last, "{time} after {last}");
            last = time;
        }
    }
    let _ = open(folder.path());
}
