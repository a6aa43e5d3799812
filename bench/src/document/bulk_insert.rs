//! One thread inserts many documents in one durable call.

use std::time::Instant;

use serde_json::json;

use crate::Outcome;
use crate::bench::Bench;
use crate::documents::Document;
use crate::engines::RowCache;
use crate::report::{Better, Metric, params};

pub(crate) const CASE: &str = "bulk-insert";
const INSERTS: Metric = Metric { name: "inserts", unit: "documents/s", better: Better::Higher };

pub(crate) fn run(bench: &mut Bench) -> Outcome<()> {
    let documents = Document::range(0..bench.count(100_000, 20_000) as u64)?;
    let params = params(json!({"documents": documents.len(), "threads": 1}));
    for turn in bench.turns() {
        let folder = bench.fresh(CASE)?;
        let system = &bench.systems[turn];
        let engine = (system.open)(&folder, RowCache::On)?;
        let started = Instant::now();
        engine.bulk(&documents)?;
        let rate = documents.len() as f64 / started.elapsed().as_secs_f64();
        bench.report.record(CASE, &INSERTS, &params, system.label(), rate);
    }
    Ok(())
}
