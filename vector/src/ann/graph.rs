//! Our own graph as an index.

use std::io::{Read, Write};

use headwater_cdc::Position;
use headwater_primitives::Result;

use super::AnnIndex;
use crate::graph::{Graph, Neighbor};
use crate::metric::Metric;
use crate::row_set::RowSet;

impl AnnIndex for Graph {
    fn dimensions(&self) -> usize {
        self.options().dimensions
    }

    fn metric(&self) -> Metric {
        self.options().metric
    }

    fn len(&self) -> usize {
        Graph::len(self)
    }

    fn insert(&self, label: u64, vector: &[f32]) -> Result<()> {
        Graph::insert(self, label, vector)
    }

    /// Repairs the graph when a fifth of it is removed.
    fn delete(&self, label: u64) -> Result<bool> {
        let was_there = self.remove(label);
        self.repair();
        Ok(was_there)
    }

    fn search(
        &self,
        query: &[f32],
        k: usize,
        candidates: usize,
        accept: Option<&RowSet>,
    ) -> Result<Vec<Neighbor>> {
        Graph::search(self, query, k, candidates, accept)
    }

    fn save(&self, mut out: &mut dyn Write, applied: Position) -> Result<()> {
        Graph::save(self, &mut out, applied)
    }

    fn load(mut input: &mut dyn Read) -> Result<(Graph, Position)> {
        Graph::load(&mut input)
    }
}
