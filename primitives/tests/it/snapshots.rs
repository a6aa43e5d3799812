//! Snapshots: one consistent view that sees what was acknowledged, and does not hold the log for ever.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use headwater_primitives::{
    Durability, Error, ErrorKind, Namespace, Result, SegmentLog, Snapshot, Transaction,
};
use tempfile::tempdir;

use crate::support::{ids, in_memory, in_time, insert, open, sql, with_pages, write_40_mb};

fn count(snapshot: &Snapshot<'_>, table: &str) -> Result<i64> {
    let count = format!("SELECT coalesce(sum(n), 0) FROM {table}");
    Ok(snapshot.sql().prepare_cached(&count)?.query_row([], |row| row.get(0))?)
}

#[test]
fn a_snapshot_is_one_consistent_view_of_tables_and_logs_while_writers_go_on() {
    let folder = tempdir().unwrap();
    let builder = Namespace::builder(folder.path()).durability(Durability::Os);
    let ns = builder.wal_bytes(2 << 20).open().unwrap();
    sql(&ns, "CREATE TABLE a(n INTEGER); CREATE TABLE b(n INTEGER)").wait().unwrap();
    let log = SegmentLog::open(&ns, "log").unwrap();
    // Each transaction takes from one table what it gives to the other, and says so in the log.
    let write = |n: i64| {
        let log = log.clone();
        ns.transaction(move |tx: &Transaction<'_>| -> Result<()> {
            tx.sql().prepare_cached("INSERT INTO a VALUES (?)")?.execute([n])?;
            tx.append(&log, "moved", &n.to_le_bytes())?;
            tx.sql().prepare_cached("INSERT INTO b VALUES (?)")?.execute([-n])?;
            Ok(())
        })
    };
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let (mut last, mut views) = (0, 0);
                while !done.load(Ordering::SeqCst) {
                    let seen = ns.snapshot(|snapshot| -> Result<_> {
                        let a = count(snapshot, "a")?;
                        thread::yield_now();
                        let head = log.head_in(snapshot.sql())?.0;
                        let b = count(snapshot, "b")?;
                        Ok((a, b, head))
                    });
                    let (a, b, head) = match seen {
                        Ok(seen) => seen,
                        // On a busy machine even this takes long now and then.
                        Err(error) if error.is_retryable() => continue,
                        Err(error) => panic!("{error:?}"),
                    };
                    assert_eq!((a + b, a as u64), (0, head), "half a transaction");
                    assert!(head >= last, "back in time");
                    (last, views) = (head, views + 1);
                }
                assert!(views > 10);
            });
        }
        let writers = [(); 3].map(|()| scope.spawn(|| (0..700).try_for_each(|_| write(1).wait())));
        let told = writers.map(|writer| writer.join().unwrap());
        done.store(true, Ordering::SeqCst);
        told.into_iter().for_each(Result::unwrap);
    });
}

#[test]
fn every_read_sees_every_write_that_was_acknowledged_before_it() {
    let ns = in_memory();
    let acknowledged = AtomicU64::new(0);
    sql(&ns, "CREATE TABLE counter(n INTEGER); INSERT INTO counter VALUES (0)").wait().unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for by_snapshot in [true, false] {
            let (ns, done, acknowledged) = (&ns, &done, &acknowledged);
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    let least = acknowledged.load(Ordering::SeqCst);
                    let select = |conn: &rusqlite::Connection| -> Result<u64> {
                        let sum = "SELECT n FROM counter";
                        Ok(conn.query_row(sum, [], |row| row.get::<_, i64>(0))? as u64)
                    };
                    let found = match by_snapshot {
                        true => ns.read(move |snapshot| select(snapshot.sql())).wait(),
                        false => ns.query(select),
                    };
                    assert!(found.unwrap() >= least);
                }
            });
        }
        for n in 1..2_000 {
            sql(&ns, format!("UPDATE counter SET n = {n}")).wait().unwrap();
            acknowledged.store(n, Ordering::SeqCst);
        }
        done.store(true, Ordering::SeqCst);
    });
}

use headwater_primitives::rusqlite;

#[test]
fn a_snapshot_neither_sees_later_writes_nor_makes_any() {
    let ns = in_memory();
    insert(&ns, 1).wait().unwrap();
    let seen = ns.snapshot(|snapshot| -> Result<_> {
        insert(&ns, 2).wait()?;
        let ids: i64 = snapshot.sql().query_row("SELECT count(*) FROM rows", [], |r| r.get(0))?;
        let refused = snapshot.sql().execute("INSERT INTO rows(id) VALUES (3)", []);
        Ok((ids, Error::from(refused.unwrap_err()).kind()))
    });
    assert_eq!(seen.unwrap(), (1, ErrorKind::ReadOnly));
    assert_eq!(ids(&ns), [1, 2]);
}

#[test]
fn a_read_that_panics_or_leaves_its_transaction_open_does_not_age_the_next() {
    let ns = in_memory();
    for id in 0..50 {
        let ns = ns.clone();
        let _ = thread::spawn(move || match id % 2 {
            0 => ns.snapshot(|_| -> Result<()> { panic!("on purpose") }),
            _ => ns.query(|_| -> Result<()> { panic!("on purpose") }),
        })
        .join();
    }
    for id in 0..50 {
        let left_open = ns.query(|conn| -> Result<()> {
            Ok(conn.execute_batch("SAVEPOINT mine; SELECT count(*) FROM rows")?)
        });
        left_open.unwrap();
        insert(&ns, id).wait().unwrap();
        assert_eq!(ids(&ns).len(), id as usize + 1);
    }
}

