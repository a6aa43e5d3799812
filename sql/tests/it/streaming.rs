//! Rows come as they are made, within budgets.

use std::time::Duration;

use headwater_document::DocumentStore;
use headwater_primitives::{Durability, ErrorKind, Namespace};
use headwater_sql::{Sql, SqlOptions};
use headwater_tiering::{Policy, Tier};
use serde_json::{Value, json};

use crate::support::{batch_objects, rows};

const ROWS: usize = 20_000;

fn filled(options: SqlOptions) -> (Namespace, DocumentStore, Sql) {
    let ns = Namespace::in_memory().unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "rows").unwrap();
    let row = |n: usize| {
        let text = format!("{:08}-{}", n * 7919 % 1_000_003, "x".repeat(100));
        json!({"id": n, "text": text})
    };
    let documents: Vec<Value> = (0..ROWS).map(row).collect();
    store.bulk_insert(&documents).wait().unwrap();
    let sql = Sql::open_with(&ns, options).unwrap();
    (ns, store, sql)
}

#[test]
fn a_sort_that_does_not_fit_the_memory_goes_on_in_files() {
    let spill = tempfile::tempdir().unwrap();
    let options = SqlOptions::new().memory_bytes(3 << 20).batch_rows(512).partitions(2);
    let (ns, store, sql) = filled(options.spill_folder(spill.path()));
    for policy in [None, Some(Policy::All)] {
        if let Some(policy) = policy {
            Tier::of(&ns).unwrap().hand_off(&store, policy).wait().unwrap();
        }
        assert_spills(&sql, "SELECT id, text FROM rows ORDER BY text");
        let mut found = sql.query("SELECT id, text FROM rows ORDER BY text").run().wait().unwrap();
        let (mut count, mut last) = (0, String::new());
        for batch in found.blocking() {
            for row in batch_objects(&batch.unwrap()) {
                let text = row["text"].as_str().unwrap().to_owned();
                assert!(text >= last);
                (count, last) = (count + 1, text);
            }
        }
        assert_eq!(count, ROWS);
    }
    assert_eq!(std::fs::read_dir(spill.path()).unwrap().filter(holds_files).count(), 0);
}

#[test]
fn groups_that_do_not_fit_the_memory_go_on_in_files() {
    const MANY: usize = 60_000;
    let ns = Namespace::in_memory().unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "rows").unwrap();
    let text = |n: usize| format!("{:08}-{}", n * 7919 % 1_000_003, "x".repeat(200));
    let documents = (0..MANY).map(|n| json!({"id": n, "text": text(n)}));
    store.bulk_insert(&documents.collect::<Vec<Value>>()).wait().unwrap();
    Tier::of(&ns).unwrap().hand_off(&store, Policy::All).wait().unwrap();
    let options = SqlOptions::new().memory_bytes(9 << 20).batch_rows(512).partitions(2);
    let sql = Sql::open_with(&ns, options).unwrap();
    let grouped = "SELECT text, count(*) AS n FROM rows GROUP BY text";
    assert_spills(&sql, grouped);
    let mut found = sql.query(grouped).run().wait().unwrap();
    let mut groups = 0;
    for batch in found.blocking() {
        let batch = batch.unwrap();
        assert!(batch_objects(&batch).iter().all(|group| group["n"] == 1));
        groups += batch.num_rows();
    }
    assert_eq!(groups, MANY);
}

#[track_caller]
fn assert_spills(sql: &Sql, statement: &str) {
    let analyzed = rows(sql, &format!("EXPLAIN ANALYZE {statement}"));
    let analyzed: String = analyzed.iter().map(|row| row["plan"].as_str().unwrap()).collect();
    let spills = analyzed.split("spill_count=").skip(1);
    let spills = spills.filter_map(|rest| rest.split([',', ']']).next()?.parse::<u64>().ok());
    assert!(spills.sum::<u64>() > 0, "{analyzed}");
}

/// Whether files of a statement are left in a folder.
fn holds_files(entry: &std::io::Result<std::fs::DirEntry>) -> bool {
    let path = entry.as_ref().unwrap().path();
    path.is_file() || std::fs::read_dir(path).unwrap().next().is_some()
}

#[test]
fn what_fits_neither_memory_nor_files_is_refused() {
    let (_ns, _store, sql) = filled(SqlOptions::new().memory_bytes(1 << 16).partitions(1));
    let join = "SELECT count(*) FROM rows a JOIN rows b ON a.text = b.text";
    let mut found = sql.query(join).run().wait().unwrap();
    let failed = found.blocking().find_map(Result::err).unwrap();
    assert_eq!(failed.kind(), ErrorKind::TooLarge, "{failed}");
    assert_eq!(rows(&sql, "SELECT count(*) AS n FROM rows"), [json!({"n": ROWS})]);
}

#[test]
fn the_first_rows_come_before_the_last_are_read() {
    let (_ns, store, sql) = filled(SqlOptions::new().batch_rows(100));
    let mut found = sql.query("SELECT id FROM rows").run().wait().unwrap();
    let first = found.blocking().next().unwrap().unwrap();
    assert!(first.num_rows() <= 100);
    // What is written now is not part of it, and what is deleted still is.
    store.put(&json!({"id": ROWS, "text": "new"})).wait().unwrap();
    store.delete(ROWS as i64 - 1).wait().unwrap();
    let rest: usize = found.blocking().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(first.num_rows() + rest, ROWS);
    let limited = rows(&sql, "SELECT id FROM rows LIMIT 7");
    assert_eq!(limited.len(), 7);
}

#[test]
fn a_statement_that_nobody_reads_does_not_hold_the_log_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let builder = Namespace::builder(folder.path()).durability(Durability::Os);
    let ns = builder.wal_bytes(1 << 20).open().unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "rows").unwrap();
    let row = |id: usize| json!({"id": id, "text": "x".repeat(1_000)});
    let documents: Vec<Value> = (0..2_000).map(row).collect();
    store.bulk_insert(&documents).wait().unwrap();
    let sql = Sql::open_with(&ns, SqlOptions::new().batch_rows(50)).unwrap();
    let mut found = sql.query("SELECT id, text FROM rows").run().wait().unwrap();
    found.blocking().next().unwrap().unwrap();
    let mut failed = None;
    for round in 0..200 {
        let more: Vec<Value> = (0..200).map(|n| row(2_000 + round * 200 + n)).collect();
        store.bulk_insert(&more).wait().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        let wal = std::fs::metadata(folder.path().join("hot.db-wal")).unwrap().len();
        if round > 20 && wal < 4 << 20 {
            failed = Some(found.blocking().find_map(Result::err).expect("the snapshot was ended"));
            break;
        }
    }
    let failed = failed.expect("the write-ahead log was let go");
    assert_eq!(failed.kind(), ErrorKind::SnapshotTooOld, "{failed}");
    assert!(failed.is_retryable());
}
