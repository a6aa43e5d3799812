//! Walking the graph towards a query.

use super::nodes::{NONE, Nodes, State};
use super::pool::Candidate;
use super::scratch::Scratch;

/// Cache lines of a vector that are asked for ahead; the processor goes on by itself.
const LINES_AHEAD: usize = 8;

impl Nodes {
    /// The node where the search for `query` enters `level`: the nearest that a greedy walk through
    /// the levels above finds.
    pub(super) fn descend(&self, query: &[f32], level: u8) -> Option<Candidate> {
        let entry = self.entry?;
        let mut nearest = Candidate::new(self.kernel.distance(query, self.vector(entry)), entry);
        for level in (level + 1..=self.levels[entry as usize]).rev() {
            while let Some(nearer) = self.nearer_neighbour(query, nearest, level) {
                nearest = nearer;
            }
        }
        Some(nearest)
    }

    /// The neighbour of a node that is nearest to the query, if it is nearer than the node itself.
    fn nearer_neighbour(&self, query: &[f32], from: Candidate, level: u8) -> Option<Candidate> {
        let links = self.links(from.slot(), level);
        for link in links {
            self.vectors.prefetch(*link, LINES_AHEAD);
        }
        let mut nearest = from;
        self.each_distance(query, links, |slot, distance| {
            if distance < nearest.distance {
                nearest = Candidate::new(distance, slot);
            }
        });
        (nearest.slot() != from.slot()).then_some(nearest)
    }

    /// Fills the pool with the `capacity` nearest nodes that a best-first walk from `entry` finds.
    pub(super) fn walk(
        &self,
        query: &[f32],
        entry: Candidate,
        level: u8,
        capacity: usize,
        scratch: &mut Scratch,
    ) {
        let Scratch { visited, pool, batch, .. } = scratch;
        visited.reset(self.slots());
        pool.reset(capacity);
        visited.insert(entry.slot());
        pool.push(entry.distance, entry.slot());
        while let Some(slot) = pool.pop() {
            batch.clear();
            for link in self.link_places(slot, level) {
                if *link == NONE {
                    break;
                }
                if visited.insert(*link) {
                    self.vectors.prefetch(*link, LINES_AHEAD);
                    batch.push(*link);
                }
            }
            if level == 0
                && let Some(next) = pool.peek()
            {
                self.base.prefetch(next, 2);
            }
            self.each_distance(query, batch, |slot, distance| pool.push(distance, slot));
        }
    }

    /// As [`walk`](Self::walk) in the lowest level, but through accepted nodes only: where a neighbour
    /// is not accepted, its own neighbours are looked at in its place (ACORN-1, Patel et al. 2024).
    pub(super) fn walk_accepted(
        &self,
        query: &[f32],
        entries: &[Candidate],
        capacity: usize,
        scratch: &mut Scratch,
        accept: impl Fn(u32) -> bool,
    ) {
        let Scratch { visited, pool, batch, .. } = scratch;
        visited.reset(self.slots());
        pool.reset(capacity);
        for entry in entries {
            if visited.insert(entry.slot()) {
                pool.push(entry.distance, entry.slot());
            }
        }
        let enough = 2 * self.options.links;
        while let Some(slot) = pool.pop() {
            batch.clear();
            let links = self.links(slot, 0);
            for link in links {
                self.base.prefetch(*link, 2);
            }
            for link in links {
                if visited.insert(*link) && accept(*link) {
                    self.vectors.prefetch(*link, LINES_AHEAD);
                    batch.push(*link);
                }
            }
            for link in links {
                if batch.len() >= enough {
                    break;
                }
                for second in self.links(*link, 0) {
                    if visited.insert(*second) && accept(*second) {
                        self.vectors.prefetch(*second, LINES_AHEAD);
                        batch.push(*second);
                    }
                }
            }
            self.each_distance(query, batch, |slot, distance| pool.push(distance, slot));
        }
    }

    /// Computes the distance of each node, four at a time.
    #[inline]
    pub(super) fn each_distance(
        &self,
        query: &[f32],
        slots: &[u32],
        mut each: impl FnMut(u32, f32),
    ) {
        let fours = slots.chunks_exact(4);
        let rest = fours.remainder();
        for four in fours {
            let vectors = [0, 1, 2, 3].map(|at| self.vector(four[at]));
            let distances = self.kernel.distances(query, vectors);
            for (slot, distance) in four.iter().zip(distances) {
                each(*slot, distance);
            }
        }
        for slot in rest {
            each(*slot, self.kernel.distance(query, self.vector(*slot)));
        }
    }

    /// Whether a node may be an answer.
    #[inline]
    pub(super) fn is_live(&self, slot: u32) -> bool {
        matches!(self.states[slot as usize], State::Linked | State::Staged)
    }
}
