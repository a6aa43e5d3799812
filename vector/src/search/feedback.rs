//! Pseudo-relevance feedback: the best rows of a first ranking say what was meant.

use headwater_primitives::Result;

use super::fuse::Ranked;
use super::nearest::{self, Known};
use super::{Query, Side};
use crate::index::SearchIndex;
use crate::search::rank::{order, score};
use crate::store::Inner;

/// How much the mean of the best rows counts beside the query itself: Rocchio's beta, by its usual
/// value (Manning, Raghavan, Schütze 2008, section 9.1.1).
const WEIGHT: f32 = 0.75;

/// Moves the vector towards those of the rows that are best so far (Rocchio 1971), and gives each row
/// the score and the rank that it has by that vector.
///
/// Of rows in the warm tier the vectors are measured, and do not move the query. Cost: a distance for each
/// row.
pub(super) fn apply(
    inner: &Inner,
    index: &SearchIndex,
    query: &Query,
    vector: &[f32],
    rows: &mut Vec<Ranked>,
) -> Result<()> {
    let mut best = rows.clone();
    order(query, &mut best, query.feedback);
    let best: Vec<u64> = best.iter().map(|row| row.row).collect();
    let Some(moved) = index.graph.moved(vector, &best, WEIGHT)? else { return Ok(()) };
    let labels: Vec<u64> = rows.iter().map(|row| row.row).collect();
    let distances = nearest::distances(inner, index, &moved, &Known::new(), &labels)?;
    let mut placed: Vec<(f32, Ranked)> = distances
        .into_iter()
        .zip(rows.drain(..))
        // Those without an embedding come last.
        .map(|(distance, row)| (distance.unwrap_or(f32::NAN), row))
        .collect();
    placed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.row.cmp(&b.1.row)));
    let metric = index.graph.options().metric;
    rows.extend(placed.into_iter().enumerate().map(|(at, (distance, mut row))| {
        let side = Side { rank: at + 1, score: score(metric, distance) };
        row.explain.vector = (!distance.is_nan()).then_some(side);
        row
    }));
    Ok(())
}
