//! Searches among some of the vectors, beside a scan of those and a search among all.

use std::path::PathBuf;

use serde_json::json;

use crate::Outcome;
use crate::report::{Better, Metric, Params, params};
use crate::vector::Bench;
use crate::vector::at_recall::{Around, LEAST_SECONDS, around, settings};
use crate::vector::data::{VectorSet, nearest, random_rows, write_rows};
use crate::vector::engines::{Ability, Index, K};
use crate::vector::shelf::Shelf;

pub(crate) const CASE: &str = "filtered";
const SPEED: Metric = Metric { name: "queries", unit: "queries/s", better: Better::Higher };
const EF: Metric = Metric { name: "ef-needed", unit: "candidates", better: Better::Lower };
const FOUND: Metric = Metric { name: "recall@10", unit: "share", better: Better::Higher };
const SCAN: Metric = Metric { name: "scan", unit: "queries/s", better: Better::Higher };
const UNFILTERED: Metric = Metric { name: "unfiltered", unit: "queries/s", better: Better::Higher };
/// Beside the faster of a scan and of an unfiltered search that may take twice its time.
const BESIDE: Metric = Metric { name: "beside-the-better", unit: "x", better: Better::Higher };

const RECALL: f64 = 0.95;
/// Of 1,000 vectors, this many are accepted.
const ACCEPTED: [usize; 4] = [500, 100, 10, 1];

pub(crate) fn run(bench: &mut Bench, shelf: &mut Shelf) -> Outcome<()> {
    let mut searching = Vec::new();
    for (place, system) in bench.systems.iter().enumerate() {
        if system.can(Ability::Filter) {
            let mut index = shelf.opened(bench, system)?;
            let settings = settings(&mut index, &shelf.set.truth, RECALL)?;
            searching.push(Searching { place, index, unfiltered: around(&settings, RECALL) });
        }
    }
    for per_mille in ACCEPTED {
        let filter = Filter::new(bench, &shelf.set, per_mille)?;
        measure(bench, &mut searching, &filter)?;
    }
    Ok(())
}

/// A system that takes turns.
struct Searching {
    /// Where it is among the systems.
    place: usize,
    index: Index,
    /// Its settings without a filter.
    unfiltered: Option<Around>,
}

/// Some of the vectors, and what is nearest among them.
struct Filter {
    params: Params,
    rows: PathBuf,
    truth: Vec<Vec<u32>>,
}

impl Filter {
    fn new(bench: &Bench, set: &VectorSet, per_mille: usize) -> Outcome<Self> {
        let vectors = set.base.len();
        let accepted = random_rows(vectors, vectors * per_mille / 1000, per_mille as u64);
        let mut is_accepted = vec![false; vectors];
        accepted.iter().for_each(|row| is_accepted[*row as usize] = true);
        let rows = bench.work().join("accepted.u32");
        write_rows(&rows, &accepted)?;
        Ok(Self {
            params: params(json!({"set": set.name, "accepted-per-mille": per_mille})),
            rows,
            truth: nearest(&set.base, &set.queries, K, |row| is_accepted[row as usize]),
        })
    }
}

fn measure(bench: &mut Bench, searching: &mut [Searching], filter: &Filter) -> Outcome<()> {
    let mut filtered = Vec::new();
    for one in &mut *searching {
        let system = &bench.systems[one.place];
        one.index.accept(Some(&filter.rows))?;
        let settings = settings(&mut one.index, &filter.truth, RECALL)?;
        let around = around(&settings, RECALL);
        if let Some(at) = around.map(|around| around.above).or(settings.last().copied()) {
            let params = &filter.params;
            bench.report.record(CASE, &FOUND, params, system.label(), at.recall);
            bench.report.record(CASE, &EF, params, system.label(), at.ef as f64);
        }
        filtered.push(around);
    }
    for turn in bench.turns_of(searching.len()) {
        // A system that does not find enough has no speed; its recall tells.
        if let Some(around) = filtered[turn] {
            speeds(bench, &mut searching[turn], &around, filter)?;
        }
    }
    Ok(())
}

fn speeds(
    bench: &mut Bench,
    one: &mut Searching,
    filtered: &Around,
    filter: &Filter,
) -> Outcome<()> {
    let (system, index) = (&bench.systems[one.place], &mut one.index);
    let mut record = |metric, value| {
        bench.report.record(CASE, metric, &filter.params, system.label(), value);
    };
    index.accept(Some(&filter.rows))?;
    let speed = filtered.queries_per_second(index)?;
    record(&SPEED, speed);
    let scan = if system.can(Ability::Scan) {
        Some(index.scan(LEAST_SECONDS)?.queries_per_second())
    } else {
        None
    };
    index.accept(None)?;
    let Some(unfiltered) = &one.unfiltered else { return Ok(()) };
    let unfiltered = unfiltered.queries_per_second(index)?;
    record(&UNFILTERED, unfiltered);
    if let Some(scan) = scan {
        record(&SCAN, scan);
        record(&BESIDE, speed / scan.max(unfiltered / 2.0));
    }
    Ok(())
}
