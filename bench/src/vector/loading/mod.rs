//! Rows with texts and embeddings stream in: how fast, in how much memory, and what searches that run
//! meanwhile take beside searches of a store at rest.
//!
//! Measured in a process of its own, since its memory is.

mod measured;
mod rows;

use std::process::Command;

use serde_json::json;

use crate::Outcome;
use crate::report::{Better, Metric, params};
use crate::vector::Bench;
use crate::vector::engines::Ability;
use crate::vector::loading::measured::Figures;

pub(crate) use measured::VectorLoading;

pub(crate) const CASE: &str = "loading";
const RATE: Metric = Metric { name: "load", unit: "rows/s", better: Better::Higher };
const PEAK: Metric = Metric { name: "peak-rss", unit: "MiB", better: Better::Lower };
const COUNT: Metric = Metric { name: "searches", unit: "searches", better: Better::Higher };
const MEDIAN: Metric = Metric { name: "search-p50", unit: "ms", better: Better::Lower };
const TAIL: Metric = Metric { name: "search-p99", unit: "ms", better: Better::Lower };
const SLOWER: Metric = Metric { name: "p99-beside-idle", unit: "x", better: Better::Lower };

pub(crate) fn run(bench: &mut Bench) -> Outcome<()> {
    let rows = bench.count(200_000, 20_000);
    let Some(system) = bench.systems.iter().find(|system| system.can(Ability::Load)) else {
        return Ok(());
    };
    let label = system.label();
    let figures = figures(bench, rows)?;
    let mut record = |metric, when: &str, value| {
        let params = params(json!({"rows": rows, "when": when}));
        bench.report.record(CASE, metric, &params, label, value);
    };
    record(&RATE, "alone", figures.rate_alone);
    record(&RATE, "beside searches", figures.rate_beside_searches);
    record(&PEAK, "all", figures.peak_bytes / f64::from(1 << 20));
    for (when, latency) in [("idle", figures.idle), ("loading", figures.loading)] {
        record(&COUNT, when, latency.searches);
        record(&MEDIAN, when, latency.p50_millis);
        record(&TAIL, when, latency.p99_millis);
    }
    record(&SLOWER, "loading", figures.loading.p99_millis / figures.idle.p99_millis);
    Ok(())
}

fn figures(bench: &Bench, rows: usize) -> Outcome<Figures> {
    let folder = bench.fresh(CASE)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["vector-loading", "--rows", &rows.to_string(), "--folder"]).arg(&folder);
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("the measured process failed".into());
    }
    // The database is large.
    std::fs::remove_dir_all(folder)?;
    Ok(serde_json::from_slice(&output.stdout)?)
}
