//! Making a search.

use headwater_primitives::{Error, ErrorKind, RecordId, Result};

use super::fuse::{Hits, Ranked, fuse, union};
use super::nearest::{self, FoundWarm, Known};
use super::{Explain, Fusion, Query, SearchHit, Side, feedback};
use crate::graph::Neighbor;
use crate::index::{SearchIndex, View};
use crate::metric::Metric;
use crate::row_set::RowSet;
use crate::rows;
use crate::store::Inner;
use crate::table::place;
use crate::text::{SnippetOptions, TextQuery};

/// Rows that each side of a search by both gives.
const DEPTH: usize = 100;
/// Rows kept, at least, for each one wanted when only prefixes were compared.
const OVERSAMPLING: usize = 10;
/// How often a search begins anew because rows that it found were deleted meanwhile.
const ATTEMPTS: usize = 8;

/// The best rows for `query`.
pub(super) fn run(inner: &Inner, query: &Query) -> Result<Vec<SearchHit>> {
    let index = inner.search_index()?;
    for attempt in 1.. {
        let view = || {
            let words = query.text.is_some();
            index.view(&inner.namespace, &inner.changes, query.filter.as_ref(), words)
        };
        let first = view()?;
        // The warm tier is asked first: what gets another embedding meanwhile is in the graph by the
        // time that this is asked.
        let warm = nearest::of_warm(inner, index, &first, query, depth(query))?;
        let view = match &warm {
            Some(_) => view()?,
            None => first,
        };
        let (ranked, known) = rank(inner, index, &view, query, warm.as_ref())?;
        if warm.is_some_and(|warm| index.has_let_go_since(warm.moves)) {
            if attempt >= ATTEMPTS {
                return Err(too_busy(inner));
            }
            continue;
        }
        let numbers: Vec<i64> = ranked.iter().map(|ranked| ranked.row as i64).collect();
        if !index.was_whole(&view) {
            continue;
        }
        let ids = inner.namespace.query(|sql| rows::ids(sql, &inner.table, &numbers))?;
        if ids.iter().all(Option::is_some) || attempt >= ATTEMPTS {
            let hits = ranked.into_iter().zip(ids);
            let hits = hits.filter_map(|(ranked, id)| Some((ranked, id?)));
            return complete_hits(inner, index, query, &known, hits.collect());
        }
    }
    Ok(Vec::new())
}

/// How many rows each side has to give.
fn depth(query: &Query) -> usize {
    let several = query.text.is_some() && query.vector.is_some() || query.feedback > 0;
    if several { DEPTH.max(query.limit.saturating_mul(2)) } else { query.limit }
}

/// The best rows, and the distances that were measured on the way.
fn rank(
    inner: &Inner,
    index: &SearchIndex,
    view: &View,
    query: &Query,
    warm: Option<&FoundWarm>,
) -> Result<(Vec<Ranked>, Known)> {
    let mut known = Known::new();
    let metric = index.graph.options().metric;
    let depth = depth(query);
    let text = match &query.text {
        Some(text) => by_text(view, text, depth, view.accept.as_deref())?,
        None => Hits::new(),
    };
    let vector = match &query.vector {
        Some(vector) => {
            let hot = by_vector(index, view, query, vector, depth)?;
            let found = nearest::merged(hot, warm, depth);
            known.extend(found.iter().map(|found| (found.label, found.distance)));
            found.iter().map(|found| (found.label, score(metric, found.distance))).collect()
        }
        None => Hits::new(),
    };
    let mut rows = union(&text, &vector);
    if let (Some(text), Some(vector), Fusion::Weighted { .. }) =
        (&query.text, &query.vector, query.fusion)
    {
        complete(inner, index, view, text, vector, &known, &mut rows)?;
    }
    if let (Some(vector), true) = (&query.vector, query.feedback > 0) {
        feedback::apply(inner, index, query, vector, &mut rows)?;
    }
    order(query, &mut rows, query.limit);
    Ok((rows, known))
}

/// Scores the rows, and leaves the best `limit`. Those of one side are in their order already.
pub(super) fn order(query: &Query, rows: &mut Vec<Ranked>, limit: usize) {
    if query.text.is_some() && query.vector.is_some() {
        return fuse(rows, query.fusion, limit);
    }
    rows.truncate(limit);
    for row in rows {
        let Explain { text, vector } = row.explain;
        row.score = text.or(vector).map_or(0.0, |side| side.score);
    }
}