const BUDGET: u64 = 4 << 20;

#[test]
fn the_log_stays_within_its_budget_while_nobody_holds_it() {
    let folder = tempdir().unwrap();
    let ns = with_pages(folder.path(), BUDGET);
    let most = write_40_mb(&ns);
    assert!(most <= 3 * BUDGET, "{most} bytes");
}

#[test]
fn the_log_stays_within_its_budget_while_short_reads_never_stop() {
    let folder = tempdir().unwrap();
    let ns = with_pages(folder.path(), BUDGET);
    for id in 0..1_000 {
        insert(&ns, id).wait().unwrap();
    }
    let done = AtomicBool::new(false);
    let most = thread::scope(|scope| {
        for by_snapshot in [true, false, false] {
            let (ns, done) = (&ns, &done);
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    if by_snapshot {
                        let seen = ns.snapshot(|snapshot| -> Result<i64> {
                            let count = "SELECT count(*) FROM rows";
                            Ok(snapshot.sql().query_row(count, [], |row| row.get(0))?)
                        });
                        match seen {
                            Ok(seen) => assert_eq!(seen, 1_000),
                            Err(error) => assert!(error.is_retryable(), "{error}"),
                        }
                    } else {
                        assert_eq!(ids(ns).len(), 1_000);
                    }
                }
            });
        }
        let most = write_40_mb(&ns);
        done.store(true, Ordering::SeqCst);
        most
    });
    assert!(most <= 3 * BUDGET, "{most} bytes");
}

type Reading = fn(&Snapshot<'_>) -> Result<()>;

/// Ways to hold a view for as long as it lasts.
const LONG_READS: [(&str, Reading); 3] = [
    ("one statement that never ends", |snapshot| {
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                       SELECT max(i) FROM n";
        Ok(snapshot.sql().query_row(endless, [], |_| Ok(()))?)
    }),
    ("a scan that takes its time", |snapshot| {
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                       SELECT i FROM n";
        let mut statement = snapshot.sql().prepare(endless)?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }),
    ("many small statements", |snapshot| {
        loop {
            let one = "SELECT id FROM rows WHERE id = ?";
            snapshot.sql().prepare_cached(one)?.query_row([1], |_| Ok(()))?;
        }
    }),
];

#[test]
fn a_snapshot_that_holds_the_log_past_its_budget_is_ended_and_the_log_stays_bounded() {
    for (name, reading) in LONG_READS {
        let folder = tempdir().unwrap();
        let ns = with_pages(folder.path(), BUDGET);
        insert(&ns, 1).wait().unwrap();
        let reader = ns.clone();
        let long = thread::spawn(move || reader.snapshot(reading));
        thread::sleep(Duration::from_millis(20));
        let most = write_40_mb(&ns);
        let error = in_time(move || long.join().unwrap()).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::SnapshotTooOld, "{name}: {error}");
        assert!(error.is_retryable());
        assert!(error.to_string().contains("smaller steps"), "{error}");
        assert!(most <= 4 * BUDGET, "{name}: {most} bytes");
        assert_eq!(ids(&ns), [1], "the connection serves on");
        ns.snapshot(count_pages).unwrap();
    }
}

fn count_pages(snapshot: &Snapshot<'_>) -> Result<i64> {
    Ok(snapshot.sql().query_row("SELECT count(*) FROM pages", [], |row| row.get(0))?)
}

#[test]
fn a_snapshot_that_does_not_hold_the_log_past_its_budget_is_left_alone() {
    let folder = tempdir().unwrap();
    let ns = with_pages(folder.path(), 256 << 20);
    let pages = ns.snapshot(|snapshot| {
        let before = count_pages(snapshot)?;
        write_40_mb(&ns);
        Ok::<_, Error>((before, count_pages(snapshot)?))
    });
    assert_eq!(pages.unwrap(), (0, 0));
}

#[test]
fn a_snapshot_inside_a_snapshot_does_not_deadlock_while_new_ones_are_held_back() {
    let folder = tempdir().unwrap();
    let ns = with_pages(folder.path(), 2 << 20);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut nested, mut ended) = (0, 0);
            while !done.load(Ordering::SeqCst) {
                let started = Instant::now();
                let both = ns.snapshot(|outer| -> Result<()> {
                    count_pages(outer)?;
                    ns.snapshot(count_pages)?;
                    count_pages(outer).map(drop)
                });
                match both {
                    Ok(()) => nested += 1,
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::SnapshotTooOld, "{error}");
                        ended += 1;
                    }
                }
                assert!(started.elapsed() < Duration::from_secs(5));
            }
            (nested, ended)
        });
        write_40_mb(&ns);
        done.store(true, Ordering::SeqCst);
        let (nested, ended) = reader.join().unwrap();
        assert!(nested > 0, "{ended} of them were ended, none went through");
    });
}

#[test]
fn a_close_does_not_wait_long_for_a_snapshot_and_loses_nothing() {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    insert(&ns, 1).wait().unwrap();
    let taken = ns.snapshot(|snapshot| -> Result<Duration> {
        insert(&ns, 2).wait()?;
        let started = Instant::now();
        ns.clone().close()?;
        assert_eq!(count_rows(snapshot), 1, "the view is still there");
        Ok(started.elapsed())
    });
    let taken = taken.unwrap();
    assert!(taken < Duration::from_secs(5), "{taken:?}");
    assert_eq!(ids(&open(folder.path())), [1, 2]);
}

fn count_rows(snapshot: &Snapshot<'_>) -> i64 {
    snapshot.sql().query_row("SELECT count(*) FROM rows", [], |row| row.get(0)).unwrap()
}
