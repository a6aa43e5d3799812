//! What a search finds.

use headwater_primitives::RecordId;
use serde::Serialize;

use crate::text::Snippet;

/// A row that a search has found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SearchHit {
    /// The row's id.
    pub id: RecordId,
    /// How well it fits; larger is better. By words: BM25. By a vector: the cosine, the inner product,
    /// or `1 / (1 + distance)` of the squared Euclidean distance. By both: the fused score.
    pub score: f32,
    /// The distance from the vector in the store's metric, when the search and the row have one.
    pub distance: Option<f32>,
    /// The passages that the words are about, when they were asked for.
    pub snippets: Vec<Snippet>,
    /// Where it was on either side, when that was asked for.
    pub explain: Option<Explain>,
}

/// Where a hit was on either side of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Explain {
    /// By the words; `None` when it has none of them, or was not among the best.
    pub text: Option<Side>,
    /// By the vector; `None` when it was not among the nearest.
    pub vector: Option<Side>,
}

/// A place on one side of a search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Side {
    /// Counted from 1; 0 for a hit that was scored on this side without being among its best.
    pub rank: usize,
    /// The side's own score.
    pub score: f32,
}

/// A hit with its row.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<T> {
    /// How it was found.
    pub hit: SearchHit,
    /// The row.
    pub row: T,
}
