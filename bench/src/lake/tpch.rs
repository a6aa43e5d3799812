//! The 22 queries of TPC-H over rows that are all in the lake, ours beside DuckDB on the same Parquet files.

mod generate;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use headwater_document::DocumentStore;
use headwater_document::primitives::{Durability, Namespace};
use headwater_sql::Sql;
use headwater_tiering::schema::Column;
use headwater_tiering::{Policy, Tier};
use serde::Deserialize;
use serde_json::json;

use super::{Bench, Peers, pinned};
use crate::Outcome;
use crate::datasets::dataset;
use crate::report::{Better, Metric, Params, params};
use generate::{Kind, TABLES, TpchTable};

pub(super) const CASE: &str = "tpch";
const EXECUTION: Metric = Metric { name: "execution", unit: "s", better: Better::Lower };
const PLANNING: Metric = Metric { name: "planning", unit: "s", better: Better::Lower };
const BATCH: usize = 10_000;
const QUERIES: usize = 22;

/// What one query took, after it was run once before.
#[derive(Clone, Copy, Deserialize)]
struct Took {
    rows: usize,
    planning: f64,
    execution: f64,
}

pub(super) fn run(bench: &mut Bench) -> Outcome<()> {
    let scale = if bench.quick { 0.01 } else { 1.0 };
    let queries = dataset("columnar-tpch")?.join("queries");
    let folder = bench.fresh(CASE)?;
    let home = folder.join("app.hw");
    let ns = Namespace::builder(&home).durability(Durability::Os).open()?;
    for table in &TABLES {
        fill(&ns, table, scale)?;
    }
    let sql = Sql::open(&ns)?;
    let texts = (1..=QUERIES).map(|number| query(&queries, number));
    let texts = texts.collect::<Outcome<Vec<String>>>()?;
    ours(&sql, &texts)?;
    for _ in 0..bench.rounds() {
        let took = ours(&sql, &texts)?;
        record(bench, scale, ("headwater", env!("CARGO_PKG_VERSION")), &took);
        if let Some(Peers(python)) = bench.systems.first() {
            let theirs = duckdb(python, &home.join("lake"), &queries)?;
            for (number, (ours, theirs)) in (1..).zip(took.iter().zip(&theirs)) {
                if ours.rows != theirs.rows {
                    let (ours, theirs) = (ours.rows, theirs.rows);
                    let reason = format!("query {number}: {ours} rows, and {theirs} of DuckDB");
                    return Err(reason.into());
                }
            }
            record(bench, scale, ("duckdb", pinned("duckdb")), &theirs);
        }
    }
    drop(sql);
    ns.close()?;
    Ok(())
}

/// The totals, and each query by itself.
fn record(bench: &mut Bench, scale: f64, system: (&'static str, &str), took: &[Took]) {
    let mut put = |metric, given: Params, value| {
        bench.report.record(CASE, metric, &given, system, value);
    };
    let all = || params(json!({"scale": scale, "queries": "all"}));
    put(&EXECUTION, all(), took.iter().map(|took| took.execution).sum());
    put(&PLANNING, all(), took.iter().map(|took| took.planning).sum());
    for (number, took) in (1..).zip(took) {
        put(&EXECUTION, params(json!({"scale": scale, "query": number})), took.execution);
    }
}

fn query(folder: &Path, number: usize) -> Outcome<String> {
    Ok(std::fs::read_to_string(folder.join(format!("q{number:02}.sql")))?)
}

/// Generates a table and hands all of it off.
fn fill(ns: &Namespace, table: &TpchTable, scale: f64) -> Outcome<()> {
    let store: DocumentStore = DocumentStore::open(ns, table.name)?;
    let mut rows = table.rows(scale).peekable();
    while rows.peek().is_some() {
        let batch = rows.by_ref().take(BATCH).collect::<Outcome<Vec<_>>>()?;
        store.bulk_insert(&batch).wait()?;
    }
    let moving = Tier::of(ns)?.hand_off(&store, Policy::All);
    let declared = table.columns.iter().filter_map(|(name, kind)| match kind {
        Kind::Decimal => Some((name, "decimal(15,2)")),
        Kind::Date => Some((name, "date")),
        Kind::Int | Kind::Text => None,
    });
    let columns = declared.map(|(name, ty)| Ok(Column::field(name, ty.parse()?)?));
    let columns = columns.collect::<Outcome<Vec<Column>>>()?;
    columns.into_iter().fold(moving, |moving, column| moving.column(column)).wait()?;
    Ok(())
}

fn ours(sql: &Sql, queries: &[String]) -> Outcome<Vec<Took>> {
    let run = |query: &String| {
        let started = Instant::now();
        let mut answer = sql.query(query.as_str()).run().wait()?;
        let planned = Instant::now();
        let mut rows = 0;
        for batch in answer.blocking() {
            rows += batch?.num_rows();
        }
        let planning = (planned - started).as_secs_f64();
        Ok(Took { rows, planning, execution: planned.elapsed().as_secs_f64() })
    };
    queries.iter().map(run).collect()
}

fn duckdb(python: &Path, lake: &Path, queries: &Path) -> Outcome<Vec<Took>> {
    let script = crate::workspace_root().join("bench/peers/tpch.py");
    let mut command = Command::new(python);
    command.arg(script).arg(lake).arg(queries).stderr(Stdio::inherit());
    let output = command.output()?;
    if !output.status.success() {
        return Err("DuckDB's script failed".into());
    }
    let took: Vec<Took> = serde_json::from_slice(&output.stdout)?;
    if took.len() != QUERIES {
        return Err(format!("DuckDB answered {} queries of {QUERIES}", took.len()).into());
    }
    Ok(took)
}
