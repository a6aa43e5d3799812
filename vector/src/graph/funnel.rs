//! Searching on the first numbers of each vector, then on more of them.

use super::Neighbor;
use super::nodes::Nodes;
use super::scratch::Scratch;
use crate::quantize::{Stage, narrow};
use crate::row_set::RowSet;

impl Nodes {
    /// See [`Graph::funnel`](super::Graph::funnel).
    pub(super) fn funnel(
        &self,
        query: &[f32],
        k: usize,
        keep: usize,
        prefixes: &[usize],
        accept: Option<&RowSet>,
        scratch: &mut Scratch,
    ) -> Vec<Neighbor> {
        // Each step knows more, so it may keep less.
        let keeps = std::iter::successors(Some(keep), |keep| Some((keep / 2).max(k)));
        let stages = prefixes.iter().zip(keeps);
        let stages = stages.map(|(dimensions, keep)| Stage { dimensions: *dimensions, keep });
        let (vector, metric) = (|slot| self.vector(slot), self.options.metric);
        let found = match accept {
            None => {
                let live = (0..self.slots() as u32).filter(|slot| self.is_live(*slot));
                narrow(vector, live, query, metric, stages, k)
            }
            Some(accept) => {
                let accepted = self.by_label.get_each(accept.iter());
                narrow(vector, accepted, query, metric, stages, k)
            }
        };
        let Scratch { pool, batch, .. } = scratch;
        batch.clear();
        batch.extend(found.iter().map(|found| found.slot));
        pool.reset(k);
        self.each_distance(query, batch, |slot, distance| pool.push(distance, slot));
        self.answer(pool.as_slice(), k)
    }
}
