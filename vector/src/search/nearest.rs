//! The nearest rows of both tiers.

use std::collections::HashMap;

use headwater_primitives::Result;

use super::Query;
use crate::graph::Neighbor;
use crate::index::{SearchIndex, View};
use crate::row_set::RowSet;
use crate::store::Inner;
use crate::warm::Nearest;

/// Distances from the query that were measured already, by row.
pub(super) type Known = HashMap<u64, f32>;

/// What the warm tier has found.
pub(super) struct FoundWarm {
    hits: Vec<Neighbor>,
    /// What moved later than this was not looked for there.
    pub(super) moves: u64,
}

/// The `k` nearest rows of the warm tier; `None` where there is none, or no vector.
pub(super) fn of_warm(
    inner: &Inner,
    index: &SearchIndex,
    view: &View,
    query: &Query,
    k: usize,
) -> Result<Option<FoundWarm>> {
    let Some(vector) = query.vector.as_deref().filter(|_| k > 0) else { return Ok(None) };
    let Some(pointer) = inner.warm_pointer()? else { return Ok(None) };
    let oversampled = query.oversampling.map_or(0, |times| k.saturating_mul(times));
    let nearest = Nearest {
        pointer: &pointer,
        vector,
        k,
        candidates: query.candidates.max(oversampled),
        exact: query.exact,
        accept: view.accept.as_deref(),
    };
    let hits = inner.warm.tier.nearest(inner, &index.graph, &nearest)?;
    Ok(Some(FoundWarm { hits, moves: pointer.moves }))
}

/// The `k` nearest of both, each row once: as the graph has it, which was asked last.
pub(super) fn merged(hot: Vec<Neighbor>, warm: Option<&FoundWarm>, k: usize) -> Vec<Neighbor> {
    let Some(warm) = warm else { return hot };
    let known: RowSet = hot.iter().map(|found| found.label).collect();
    let mut all = hot;
    all.extend(warm.hits.iter().filter(|found| !known.contains(found.label)));
    all.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.label.cmp(&b.label)));
    all.truncate(k);
    all
}

/// The distance of `vector` from each of `rows`; `None` where a row has no embedding.
pub(super) fn distances(
    inner: &Inner,
    index: &SearchIndex,
    vector: &[f32],
    known: &Known,
    rows: &[u64],
) -> Result<Vec<Option<f32>>> {
    let mut distances = index.graph.distances(vector, rows)?;
    let missing = || rows.iter().zip(&distances).filter(|(_, distance)| distance.is_none());
    if missing().next().is_none() {
        return Ok(distances);
    }
    if inner.warm_pointer()?.is_none() {
        return Ok(distances);
    }
    let asked: Vec<u64> =
        missing().map(|(row, _)| *row).filter(|row| !known.contains_key(row)).collect();
    let fetched = inner.warm.tier.distances(inner, &index.graph, vector, &asked)?;
    let fetched: Known =
        asked.into_iter().zip(fetched).filter_map(|(row, found)| Some((row, found?))).collect();
    for (row, distance) in rows.iter().zip(&mut distances) {
        if distance.is_none() {
            *distance = known.get(row).or_else(|| fetched.get(row)).copied();
        }
    }
    Ok(distances)
}
