//! The simulation, tried on plain SQLite: it must catch what is not synced and nothing else.

mod machine;

use std::collections::BTreeSet;
use std::time::Duration;

use rusqlite::Connection;

use super::{CutReport, Loss, PowerCut};
use crate::Rng;

const DB: &str = "/simulated/hot.db";

fn open(power: &PowerCut, pragmas: &str) -> Connection {
    try_open(power, pragmas).unwrap()
}

fn try_open(power: &PowerCut, pragmas: &str) -> rusqlite::Result<Connection> {
    let db = power.open(DB)?;
    db.busy_timeout(Duration::from_secs(10))?;
    db.execute_batch(pragmas)?;
    db.execute_batch("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, v BLOB)")?;
    Ok(db)
}

fn ids(db: &Connection) -> rusqlite::Result<BTreeSet<i64>> {
    db.prepare("SELECT id FROM t")?.query_map([], |row| row.get(0))?.collect()
}

fn is_intact(db: &Connection) -> bool {
    let answer = db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    answer.is_ok_and(|answer| answer == "ok")
}

/// Writes, deletes nothing, checkpoints now and then, until the power goes; returns what was
/// acknowledged. Some transactions take many pages.
fn work(power: &PowerCut, pragmas: &str, first: i64, rng: &mut Rng) -> BTreeSet<i64> {
    let mut acknowledged = BTreeSet::new();
    let mut run = || -> rusqlite::Result<()> {
        let db = try_open(power, pragmas)?;
        let reader = power.open(DB)?;
        for id in first.. {
            let blob = vec![id as u8; rng.index(9_000)];
            db.execute("INSERT INTO t VALUES (?, ?)", (id, blob))?;
            acknowledged.insert(id);
            ids(&reader)?;
            if rng.chance(10) {
                db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            } else if rng.chance(10) {
                reader.query_row("PRAGMA wal_checkpoint", [], |_| Ok(()))?;
            }
        }
        Ok(())
    };
    let error = run().unwrap_err();
    assert!(power.is_off(), "only the power cut may fail: {error}");
    acknowledged
}

/// Three power cuts in a row; what was acknowledged and lost, and whether the database is sound.
fn run(seed: u64, pragmas: &str) -> (usize, bool, CutReport) {
    let mut rng = Rng::new(seed);
    let power = PowerCut::new(seed);
    let (mut acknowledged, mut report) = (BTreeSet::new(), CutReport::default());
    for round in 0..3 {
        power.power_off_after(rng.below(150));
        acknowledged.extend(work(&power, pragmas, round * 1_000, &mut rng));
        report = power.cut(rng.next_u64());
        let found = try_open(&power, pragmas).and_then(|db| Ok((ids(&db)?, is_intact(&db))));
        match found {
            Ok((found, true)) if acknowledged.is_subset(&found) => {}
            Ok((found, intact)) => {
                return (acknowledged.difference(&found).count(), intact, report);
            }
            Err(_) => return (0, false, report),
        }
    }
    (0, true, report)
}

const WAL_FULL: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

#[test]
fn wal_commits_with_full_sync_survive_every_cut() {
    for seed in 0..200 {
        let (lost, intact, report) = run(seed, WAL_FULL);
        assert!(lost == 0 && intact, "seed {seed}: {lost} lost, intact {intact}: {report}");
    }
}

#[test]
fn wal_commits_without_sync_are_lost_in_some_cuts() {
    let off = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;";
    let lost = (0..100).filter(|seed| run(*seed, off).0 > 0).count();
    assert!(lost > 20, "only {lost} of 100 cuts lost a commit");
}

#[test]
fn wal_commits_with_normal_sync_are_lost_but_leave_the_database_sound() {
    let normal = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";
    let runs: Vec<_> = (0..100).map(|seed| run(seed, normal)).collect();
    for (seed, (_, intact, report)) in runs.iter().enumerate() {
        assert!(intact, "seed {seed}: {report}");
    }
    let lost = runs.iter().filter(|(lost, ..)| *lost > 0).count();
    assert!(lost > 20, "only {lost} of 100 cuts lost a commit");
}

#[test]
fn journal_commits_need_the_directory_synced_after_the_journal_is_deleted() {
    let extra = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA;";
    for seed in 0..100 {
        let (lost, intact, report) = run(seed, extra);
        assert!(lost == 0 && intact, "seed {seed}: {lost} lost, intact {intact}: {report}");
    }
    let full = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;";
    let undone = (0..100).filter(|seed| run(*seed, full).0 > 0).count();
    assert!(undone > 5, "only {undone} of 100 cuts brought a deleted journal back");
}

#[test]
fn a_torn_wal_frame_is_dropped_cleanly() {
    for seed in 0..50 {
        let power = PowerCut::new(seed);
        let db = open(&power, WAL_FULL);
        db.execute("INSERT INTO t VALUES (1, zeroblob(5000))", []).unwrap();
        db.execute_batch("PRAGMA synchronous = NORMAL").unwrap();
        db.execute("INSERT INTO t VALUES (2, randomblob(20000))", []).unwrap();

        let report = power.cut_with(Loss::Torn, seed);
        let wal = report.files.iter().find(|file| file.path.ends_with("-wal")).unwrap();
        assert!(wal.damaged > 0 && wal.damaged == wal.pending, "{report}");
        let db = open(&power, WAL_FULL);
        assert_eq!(ids(&db).unwrap(), BTreeSet::from([1]));
        assert!(is_intact(&db));
    }
}

#[test]
fn what_was_not_synced_is_gone_after_the_strictest_cut_and_there_after_the_mildest() {
    for (loss, expected) in [(Loss::Unsynced, vec![1]), (Loss::Nothing, vec![1, 2])] {
        let power = PowerCut::new(0);
        let db = open(&power, WAL_FULL);
        db.execute("INSERT INTO t VALUES (1, NULL)", []).unwrap();
        db.execute_batch("PRAGMA synchronous = OFF; INSERT INTO t VALUES (2, NULL)").unwrap();
        power.cut_with(loss, 0);
        assert_eq!(ids(&open(&power, WAL_FULL)).unwrap(), BTreeSet::from_iter(expected));
    }
}

#[test]
fn the_same_seed_and_operations_cut_the_same() {
    let (a, b) = (run(9, WAL_FULL).2, run(9, WAL_FULL).2);
    assert_eq!(a, b);
    assert!(a.files.iter().any(|file| file.pending > 0), "{a}");
}
