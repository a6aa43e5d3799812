//! Searches on one thread: queries per second at a recall, and recall at a setting.

use serde_json::json;

use crate::Outcome;
use crate::report::{Better, Metric, Params, params};
use crate::vector::Bench;
use crate::vector::at_recall::{Around, around, settings};
use crate::vector::data::VectorSet;
use crate::vector::engines::{Ability, Index};
use crate::vector::shelf::Shelf;

pub(crate) const CASE: &str = "search";
const SPEED: Metric = Metric { name: "queries", unit: "queries/s", better: Better::Higher };
const EF: Metric = Metric { name: "ef-needed", unit: "candidates", better: Better::Lower };
const RECALL: Metric = Metric { name: "recall@10", unit: "share", better: Better::Higher };
const RECALLS: [f64; 2] = [0.95, 0.99];

/// Settings at which the small set's recall is looked at.
const SMALL_SET_EFS: [usize; 3] = [16, 64, 256];

pub(crate) fn run(bench: &mut Bench, shelf: &mut Shelf) -> Outcome<()> {
    speeds(bench, shelf)?;
    small_set(bench)
}

/// A system that takes turns.
struct Searching {
    label: (&'static str, &'static str),
    index: Index,
    /// One for each of [`RECALLS`] that it reaches.
    around: Vec<(Params, Around)>,
}

fn speeds(bench: &mut Bench, shelf: &mut Shelf) -> Outcome<()> {
    let mut searching = Vec::new();
    for system in bench.systems.iter().filter(|system| system.can(Ability::Index)) {
        let mut index = shelf.opened(bench, system)?;
        let settings = settings(&mut index, &shelf.set.truth, RECALLS[1])?;
        let mut reached = Vec::new();
        for recall in RECALLS {
            match around(&settings, recall) {
                None => println!("{CASE}: {} does not reach recall {recall}", system.name),
                Some(around) => {
                    let params = params(json!({"set": shelf.set.name, "recall": recall}));
                    let ef = around.above.ef as f64;
                    bench.report.record(CASE, &EF, &params, system.label(), ef);
                    reached.push((params, around));
                }
            }
        }
        searching.push(Searching { label: system.label(), index, around: reached });
    }
    for turn in bench.turns_of(searching.len()) {
        let Searching { label, index, around } = &mut searching[turn];
        for (params, around) in around {
            let speed = around.queries_per_second(index)?;
            bench.report.record(CASE, &SPEED, params, *label, speed);
        }
    }
    Ok(())
}

fn small_set(bench: &mut Bench) -> Outcome<()> {
    let set = VectorSet::sift()?;
    for system in bench.systems.iter().filter(|system| system.can(Ability::Index)) {
        let mut index = system.start(&set)?;
        index.build(system.links)?;
        for ef in SMALL_SET_EFS {
            let recall = index.search(ef, 0.0)?.recall(&set.truth);
            let params = params(json!({"set": set.name, "ef": ef}));
            bench.report.record(CASE, &RECALL, &params, system.label(), recall);
        }
    }
    Ok(())
}
