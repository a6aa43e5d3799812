//! Views that pooled connections keep between reads: never old, and in nobody's way.

use std::fs;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Error, ErrorKind, Namespace, Result};
use headwater_testkit::crash::{self, Crash, End};
use tempfile::tempdir;

use crate::support::{in_memory, in_time, insert, open, with_pages, write_40_mb};

/// After so many reads without a commit between them a connection keeps its view.
const KEEPS: usize = 3;
const BUDGET: u64 = 4 << 20;

fn count(ns: &Namespace) -> u64 {
    let count = |conn: &Connection| -> Result<u64> {
        let count = "SELECT count(*) FROM rows";
        Ok(conn.prepare_cached(count)?.query_row([], |row| row.get::<_, i64>(0))? as u64)
    };
    ns.query(count).unwrap()
}

/// Reads one row by its id until `done`, without a pause, and counts the reads.
fn read_points(ns: &Namespace, done: &AtomicBool) -> u64 {
    let mut reads = 0;
    while !done.load(Ordering::SeqCst) {
        let found: Result<i64> = ns.query(|conn| {
            let point = "SELECT id FROM rows WHERE id = ?";
            Ok(conn.prepare_cached(point)?.query_row([reads % 100], |row| row.get(0))?)
        });
        assert_eq!(found.unwrap(), reads % 100);
        reads += 1;
    }
    reads as u64
}

/// Leaves `connections` idle connections behind, all of which keep a view.
fn keep_views(ns: &Namespace, connections: usize) {
    for _ in 0..KEEPS {
        let all_read = &Barrier::new(connections);
        thread::scope(|scope| {
            for _ in 0..connections {
                scope.spawn(move || {
                    let wait = |conn: &Connection| -> Result<()> {
                        conn.query_row("SELECT count(*) FROM rows", [], |_| Ok(()))?;
                        all_read.wait();
                        Ok(())
                    };
                    ns.query(wait).unwrap();
                });
            }
        });
    }
}

/// The writer lets the readers come to keep their views before it makes them old, now and then also
/// by starting the log over.
#[test]
fn a_read_after_a_commit_sees_it_however_often_its_connection_was_read_before() {
    let folder = tempdir().unwrap();
    let ns = with_pages(folder.path(), 2 << 20);
    let (begun, acknowledged) = (AtomicU64::new(0), AtomicU64::new(0));
    let done = AtomicBool::new(false);
    let reads = [(); 3].map(|()| AtomicU64::new(0));
    thread::scope(|scope| {
        for reads in &reads {
            let (ns, begun, acknowledged, done) = (&ns, &begun, &acknowledged, &done);
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    let least = acknowledged.load(Ordering::SeqCst);
                    let found = count(ns);
                    let most = begun.load(Ordering::SeqCst);
                    assert!((least..=most).contains(&found), "{found}, not {least} to {most}");
                    reads.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        // A reader that has failed reads no more.
        let late = Instant::now() + Duration::from_secs(20);
        for round in 1..=400 {
            if round % 50 == 0 {
                write_some(&ns);
            }
            let before = reads.each_ref().map(|reads| reads.load(Ordering::SeqCst));
            begun.store(round, Ordering::SeqCst);
            insert(&ns, round as i64).wait().unwrap();
            acknowledged.store(round, Ordering::SeqCst);
            assert_eq!(count(&ns), round);
            let keep_no_view_yet = || {
                let mut pairs = reads.iter().zip(before);
                pairs
                    .any(|(reads, before)| reads.load(Ordering::SeqCst) < before + 2 + KEEPS as u64)
            };
            while round % 2 == 0 && keep_no_view_yet() && Instant::now() < late {
                thread::sleep(Duration::from_micros(200));
            }
        }
        done.store(true, Ordering::SeqCst);
    });
}

/// Enough for a checkpoint.
fn write_some(ns: &Namespace) {
    let write = ns.transaction(|tx| -> Result<()> {
        tx.sql().execute("INSERT INTO pages VALUES (zeroblob(1000000))", [])?;
        Ok(())
    });
    write.wait().unwrap();
}

#[test]
fn the_log_stays_within_its_budget_while_two_threads_read_points_without_a_pause() {
    let folder = tempdir().unwrap();
    let ns = with_pages(folder.path(), BUDGET);
    for id in 0..100 {
        insert(&ns, id).wait().unwrap();
    }
    let done = AtomicBool::new(false);
    let most = thread::scope(|scope| {
        let readers = [(); 2].map(|()| scope.spawn(|| read_points(&ns, &done)));
        let most = write_40_mb(&ns);
        done.store(true, Ordering::SeqCst);
        for reader in readers {
            assert!(reader.join().unwrap() > 100);
        }
        most
    });
    assert!(most <= 3 * BUDGET, "{most} bytes");
}

#[test]
fn the_log_stays_within_its_budget_while_connections_with_kept_views_sit_idle() {
    let folder = tempdir().unwrap();
    let ns = with_pages(folder.path(), BUDGET);
    let follower = Namespace::builder(folder.path()).read_only().open().unwrap();
    insert(&ns, 1).wait().unwrap();
    keep_views(&ns, 6);
    keep_views(&follower, 3);
    let most = write_40_mb(&ns);
    assert!(most <= 3 * BUDGET, "{most} bytes");
    assert_eq!((count(&ns), count(&follower)), (1, 1));
}

#[test]
fn transaction_control_is_denied_to_reads_whether_a_view_is_open_or_not() {
    let ns = in_memory();
    for _ in 0..KEEPS {
        for statement in ["BEGIN", "COMMIT", "ROLLBACK"] {
            let kind = |conn: &Connection| {
                let error = Error::from(conn.prepare_cached(statement).map(drop).unwrap_err());
                Ok::<_, Error>(error.kind())
            };
            assert_eq!(ns.query(kind).unwrap(), ErrorKind::Denied, "{statement}");
            let inside = ns.snapshot(|snapshot| kind(snapshot.sql()));
            assert_eq!(inside.unwrap(), ErrorKind::Denied, "{statement}");
        }
        count(&ns);
    }
    let nested = |conn: &Connection| -> Result<()> {
        Ok(conn.execute_batch("SAVEPOINT mine; SELECT count(*) FROM rows; RELEASE mine")?)
    };
    ns.query(nested).unwrap();
    insert(&ns, 1).wait().unwrap();
    assert_eq!(count(&ns), 1);
}

#[test]
fn a_close_with_kept_views_is_quick_and_leaves_no_log_behind() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    insert(&ns, 1).wait().unwrap();
    keep_views(&ns, 4);
    insert(&ns, 2).wait().unwrap();
    let started = Instant::now();
    ns.close().unwrap();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert!(!folder.path().join("hot.db-wal").exists());
    assert_eq!(count(&open(folder.path())), 2);
}