fn by_text(view: &View, query: &TextQuery, k: usize, accept: Option<&RowSet>) -> Result<Hits> {
    let accepts = |row: i64| accept.is_none_or(|accept| accept.contains(row as u64));
    let accepts: Option<&dyn Fn(i64) -> bool> = accept.is_some().then_some(&accepts);
    let Some(text) = &view.text else { return Ok(Hits::new()) };
    let hits = text.search(query, k, accepts)?;
    Ok(hits.iter().map(|hit| (hit.row as u64, hit.score)).collect())
}

fn by_vector(
    index: &SearchIndex,
    view: &View,
    query: &Query,
    vector: &[f32],
    k: usize,
) -> Result<Vec<Neighbor>> {
    let accept = view.accept.as_deref();
    if k == 0 {
        return Ok(Vec::new());
    }
    if query.exact {
        return index.graph.scan(vector, k, accept);
    }
    if let Some(times) = query.oversampling {
        let found = index.graph.scan_codes(vector, k, k.saturating_mul(times), accept)?;
        return found.map_or_else(|| index.graph.scan(vector, k, accept), Ok);
    }
    if !query.prefixes.is_empty() {
        let keep = k.saturating_mul(OVERSAMPLING).max(query.candidates);
        return index.graph.funnel(vector, k, keep, &query.prefixes, accept);
    }
    index.graph.search(vector, k, query.candidates, accept)
}

/// Gives each row that one side has found the score that the other side would give it.
fn complete(
    inner: &Inner,
    index: &SearchIndex,
    view: &View,
    text: &TextQuery,
    vector: &[f32],
    known: &Known,
    rows: &mut [Ranked],
) -> Result<()> {
    let metric = index.graph.options().metric;
    let labels: Vec<u64> = rows.iter().map(|row| row.row).collect();
    for (row, distance) in
        rows.iter_mut().zip(nearest::distances(inner, index, vector, known, &labels)?)
    {
        if row.explain.vector.is_none() {
            let side = |distance| Side { rank: 0, score: score(metric, distance) };
            row.explain.vector = distance.map(side);
        }
    }
    let missing = rows.iter().filter(|row| row.explain.text.is_none());
    let missing: RowSet = missing.map(|row| row.row).collect();
    let mut found = by_text(view, text, missing.len(), Some(&missing))?;
    found.sort_unstable_by_key(|(row, _)| *row);
    for row in rows.iter_mut().filter(|row| row.explain.text.is_none()) {
        let at = found.binary_search_by_key(&row.row, |(row, _)| *row);
        row.explain.text = at.ok().map(|at| Side { rank: 0, score: found[at].1 });
    }
    Ok(())
}

/// A distance as a score: larger is better.
pub(super) fn score(metric: Metric, distance: f32) -> f32 {
    match metric {
        Metric::Cosine => 1.0 - distance,
        Metric::Dot => -distance,
        Metric::L2 => 1.0 / (1.0 + distance),
    }
}

fn too_busy(inner: &Inner) -> Error {
    Error::new(
        ErrorKind::SnapshotTooOld,
        format!(
            "{}: embeddings moved during each of {ATTEMPTS} attempts to search: try again",
            place(&inner.table.name)
        ),
    )
}

/// Adds to the rows what is asked for beside them.
fn complete_hits(
    inner: &Inner,
    index: &SearchIndex,
    query: &Query,
    known: &Known,
    hits: Vec<(Ranked, RecordId)>,
) -> Result<Vec<SearchHit>> {
    let labels: Vec<u64> = hits.iter().map(|(ranked, _)| ranked.row).collect();
    let distances = match &query.vector {
        Some(vector) => nearest::distances(inner, index, vector, known, &labels)?,
        None => vec![None; labels.len()],
    };
    let hits = hits.into_iter().zip(distances);
    let hits = hits.map(|((ranked, id), distance)| {
        let snippets = match (&query.highlight, &query.text) {
            (Some(options), Some(text)) => snippets(inner, index, text, ranked.row, options)?,
            _ => Vec::new(),
        };
        let explain = query.explain.then_some(ranked.explain);
        Ok(SearchHit { id, score: ranked.score, distance, snippets, explain })
    });
    hits.collect()
}

fn snippets(
    inner: &Inner,
    index: &SearchIndex,
    query: &TextQuery,
    row: u64,
    options: &SnippetOptions,
) -> Result<Vec<crate::text::Snippet>> {
    let text = inner.namespace.query(|sql| rows::text(sql, &inner.table, row as i64))?;
    Ok(text.map_or(Vec::new(), |text| index.text.highlight(query, &text, options)))
}
