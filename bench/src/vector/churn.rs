//! Takes half of the vectors out and puts them back: what is found before, between and after.

use serde_json::json;

use crate::Outcome;
use crate::report::{Better, Metric, params};
use crate::vector::Bench;
use crate::vector::at_recall::settings;
use crate::vector::data::{nearest, random_rows, write_rows};
use crate::vector::engines::{Ability, K};
use crate::vector::shelf::Shelf;

pub(crate) const CASE: &str = "churn";
const RECALL: Metric = Metric { name: "recall@10", unit: "share", better: Better::Higher };
const LOSS: Metric = Metric { name: "recall-lost", unit: "share", better: Better::NearZero };
const GHOSTS: Metric = Metric { name: "removed-found", unit: "rows", better: Better::NearZero };
const RATE: Metric = Metric { name: "changes", unit: "rows/s", better: Better::Higher };

/// The recall before, to begin with.
const ENOUGH: f64 = 0.95;

pub(crate) fn run(bench: &mut Bench, shelf: &mut Shelf) -> Outcome<()> {
    let vectors = shelf.set.base.len();
    let half = random_rows(vectors, vectors / 2, 1);
    let rows = bench.work().join("half.u32");
    write_rows(&rows, &half)?;
    let mut removed = vec![false; vectors];
    half.iter().for_each(|row| removed[*row as usize] = true);
    let remaining = nearest(&shelf.set.base, &shelf.set.queries, K, |row| !removed[row as usize]);
    for system in bench.systems.iter().filter(|system| system.can(Ability::Remove)) {
        let mut index = shelf.opened(bench, system)?;
        let truth = &shelf.set.truth;
        let Some(at) = settings(&mut index, truth, ENOUGH)?.pop() else { continue };
        let removing = index.remove(&rows)?;
        let between = index.search(at.ef, 0.0)?;
        let inserting = index.insert(&rows)?;
        let after = index.search(at.ef, 0.0)?.recall(truth);

        let is_removed = |label: &&i64| usize::try_from(**label).is_ok_and(|row| removed[row]);
        let ghosts = between.found.iter().flatten().filter(is_removed).count();
        let mut record = |metric, when: &str, value| {
            let params = params(json!({"set": shelf.set.name, "when": when}));
            bench.report.record(CASE, metric, &params, system.label(), value);
        };
        record(&RECALL, "before", at.recall);
        record(&RECALL, "half removed", between.recall(&remaining));
        record(&RECALL, "put back", after);
        record(&LOSS, "put back", at.recall - after);
        record(&GHOSTS, "half removed", ghosts as f64);
        record(&RATE, "removing", half.len() as f64 / removing);
        record(&RATE, "putting back", half.len() as f64 / inserting);
    }
    Ok(())
}
