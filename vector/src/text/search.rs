//! The best rows for a query.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use headwater_primitives::Result;
use tantivy::query::{EnableScoring, Weight};
use tantivy::{DocId, Score};

use super::error::failed;
use super::query::{TextQuery, compile};
use super::segment::Segment;
use super::snapshot::Snapshot;

/// A row that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TextHit {
    /// Its label.
    pub(crate) row: i64,
    /// Its score by BM25 (k1 = 1.2, b = 0.75): larger is better.
    pub(crate) score: f32,
}

impl Snapshot {
    /// The `k` best rows for `query`, best first, among those that `accept` wants; rows of equal
    /// score by label. Exactly as many as there are, up to `k`.
    ///
    /// Cost: O(postings of the query's words), and less for a query of plain words, where blocks of
    /// postings that cannot reach the k best are passed over (block-max WAND). `accept` is asked only
    /// for rows that would be among the k best so far.
    ///
    /// # Errors
    /// `TooLarge` when the query's words fall into too many pieces; those of reading the index.
    pub(crate) fn search(
        &self,
        query: &TextQuery,
        k: usize,
        accept: Option<&dyn Fn(i64) -> bool>,
    ) -> Result<Vec<TextHit>> {
        if k == 0 || self.rows() == 0 {
            return Ok(Vec::new());
        }
        let Some(query) = compile(query, self)? else { return Ok(Vec::new()) };
        let scoring = EnableScoring::enabled_from_statistics_provider(self, &self.searcher);
        let hits = query.weight(scoring).and_then(|weight| {
            let mut best = Best::new(k, self.rows());
            for segment in &self.segments {
                self.collect(weight.as_ref(), segment, accept, &mut best)?;
            }
            Ok(best.into_hits())
        });
        hits.map_err(failed("cannot search the text index"))
    }

    fn collect(
        &self,
        weight: &dyn Weight,
        segment: &Segment,
        accept: Option<&dyn Fn(i64) -> bool>,
        best: &mut Best,
    ) -> tantivy::Result<()> {
        let certainty = certainty(segment.average_length(), self.average_length());
        let threshold = best.threshold() * certainty;
        let mut look = |document: DocId, score: Score| {
            if !segment.is_dead(document) && best.wants(score) {
                let row = segment.row(document);
                if accept.is_none_or(|accept| accept(row)) {
                    best.offer(TextHit { row, score });
                }
            }
            best.threshold() * certainty
        };
        weight.for_each_pruning(threshold, segment.reader(), &mut look)
    }
}

/// The share of a score that block maxima are sure to reach.
///
/// A block's maximum is kept as the document that scored best at the average length of then. With
/// f = tf / (tf + K), K linear in 1 / average, another average changes f by a factor between 1 and the
/// ratio of the averages, so another document may score better, but by no more than that ratio.
fn certainty(then: f32, now: f32) -> f32 {
    match then > 0.0 && now > 0.0 {
        true => (then / now).min(now / then),
        false => 1.0,
    }
}

/// The best hits so far.
struct Best {
    most: usize,
    /// The worst on top.
    hits: BinaryHeap<Ranked>,
}

/// A hit that is greater the worse it is.
struct Ranked(TextHit);

impl Best {
    fn new(k: usize, rows: u64) -> Self {
        let most = k.min(usize::try_from(rows).unwrap_or(usize::MAX));
        Best { most, hits: BinaryHeap::new() }
    }

    fn worst(&self) -> Option<Score> {
        (self.hits.len() == self.most).then(|| self.hits.peek().map(|worst| worst.0.score))?
    }

    /// What a score has to be above to matter: equal ones may have a smaller label.
    fn threshold(&self) -> Score {
        self.worst().map_or(Score::MIN, Score::next_down)
    }

    fn wants(&self, score: Score) -> bool {
        self.worst().is_none_or(|worst| score >= worst)
    }

    fn offer(&mut self, hit: TextHit) {
        self.hits.push(Ranked(hit));
        if self.hits.len() > self.most {
            self.hits.pop();
        }
    }

    fn into_hits(self) -> Vec<TextHit> {
        self.hits.into_sorted_vec().into_iter().map(|ranked| ranked.0).collect()
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = other.0.score.total_cmp(&self.0.score);
        by_score.then(self.0.row.cmp(&other.0.row))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}
