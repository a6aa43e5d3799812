//! Opens a saved index, beside building it.

use serde_json::json;

use crate::Outcome;
use crate::report::{Better, Metric, params};
use crate::vector::Bench;
use crate::vector::engines::Ability;
use crate::vector::shelf::Shelf;

pub(crate) const CASE: &str = "open";
const OPEN: Metric = Metric { name: "open", unit: "s", better: Better::Lower };
const FASTER: Metric =
    Metric { name: "open-beside-build", unit: "x faster", better: Better::Higher };
const SIZE: Metric = Metric { name: "file", unit: "bytes/vector", better: Better::Lower };

pub(crate) fn run(bench: &mut Bench, shelf: &mut Shelf) -> Outcome<()> {
    let params = params(json!({"set": shelf.set.name, "vectors": shelf.set.base.len()}));
    for turn in bench.turns() {
        let system = &bench.systems[turn];
        if !system.can(Ability::Index) {
            continue;
        }
        let saved = shelf.saved(bench, system)?;
        let mut index = system.start(&shelf.set)?;
        let seconds = index.open(&saved.path)?;
        if index.search(64, 0.0)?.recall(&shelf.set.truth) < 0.5 {
            return Err(format!("{}: the opened index does not answer", system.name).into());
        }
        let bytes = std::fs::metadata(&saved.path)?.len() as f64;
        let label = system.label();
        bench.report.record(CASE, &OPEN, &params, label, seconds);
        bench.report.record(CASE, &FASTER, &params, label, saved.built_in / seconds);
        bench.report.record(CASE, &SIZE, &params, label, bytes / shelf.set.base.len() as f64);
    }
    Ok(())
}
