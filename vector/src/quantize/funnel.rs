//! Search on prefixes of Matryoshka embeddings, longer ones for ever fewer candidates.
//!
//! Kusupati et al., "Matryoshka Representation Learning" (NeurIPS 2022), section 4.3: such embeddings
//! mean something by their first dimensions alone, so most vectors are ruled out by a few of them.

use headwater_primitives::{Error, Result};

use super::kernels::{self, Level};
use super::nearest::{Candidate, Nearest};
use crate::metric::Metric;

/// One step of a [`funnel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stage {
    /// The length of the prefix that distances are measured on.
    pub dimensions: usize,
    /// How many candidates go on to the next step.
    pub keep: usize,
}

/// The `k` nearest of `vectors`, which lie one after the other by slot, the nearest first.
///
/// The first stage measures every vector that `accept` accepts, on its prefix; each later stage measures
/// what the one before kept; the last answer is measured on all dimensions. Under cosine a prefix counts
/// as a vector of its own: both sides are renormalised. A stage never keeps fewer than `k`. Without
/// stages the search is exact.
///
/// # Errors
/// `InvalidInput` when `vectors` ends inside a vector, or when the stages' prefixes are not ascending,
/// from 1 up to the dimensions of `query`.
pub fn funnel(
    vectors: &[f32],
    query: &[f32],
    metric: Metric,
    stages: &[Stage],
    k: usize,
    mut accept: impl FnMut(u32) -> bool,
) -> Result<Vec<Candidate>> {
    check(vectors.len(), query.len(), stages)?;
    let vector = |slot| slot_of(vectors, query.len(), slot);
    let slots = (0..(vectors.len() / query.len()) as u32).filter(|slot| accept(*slot));
    let all = Stage { dimensions: query.len(), keep: k };
    let stages = stages.iter().chain([&all]).copied();
    Ok(narrow(vector, slots, query, metric, stages, k))
}

/// What is left of `slots` after the last of `stages`, the nearest first; each slot has the vector that
/// `vector` gives, with at least as many numbers as the longest prefix. Without stages nothing is left.
pub(crate) fn narrow<'v>(
    vector: impl Fn(u32) -> &'v [f32],
    slots: impl Iterator<Item = u32>,
    query: &[f32],
    metric: Metric,
    stages: impl IntoIterator<Item = Stage>,
    k: usize,
) -> Vec<Candidate> {
    let mut stages = stages.into_iter();
    let Some(first) = stages.next() else { return Vec::new() };
    let mut candidates = measure(&vector, query, metric, first, k, slots);
    for stage in stages {
        let slots = candidates.iter().map(|candidate| candidate.slot);
        candidates = measure(&vector, query, metric, stage, k, slots);
    }
    candidates
}

fn slot_of(vectors: &[f32], dimensions: usize, slot: u32) -> &[f32] {
    &vectors[slot as usize * dimensions..][..dimensions]
}

/// The `k` nearest of `candidates` by their distance on the full vectors, the nearest first. `vectors`
/// lie one after the other by slot and have the dimensions of `query`.
///
/// # Errors
/// `InvalidInput` when `vectors` ends inside a vector or before the slot of a candidate.
pub fn rescore(
    vectors: &[f32],
    query: &[f32],
    metric: Metric,
    candidates: &[Candidate],
    k: usize,
) -> Result<Vec<Candidate>> {
    check(vectors.len(), query.len(), &[])?;
    let count = vectors.len() / query.len();
    if let Some(beyond) = candidates.iter().find(|found| found.slot as usize >= count) {
        return Err(Error::invalid(format!(
            "slot {} is to be rescored where there are {count} vectors",
            beyond.slot
        )));
    }
    let vector = |slot| slot_of(vectors, query.len(), slot);
    let all = Stage { dimensions: query.len(), keep: k };
    Ok(measure(&vector, query, metric, all, k, candidates.iter().map(|found| found.slot)))
}

/// The nearest of `slots` on the prefix of `stage`.
fn measure<'v>(
    vector: &impl Fn(u32) -> &'v [f32],
    query: &[f32],
    metric: Metric,
    stage: Stage,
    k: usize,
    slots: impl Iterator<Item = u32>,
) -> Vec<Candidate> {
    let level = Level::best();
    let prefix = &query[..stage.dimensions];
    let (norm, _) = kernels::dot_and_norm(level, prefix, prefix);
    let mut nearest = Nearest::new(stage.keep.max(k));
    for slot in slots {
        let vector = &vector(slot)[..stage.dimensions];
        let distance = match metric {
            Metric::L2 => kernels::squared_distance(level, prefix, vector),
            Metric::Dot => match kernels::dot_and_norm(level, prefix, vector).0 {
                dot if dot.is_finite() => -dot,
                _ => -dot_in_64_bits(prefix, vector) as f32,
            },
            Metric::Cosine => {
                let (dot, vector_norm) = kernels::dot_and_norm(level, prefix, vector);
                match norm.sqrt() * vector_norm.sqrt() {
                    norms if norms.is_normal() => 1.0 - dot / norms,
                    _ => cosine_in_64_bits(prefix, vector),
                }
            }
        };
        nearest.push(Candidate { slot, distance });
    }
    nearest.into_sorted()
}

/// For products beyond 32 bits, whose sum could be NaN there.
#[cold]
fn dot_in_64_bits(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// For norms beyond 32 bits. A zero vector is at a right angle to everything.
#[cold]
fn cosine_in_64_bits(a: &[f32], b: &[f32]) -> f32 {
    let norms = (dot_in_64_bits(a, a) * dot_in_64_bits(b, b)).sqrt();
    if norms > 0.0 { (1.0 - dot_in_64_bits(a, b) / norms) as f32 } else { 1.0 }
}

fn check(len: usize, dimensions: usize, stages: &[Stage]) -> Result<()> {
    if dimensions == 0 || !len.is_multiple_of(dimensions) {
        return Err(Error::invalid(format!(
            "{len} numbers are not whole vectors of the query's {dimensions} dimensions"
        )));
    }
    let mut shortest = 1;
    for stage in stages {
        if stage.dimensions < shortest || stage.dimensions > dimensions {
            return Err(Error::invalid(format!(
                "a stage searches {} dimensions where {shortest} to {dimensions} are possible: \
                 prefixes ascend",
                stage.dimensions
            )));
        }
        shortest = stage.dimensions + 1;
    }
    Ok(())
}
