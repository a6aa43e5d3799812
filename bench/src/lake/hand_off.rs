//! Moving rows to the lake, until they are committed there and until the hot tier has let go of them, beside
//! a pyiceberg script that does the same from a SQLite table; and the size of the files beside DuckDB's.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use headwater_document::DocumentStore;
use headwater_document::primitives::{Durability, Namespace};
use headwater_tiering::{Policy, Tier};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Bench, pinned, rows};
use crate::Outcome;
use crate::report::{Better, Metric, params};

pub(super) const CASE: &str = "hand-off";
const COMMITTED: Metric = Metric { name: "committed", unit: "rows/s", better: Better::Higher };
const RELEASED: Metric = Metric { name: "released", unit: "rows/s", better: Better::Higher };
const BYTES: Metric = Metric { name: "bytes", unit: "bytes/row", better: Better::Lower };
const BATCH: usize = 10_000;

/// What one engine took.
#[derive(Deserialize)]
struct Took {
    /// Until the lake's table has the rows.
    committed: f64,
    /// Until the database has let go of them as well, if it does.
    released: Option<f64>,
    bytes: f64,
}

/// What the peers took.
#[derive(Deserialize)]
struct PeersTook {
    rows: u64,
    pyiceberg: Took,
    duckdb: Took,
}

pub(super) fn run(bench: &mut Bench) -> Outcome<()> {
    let count = bench.count(1_000_000, 20_000) as u64;
    let given = params(json!({"rows": count}));
    for _ in 0..bench.rounds() {
        let folder = bench.fresh(CASE)?;
        let mut record = |system, took: &Took| {
            if let Some(released) = took.released {
                let rate = |seconds: f64| count as f64 / seconds;
                bench.report.record(CASE, &COMMITTED, &given, system, rate(took.committed));
                bench.report.record(CASE, &RELEASED, &given, system, rate(released));
            }
            bench.report.record(CASE, &BYTES, &given, system, took.bytes / count as f64);
        };
        let ours = hand_off(&folder.join("app.hw"), count)?;
        record(("headwater", env!("CARGO_PKG_VERSION")), &ours);
        if let Some(super::Peers(python)) = bench.systems.first() {
            let peers = peers(python, &folder, count)?;
            if peers.rows != count {
                return Err(format!("the peers moved {} rows of {count}", peers.rows).into());
            }
            record(("pyiceberg", pinned("pyiceberg")), &peers.pyiceberg);
            record(("duckdb", pinned("duckdb")), &peers.duckdb);
        }
    }
    Ok(())
}

/// A store of `count` orders, all of them hot.
pub(super) fn filled(folder: &Path, count: u64) -> Outcome<(Namespace, DocumentStore)> {
    let ns = Namespace::builder(folder).durability(Durability::Os).open()?;
    let store: DocumentStore = DocumentStore::open(&ns, "orders")?;
    let mut orders = (0..count).map(rows::order).peekable();
    while orders.peek().is_some() {
        let batch: Vec<Value> = orders.by_ref().take(BATCH).collect();
        store.bulk_insert(&batch).wait()?;
    }
    Ok((ns, store))
}

fn hand_off(folder: &Path, count: u64) -> Outcome<Took> {
    let (ns, store) = filled(folder, count)?;
    let tier = Tier::of(&ns)?;
    let committed = Arc::new(OnceLock::new());
    let first_release = committed.clone();
    let started = Instant::now();
    let moving = tier.hand_off(&store, Policy::All).on_progress(move |progress| {
        if progress.released > 0 {
            first_release.get_or_init(|| started.elapsed().as_secs_f64());
        }
    });
    let moved = moving.wait()?;
    let released = started.elapsed().as_secs_f64();
    if moved.rows != count {
        return Err(format!("{} rows moved of {count}", moved.rows).into());
    }
    drop((store, tier));
    ns.close()?;
    let committed = *committed.get().ok_or("nothing was released")?;
    Ok(Took { committed, released: Some(released), bytes: moved.bytes as f64 })
}

fn peers(python: &Path, folder: &Path, count: u64) -> Outcome<PeersTook> {
    let db = folder.join("rows.db");
    let mut sqlite = rusqlite::Connection::open(&db)?;
    sqlite.execute_batch("CREATE TABLE rows(id INTEGER PRIMARY KEY, body TEXT NOT NULL)")?;
    let tx = sqlite.transaction()?;
    {
        let mut insert = tx.prepare("INSERT INTO rows(id, body) VALUES (?, ?)")?;
        for id in 0..count {
            insert.execute((id as i64, rows::order(id).to_string()))?;
        }
    }
    tx.commit()?;
    let script = crate::workspace_root().join("bench/peers/lake.py");
    let mut command = Command::new(python);
    command.arg(script).arg(&db).arg(folder.join("peers")).stderr(Stdio::inherit());
    let output = command.output()?;
    if !output.status.success() {
        return Err("the peers' script failed".into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
