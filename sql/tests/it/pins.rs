//! What a statement reads stays for as long as it is read, and no longer.

use std::time::Duration;

use headwater_sql::{Rows, Sql, SqlOptions};
use headwater_tiering::{Expiry, Policy, Tier};
use serde_json::json;

use crate::support::{Fixture, batch_objects};

const ROWS: i64 = 4_000;

/// Several hand-offs, so that there is something to compact, and a statement that has begun.
fn begun() -> (Fixture, Rows) {
    let first: Vec<_> = (0..ROWS / 4).map(|n| json!({"id": n, "n": n})).collect();
    let mut fixture = Fixture::of("rows", &first);
    for part in 0..4 {
        if part > 0 {
            let ids = part * ROWS / 4..(part + 1) * ROWS / 4;
            let rows: Vec<_> = ids.map(|n| json!({"id": n, "n": n})).collect();
            fixture.store.bulk_insert(&rows).wait().unwrap();
        }
        fixture.hand_off(Policy::KeepRows(300));
    }
    fixture.sql = Sql::open_with(&fixture.ns, SqlOptions::new().batch_rows(16)).unwrap();
    let mut rows = fixture.sql.query("SELECT id, n FROM rows").run().wait().unwrap();
    let batch = rows.blocking().next().unwrap().unwrap();
    assert!(batch.num_rows() <= 16);
    (fixture, rows)
}

/// Changes every row, and does all upkeep; how many files were deleted.
fn change_all(fixture: &Fixture) -> u64 {
    let changed: Vec<_> = (0..ROWS).map(|n| json!({"id": n, "n": -1})).collect();
    for document in changed.iter().step_by(2) {
        fixture.store.put(document).wait().unwrap();
    }
    for id in (1..ROWS).step_by(2) {
        fixture.store.delete(id).wait().unwrap();
    }
    fixture.hand_off(Policy::All);
    upkeep(fixture)
}

fn upkeep(fixture: &Fixture) -> u64 {
    let tier = Tier::of(&fixture.ns).unwrap();
    tier.compact(&fixture.store).wait().unwrap();
    let before = fixture.ns.clock().now().after(Duration::from_secs(3600));
    let expiry = Expiry { before, keep_last: 1 };
    let expired = tier.expire(&fixture.store, expiry).grace(Duration::ZERO).wait().unwrap();
    let cleaned = tier.clean(&fixture.store).older_than(Duration::ZERO).wait().unwrap();
    expired.deleted + cleaned.files
}

#[test]
fn a_statement_that_has_begun_goes_on_reading_what_it_began_with() {
    let (fixture, mut rows) = begun();
    let deleted = change_all(&fixture);
    assert_eq!(deleted, 0, "what is being read stays");
    let mut left: Vec<i64> = Vec::new();
    for batch in rows.blocking() {
        for row in batch_objects(&batch.unwrap()) {
            assert_eq!(row["id"], row["n"], "changed since");
            left.push(row["id"].as_i64().unwrap());
        }
    }
    assert!(left.len() as i64 >= ROWS - 16, "{}", left.len());
    drop(rows);
    assert_eq!(
        fixture.rows("SELECT count(*) AS n, sum(n) AS sum FROM rows"),
        [json!({"n": ROWS / 2, "sum": -ROWS / 2})]
    );
    assert!(gone(&fixture) > 0, "nothing reads the old files any more");
}

#[test]
fn a_statement_that_is_dropped_lets_go() {
    let (fixture, rows) = begun();
    assert_eq!(change_all(&fixture), 0);
    drop(rows);
    assert!(gone(&fixture) > 0);
}

/// How many files upkeep deletes; a statement that was dropped ends a little later.
fn gone(fixture: &Fixture) -> u64 {
    for _ in 0..100 {
        let deleted = upkeep(fixture);
        if deleted > 0 {
            return deleted;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    0
}
