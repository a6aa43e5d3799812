//! Builds the index of all vectors, each time in a new process.

use serde_json::json;

use crate::Outcome;
use crate::report::{Better, Metric, params};
use crate::vector::Bench;
use crate::vector::engines::Ability;
use crate::vector::shelf::Shelf;

pub(crate) const CASE: &str = "build";
const BUILD: Metric = Metric { name: "build", unit: "s", better: Better::Lower };
const MEMORY: Metric =
    Metric { name: "memory-beside-vector", unit: "bytes/vector", better: Better::Lower };

pub(crate) fn run(bench: &mut Bench, shelf: &mut Shelf) -> Outcome<()> {
    let params = params(json!({"set": shelf.set.name, "vectors": shelf.set.base.len()}));
    let bytes_of_vector = (shelf.set.base.dimensions() * size_of::<f32>()) as f64;
    for turn in bench.turns() {
        let system = &bench.systems[turn];
        if !system.can(Ability::Index) {
            continue;
        }
        let mut index = system.start(&shelf.set)?;
        let built = index.build(system.links)?;
        shelf.keep(bench, system, &mut index, built.seconds)?;
        let beside = built.grown / shelf.set.base.len() as f64 - bytes_of_vector;
        let label = system.label();
        bench.report.record(CASE, &BUILD, &params, label, built.seconds);
        bench.report.record(CASE, &MEMORY, &params, label, beside);
    }
    Ok(())
}