#[test]
fn another_process_can_read_and_this_one_can_write_while_views_are_kept() {
    if let Some(child) = crash::child() {
        let ns = Namespace::builder(child.directory()).read_only().open().unwrap();
        child.ack(count(&ns));
        return;
    }
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    for round in 1..=3 {
        insert(&ns, round).wait().unwrap();
        keep_views(&ns, 6);
        let test = another_process_can_read_and_this_one_can_write_while_views_are_kept;
        let outcome = Crash::of(test, "reader", folder.path()).run().unwrap();
        assert_eq!(outcome.end, End::Exited(0), "{}", outcome.stderr);
        assert_eq!(outcome.acks, [round.to_string()]);
    }
}

/// The owner says in a file what it has committed; the other process reads all the time, and so would
/// keep a view that it must not keep.
#[test]
fn a_follower_in_another_process_sees_at_once_what_the_owner_has_committed() {
    const ROWS: u64 = 300;
    if let Some(child) = crash::child() {
        let ns = Namespace::builder(child.directory()).read_only().open().unwrap();
        let mut told = 0;
        while told < ROWS {
            told = fs::read_to_string(child.directory().join("told")).unwrap().parse().unwrap();
            assert!(count(&ns) >= told, "{told} rows were committed");
        }
        child.ack(count(&ns));
        return;
    }
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let path = folder.path().to_owned();
    fs::write(path.join("told"), "0").unwrap();
    let test = a_follower_in_another_process_sees_at_once_what_the_owner_has_committed;
    let follower = thread::spawn(move || Crash::of(test, "follower", &path).run());
    let outcome = in_time(move || {
        for row in 1..=ROWS {
            insert(&ns, row as i64).wait().unwrap();
            let next = folder.path().join("next");
            fs::write(&next, row.to_string()).unwrap();
            fs::rename(next, folder.path().join("told")).unwrap();
            thread::sleep(Duration::from_millis(2));
        }
        follower.join().unwrap()
    });
    let outcome = outcome.unwrap();
    assert_eq!(outcome.end, End::Exited(0), "{}", outcome.stderr);
    assert_eq!(outcome.acks, [ROWS.to_string()]);
}
