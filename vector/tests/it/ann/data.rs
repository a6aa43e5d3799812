//! Vectors to index, and what a scan says about them.

use std::collections::HashSet;

use headwater_testkit::Rng;
use headwater_vector::graph::Neighbor;
use headwater_vector::{Metric, RowSet};

use super::Implementation;

/// A number from -1 to 1.
fn number(rng: &mut Rng) -> f32 {
    rng.below(2_000_001) as f32 / 1e6 - 1.0
}

pub(crate) fn vector(rng: &mut Rng, dimensions: usize) -> Vec<f32> {
    (0..dimensions).map(|_| number(rng)).collect()
}

pub(crate) fn random(seed: u64, count: usize, dimensions: usize) -> Vec<Vec<f32>> {
    let mut rng = Rng::new(seed);
    (0..count).map(|_| vector(&mut rng, dimensions)).collect()
}

/// Tight clusters, one after the other, far from each other: the worst order for a graph.
pub(crate) fn clustered(seed: u64, clusters: usize, each: usize) -> Vec<Vec<f32>> {
    const DIMENSIONS: usize = 24;
    let mut rng = Rng::new(seed);
    let mut vectors = Vec::new();
    for _ in 0..clusters {
        let center: Vec<f32> = vector(&mut rng, DIMENSIONS).iter().map(|x| x * 10.0).collect();
        for _ in 0..each {
            vectors.push(center.iter().map(|x| x + number(&mut rng) * 0.2).collect());
        }
    }
    vectors
}

/// The true distance, in 64 bits.
pub(crate) fn distance(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let sum = |of: fn(f64, f64) -> f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| of(f64::from(*a), f64::from(*b))).sum()
    };
    let (dot, a2, b2) = (sum(|a, b| a * b), sum(|a, _| a * a), sum(|_, b| b * b));
    match metric {
        Metric::L2 => sum(|a, b| (a - b) * (a - b)),
        Metric::Dot => -dot,
        _ => 1.0 - dot / (a2 * b2).sqrt(),
    }
}

/// The labels of the `k` nearest of `vectors`, as labelled by their places.
pub(crate) fn nearest(
    metric: Metric,
    vectors: &[Vec<f32>],
    query: &[f32],
    k: usize,
    accepts: impl Fn(u64) -> bool,
) -> HashSet<u64> {
    let all = (0..).zip(vectors).filter(|(label, _)| accepts(*label));
    let mut all: Vec<(f64, u64)> =
        all.map(|(label, vector)| (distance(metric, query, vector), label)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.truncate(k);
    all.into_iter().map(|(_, label)| label).collect()
}

pub(crate) fn labels(found: &[Neighbor]) -> Vec<u64> {
    found.iter().map(|found| found.label).collect()
}

/// The share of the true ten nearest that searches with `candidates` find.
pub(crate) fn recall<I: Implementation>(
    index: &I,
    vectors: &[Vec<f32>],
    queries: &[Vec<f32>],
    candidates: usize,
    accept: Option<&RowSet>,
) -> f64 {
    let (mut hits, mut all) = (0, 0);
    for query in queries {
        let accepts = |label| accept.is_none_or(|accept| accept.contains(label));
        let truth = nearest(index.metric(), vectors, query, 10, accepts);
        let found = index.search(query, 10, candidates, accept).unwrap();
        assert_eq!(found.len(), truth.len());
        assert!(found.is_sorted_by(|a, b| a.distance <= b.distance), "{found:?}");
        for one in &found {
            let exact = distance(index.metric(), query, &vectors[one.label as usize]);
            assert!((f64::from(one.distance) - exact).abs() < 1e-3, "{one:?}, not {exact}");
        }
        hits += found.iter().filter(|found| truth.contains(&found.label)).count();
        all += truth.len();
    }
    hits as f64 / all as f64
}
