//! Cranfield's queries ranked by words, by vectors and by both: how well and how fast.

mod collection;
mod judgements;

use serde_json::json;

use crate::Outcome;
use crate::datasets::dataset;
use crate::report::{Better, Metric, params};
use crate::statistics::quantile;
use crate::vector::Bench;
use crate::vector::engines::{Ability, By, Ranker};
use crate::vector::hybrid::judgements::Judgements;

pub(crate) use collection::{Collection, read_npy};

pub(crate) const CASE: &str = "hybrid";
const QUALITY: Metric = Metric { name: "ndcg@10", unit: "score", better: Better::Higher };
const MEDIAN: Metric = Metric { name: "latency-p50", unit: "ms", better: Better::Lower };
const TAIL: Metric = Metric { name: "latency-p99", unit: "ms", better: Better::Lower };

/// Quality is that of the first ten; asked for more, every system fuses at the usual depth.
const DEPTH: usize = 100;
/// What the latency is measured with.
const SHOWN: usize = 10;

pub(crate) fn run(bench: &mut Bench) -> Outcome<()> {
    let folder = dataset("hybrid-cranfield")?;
    let judgements = Judgements::read(&folder.join("qrels.tsv"))?;
    let mut ranking = Vec::new();
    for (place, system) in bench.systems.iter().enumerate() {
        let ways: Vec<By> =
            By::ALL.into_iter().filter(|by| system.can(Ability::Rank(*by))).collect();
        if !ways.is_empty() {
            let work = bench.fresh(&format!("{CASE}-{}", system.name))?;
            ranking.push((place, ways, system.start_ranking(&folder, &work)?));
        }
    }
    for (place, ways, ranker) in &mut ranking {
        for by in ways {
            let quality = judgements.ndcg(&ranker.rank(*by, DEPTH)?.found);
            let params = params(json!({"by": by.name()}));
            let label = bench.systems[*place].label();
            bench.report.record(CASE, &QUALITY, &params, label, quality);
        }
    }
    for turn in bench.turns_of(ranking.len()) {
        let (place, ways, ranker) = &mut ranking[turn];
        for by in ways {
            latencies(bench, *place, *by, ranker)?;
        }
    }
    Ok(())
}

fn latencies(bench: &mut Bench, place: usize, by: By, ranker: &mut Ranker) -> Outcome<()> {
    let seconds = ranker.rank(by, SHOWN)?.seconds;
    let mut nanos: Vec<u32> = seconds.iter().map(|seconds| (seconds * 1e9) as u32).collect();
    let params = params(json!({"by": by.name(), "limit": SHOWN}));
    let label = bench.systems[place].label();
    for (metric, share) in [(&MEDIAN, 0.5), (&TAIL, 0.99)] {
        let millis = f64::from(quantile(&mut nanos, share)) / 1e6;
        bench.report.record(CASE, metric, &params, label, millis);
    }
    Ok(())
}
