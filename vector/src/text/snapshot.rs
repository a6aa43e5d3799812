//! All rows at one moment, in the index or in its tail, as searches see them.

use std::sync::Arc;

use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::Field;
use tantivy::{Searcher, Term};

use super::schema::Setup;
use super::segment::Segment;

/// The rows of an index, or of an index and its tail, at one moment. Later changes do not touch it.
///
/// It counts terms and lengths over the living rows of both, so a row's score is the same wherever
/// the row is.
pub(crate) struct Snapshot {
    pub(super) setup: Arc<Setup>,
    /// Of the index alone: what tantivy wants a query to be prepared for. It has the schema.
    pub(super) searcher: Searcher,
    pub(super) segments: Vec<Segment>,
    rows: u64,
    length: u64,
}

impl Snapshot {
    pub(super) fn new(setup: Arc<Setup>, searcher: Searcher, segments: Vec<Segment>) -> Self {
        let rows = segments.iter().map(Segment::living).sum();
        let length = segments.iter().map(Segment::length).sum();
        Snapshot { setup, searcher, segments, rows, length }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn average_length(&self) -> f32 {
        self.length as f32 / self.rows.max(1) as f32
    }
}

impl Bm25StatisticsProvider for Snapshot {
    fn total_num_tokens(&self, _: Field) -> tantivy::Result<u64> {
        Ok(self.length)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.rows)
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        self.segments.iter().map(|segment| segment.frequency(term)).sum()
    }
}
