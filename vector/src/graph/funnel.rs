//! Searching on the first numbers of each vector, then on more of them.

use super::Neighbor;
use super::nodes::Nodes;
use super::pool::Candidate;
use super::scratch::Scratch;
use crate::distance::{self, LANES};
use crate::metric::Metric;
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
        let Scratch { pool, batch, .. } = scratch;
        let Some((first, others)) = prefixes.split_first() else { return Vec::new() };
        pool.reset(keep);
        match accept {
            None => {
                let live = (0..self.slots() as u32).filter(|slot| self.is_live(*slot));
                live.for_each(|slot| pool.push(self.prefix_distance(query, slot, *first), slot));
            }
            Some(accept) => {
                for slot in self.by_label.get_each(accept.iter()) {
                    pool.push(self.prefix_distance(query, slot, *first), slot);
                }
            }
        }
        let mut keep = keep;
        for prefix in others {
            batch.clear();
            batch.extend(pool.as_slice().iter().map(|found| found.slot()));
            // Each step knows more, so it may keep less.
            keep = (keep / 2).max(k);
            pool.reset(keep);
            batch.iter().for_each(|slot| {
                pool.push(self.prefix_distance(query, *slot, *prefix), *slot);
            });
        }
        batch.clear();
        batch.extend(pool.as_slice().iter().map(|found: &Candidate| found.slot()));
        pool.reset(k);
        self.each_distance(query, batch, |slot, distance| pool.push(distance, slot));
        self.answer(pool.as_slice(), k)
    }

    /// The distance by the first `prefix` numbers.
    fn prefix_distance(&self, query: &[f32], slot: u32, prefix: usize) -> f32 {
        let vector = &self.vector(slot)[..prefix];
        let query = &query[..prefix];
        let (lines, rest) = vector.split_at(prefix - prefix % LANES);
        let (query_lines, query_rest) = query.split_at(lines.len());
        let pairs = || query_rest.iter().zip(rest);
        if self.options.metric == Metric::L2 {
            let square = |(a, b): (&f32, &f32)| (a - b) * (a - b);
            return self.kernel.distance(query_lines, lines) + pairs().map(square).sum::<f32>();
        }
        let dot = distance::dot(query_lines, lines) + pairs().map(|(a, b)| a * b).sum::<f32>();
        if self.options.metric == Metric::Dot {
            return -dot;
        }
        let square = distance::dot(lines, lines) + rest.iter().map(|b| b * b).sum::<f32>();
        // The query's own length is the same for all. A prefix of zeros is like nothing.
        if square > 0.0 { -dot / square.sqrt() } else { f32::MAX }
    }
}
