//! Vectors in fewer bytes: what each code takes, and what it finds before and after its candidates are
//! compared by the vectors themselves.

use std::time::Instant;

use headwater_vector::quantize::{Candidate, Codes, rescore};
use headwater_vector::{Compression, Metric as Distance};
use serde_json::json;

use crate::Outcome;
use crate::report::{Better, Metric, params};
use crate::vector::Bench;
use crate::vector::data::VectorSet;
use crate::vector::engines::{Ability, K, Searched};
use crate::vector::shelf::Shelf;

pub(crate) const CASE: &str = "codecs";
const BYTES: Metric = Metric { name: "code", unit: "bytes/vector", better: Better::Lower };
const SHARE: Metric = Metric { name: "beside-f32", unit: "share", better: Better::Lower };
const BEFORE: Metric = Metric { name: "recall@10", unit: "share", better: Better::Higher };
const AFTER: Metric = Metric { name: "recall@10-rescored", unit: "share", better: Better::Higher };
const SPEED: Metric = Metric { name: "rescored", unit: "queries/s", better: Better::Higher };

/// Vectors that a quantizer is trained on, as a store does it.
const SAMPLE: usize = 10_000;

pub(crate) fn run(bench: &mut Bench, shelf: &mut Shelf) -> Outcome<()> {
    let Some(system) = bench.systems.iter().find(|system| system.can(Ability::Compress)) else {
        return Ok(());
    };
    let label = system.label();
    for set in [&VectorSet::sift()?, &shelf.set] {
        let dimensions = set.base.dimensions();
        let product = |bytes| (format!("product-{bytes}"), Compression::Product { bytes });
        for (name, compression) in [
            ("int8".to_owned(), Compression::Int8),
            ("binary".to_owned(), Compression::Binary),
            product(dimensions / 8),
            product(dimensions / 4),
        ] {
            let found = measure(set, compression)?;
            let times = compression.oversampling();
            let params = params(json!({"set": set.name, "codec": name, "candidates": times * K}));
            let full = size_of::<f32>() * dimensions;
            for (metric, value) in [
                (&BYTES, found.bytes as f64),
                (&SHARE, found.bytes as f64 / full as f64),
                (&BEFORE, found.before.recall(&set.truth)),
                (&AFTER, found.after.recall(&set.truth)),
                (&SPEED, found.after.queries_per_second()),
            ] {
                bench.report.record(CASE, metric, &params, label, value);
            }
        }
    }
    Ok(())
}

struct Found {
    bytes: usize,
    /// The nearest by their codes.
    before: Searched,
    /// The nearest among more candidates.
    after: Searched,
}

fn measure(set: &VectorSet, compression: Compression) -> Outcome<Found> {
    let step = set.base.len().div_ceil(SAMPLE);
    let sample: Vec<f32> = set.base.rows().step_by(step).flatten().copied().collect();
    let trained = Codes::train(compression, Distance::L2, set.base.dimensions(), &sample, 0)?;
    let mut codes = trained.ok_or("vectors that are not compressed have no codes")?;
    for (slot, row) in (0..).zip(set.base.rows()) {
        codes.set(slot, row)?;
    }
    let scan = |query: &[f32], keep| codes.scan(query, keep, |_| true);
    Ok(Found {
        bytes: codes.bytes_per_vector(),
        before: search(set, |query| Ok(scan(query, K)?))?,
        after: search(set, |query| {
            let candidates = scan(query, K * compression.oversampling())?;
            Ok(rescore(set.base.values(), query, Distance::L2, &candidates, K)?)
        })?,
    })
}

fn search(
    set: &VectorSet,
    nearest: impl Fn(&[f32]) -> Outcome<Vec<Candidate>>,
) -> Outcome<Searched> {
    let started = Instant::now();
    let found = set.queries.rows().map(nearest).collect::<Outcome<Vec<_>>>()?;
    let seconds = started.elapsed().as_secs_f64();
    let slots = |found: &Vec<Candidate>| found.iter().map(|one| i64::from(one.slot)).collect();
    Ok(Searched { seconds, found: found.iter().map(slots).collect() })
}
