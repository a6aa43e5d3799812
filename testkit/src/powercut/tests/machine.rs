//! The simulated machine between cuts: dead generations, faults, locks, and how files come and go.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rusqlite::{Connection, ErrorCode};

use super::{DB, WAL_FULL, ids, is_intact, open};
use crate::powercut::{FileKind, Loss, PowerCut};

#[test]
fn connections_from_before_the_cut_can_do_nothing() {
    let power = PowerCut::new(0);
    let old = open(&power, WAL_FULL);
    let idle = power.open(DB).unwrap();
    power.power_off();
    assert_eq!(
        power.open(DB).and_then(|db| ids(&db)).unwrap_err().sqlite_error_code(),
        Some(ErrorCode::CannotOpen)
    );
    power.cut(0);
    let new = open(&power, WAL_FULL);
    let before = power.stats().operations;
    for db in [&old, &idle] {
        let error = db.execute("INSERT INTO t VALUES (1, NULL)", []).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure));
    }
    drop((old, idle));
    assert_eq!(power.stats().operations, before);
    assert!(ids(&new).unwrap().is_empty());
}

#[test]
fn a_full_disk_refuses_writes_until_there_is_room() {
    let power = PowerCut::new(0);
    let db = open(&power, WAL_FULL);
    power.disk_full_after(20_000);
    let insert = "INSERT INTO t VALUES (NULL, zeroblob(50000))";
    let error = db.execute(insert, []).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DiskFull));
    assert!(ids(&db).unwrap().is_empty());
    power.set_capacity(None);
    db.execute(insert, []).unwrap();
    assert!(is_intact(&db));
}

#[test]
fn a_failed_sync_is_reported_and_not_made_good_by_the_next() {
    let power = PowerCut::new(3);
    let db = open(&power, WAL_FULL);
    db.execute("INSERT INTO t VALUES (1, NULL)", []).unwrap();
    let before = power.stats().file("-wal").syncs;
    db.execute_batch("PRAGMA synchronous = NORMAL; INSERT INTO t VALUES (2, randomblob(30000))")
        .unwrap();
    assert_eq!(power.stats().file("-wal").syncs, before);
    db.execute_batch("PRAGMA synchronous = FULL").unwrap();

    power.fail_next_sync(FileKind::Wal);
    let error = db.execute("INSERT INTO t VALUES (3, NULL)", []).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure));
    assert_eq!(power.stats().file("-wal").failed_syncs, 1);

    db.execute("INSERT INTO t VALUES (4, NULL)", []).unwrap();
    power.cut_with(Loss::Unsynced, 0);
    let found = ids(&open(&power, WAL_FULL)).unwrap();
    assert_eq!(found, BTreeSet::from([1]), "frames of 2 are missing, so 4 cannot be reached");
}

#[test]
fn a_failed_sync_is_told_once_to_each_connection_that_was_open() {
    let power = PowerCut::new(3);
    let (db, other) = (open(&power, WAL_FULL), open(&power, "PRAGMA synchronous = FULL"));
    other.execute("INSERT INTO t VALUES (1, NULL)", []).unwrap();
    power.fail_next_sync(FileKind::Wal);
    db.execute("INSERT INTO t VALUES (2, NULL)", []).unwrap_err();
    let error = other.execute("INSERT INTO t VALUES (3, NULL)", []).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure));
    other.execute("INSERT INTO t VALUES (4, NULL)", []).unwrap();
    let newcomer = open(&power, "PRAGMA synchronous = FULL");
    newcomer.execute("INSERT INTO t VALUES (5, NULL)", []).unwrap();
    assert_eq!(power.stats().file("-wal").failed_syncs, 1, "the others only heard of it");
}

#[test]
fn wal_connections_on_many_threads_see_whole_transactions() {
    race(WAL_FULL);
}

#[test]
fn journal_connections_on_many_threads_see_whole_transactions() {
    race("PRAGMA journal_mode = DELETE;");
}

/// Writers, readers and a checkpointer at once: no update may be lost, none seen by half.
fn race(pragmas: &str) {
    let power = PowerCut::new(0);
    let db = open(&power, pragmas);
    db.execute_batch(
        "CREATE TABLE pair (n INTEGER, pad BLOB); 
INSERT INTO pair VALUES (0, zeroblob(3000)), (0, zeroblob(3000))",
    )
    .unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let reader = open(&power, "PRAGMA synchronous = FULL;");
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let (a, b): (i64, i64) = reader
                        .query_row("SELECT min(n), max(n) FROM pair", [], |row| {
                            Ok((row.get(0)?, row.get(1)?))
                        })
                        .unwrap();
                    assert!(a == b && a >= last, "{a} {b} {last}");
                    last = a;
                }
            });
        }
        scope.spawn(|| {
            let checkpointer = open(&power, "PRAGMA synchronous = FULL;");
            while !done.load(Ordering::Relaxed) {
                checkpointer.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
            }
        });
        let writers = [(); 2].map(|()| {
            scope.spawn(|| {
                let writer = open(&power, "PRAGMA synchronous = FULL;");
                for _ in 0..300 {
                    writer.execute("UPDATE pair SET n = n + 1", []).unwrap();
                }
            })
        });
        let finished = writers.map(|writer| writer.join().is_ok());
        done.store(true, Ordering::Relaxed);
        assert_eq!(finished, [true, true]);
    });
    let a: i64 = db.query_row("SELECT min(n) FROM pair", [], |row| row.get(0)).unwrap();
    assert!(a == 600 && is_intact(&db), "{a} of 600 updates");
}

#[test]
fn the_last_connection_deletes_the_wal_unless_told_to_keep_it() {
    let power = PowerCut::new(0);
    let db = open(&power, WAL_FULL);
    assert!(power.image(format!("{DB}-wal")).is_some());
    db.close().unwrap();
    assert!(power.image(format!("{DB}-wal")).is_none());
    assert!(power.image(DB).is_some_and(|image| image.starts_with(b"SQLite format 3\0")));
}

#[test]
fn files_go_with_the_simulation_and_its_name_is_not_reused() {
    let (first, second) = (PowerCut::new(0), PowerCut::new(0));
    assert_ne!(first.vfs_name(), second.vfs_name());
    let name = first.vfs_name().to_owned();
    let db = open(&first, WAL_FULL);
    drop(first);
    db.execute("INSERT INTO t VALUES (1, NULL)", []).unwrap();
    let gone =
        Connection::open_with_flags_and_vfs(DB, rusqlite::OpenFlags::default(), name.as_str());
    assert!(gone.is_err());
    assert!(power_has_no_tables(&second));
}

fn power_has_no_tables(power: &PowerCut) -> bool {
    let db = power.open(DB).unwrap();
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).unwrap() == 0
}
