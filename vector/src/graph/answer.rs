//! Which way a search goes, and what it answers.

use super::Neighbor;
use super::nodes::{Nodes, State};
use super::pool::Candidate;
use super::scratch::Scratch;
use crate::row_set::RowSet;

/// A walk through accepted nodes only costs as much as looking at so many for each candidate.
const SCAN_PER_CANDIDATE: usize = 120;
/// A walk through all nodes costs as much as looking at so many for each candidate.
const WALK_PER_CANDIDATE: f64 = 32.0;
/// Where at least this share is accepted, a walk through all nodes is faster than one that has to look
/// for accepted ones behind the others.
const MANY: f64 = 0.35;
/// Accepted nodes in which a walk through accepted ones begins, beside the nearest node.
const STARTS: usize = 8;

impl Nodes {
    /// The `k` nearest nodes.
    pub(super) fn nearest(
        &self,
        query: &[f32],
        k: usize,
        ef: usize,
        scratch: &mut Scratch,
    ) -> Vec<Neighbor> {
        let ef = ef.max(k);
        match self.descend(query, 0) {
            Some(entry) => self.walk(query, entry, 0, self.allowing_for_removed(ef), scratch),
            None => scratch.pool.reset(k),
        }
        let mut answer = self.answer(scratch.pool.as_slice(), k);
        self.add_staged(query, k, None, scratch, &mut answer);
        if answer.len() < k.min(self.len()) {
            return self.scan_for(query, k, None, scratch);
        }
        answer
    }

    /// The `k` nearest nodes that `accept` holds.
    pub(super) fn nearest_accepted(
        &self,
        query: &[f32],
        k: usize,
        ef: usize,
        accept: &RowSet,
        scratch: &mut Scratch,
    ) -> Vec<Neighbor> {
        let share = (accept.len() as f64 / self.len().max(1) as f64).min(1.0);
        // Beside those that are wanted there must be room for some that are not accepted.
        let ef = ef.max(k + k / 2);
        let to_scan = match share >= MANY {
            true => (WALK_PER_CANDIDATE * ef as f64 / share) as usize,
            false => SCAN_PER_CANDIDATE * ef,
        };
        let entry = (accept.len() > to_scan).then(|| self.descend(query, 0)).flatten();
        let Some(entry) = entry else {
            return self.scan_for(query, k, Some(accept), scratch);
        };
        let accepts = |slot: u32| {
            self.states[slot as usize] == State::Linked
                && accept.contains(self.labels[slot as usize])
        };
        if share >= MANY {
            let capacity = (ef as f64 / share).ceil() as usize;
            self.walk(query, entry, 0, self.allowing_for_removed(capacity), scratch);
        } else {
            let entries = self.starts(query, entry, accept);
            self.walk_accepted(query, &entries, ef, scratch, accepts);
        }
        let found = scratch.pool.as_slice().iter().filter(|found| accepts(found.slot()));
        let mut answer = self.neighbors(found, k);
        self.add_staged(query, k, Some(accept), scratch, &mut answer);
        if answer.len() < k.min(accept.len()) {
            return self.scan_for(query, k, Some(accept), scratch);
        }
        answer
    }

    /// So many candidates that about `ef` remain without the removed ones.
    fn allowing_for_removed(&self, ef: usize) -> usize {
        let share = self.removed as f64 / (self.len() + self.removed).max(1) as f64;
        (ef as f64 / (1.0 - share.min(0.9))).ceil() as usize
    }

    fn starts(&self, query: &[f32], entry: Candidate, accept: &RowSet) -> Vec<Candidate> {
        let mut starts = vec![entry];
        for row in accept.spread(STARTS) {
            if let Some(slot) = self.by_label.get(row) {
                let distance = self.kernel.distance(query, self.vector(slot));
                starts.push(Candidate::new(distance, slot));
            }
        }
        starts
    }

    fn scan_for(
        &self,
        query: &[f32],
        k: usize,
        accept: Option<&RowSet>,
        scratch: &mut Scratch,
    ) -> Vec<Neighbor> {
        scratch.pool.reset(k);
        match accept {
            None => self.scan_all(query, scratch),
            Some(accept) => self.scan_accepted(query, accept, scratch),
        }
        self.answer(scratch.pool.as_slice(), k)
    }

    /// Puts every node into the pool.
    pub(super) fn scan_all(&self, query: &[f32], scratch: &mut Scratch) {
        let slots = 0..self.slots() as u32;
        self.scan_slots(query, slots.filter(|slot| self.is_live(*slot)), scratch);
    }

    /// Puts every node that `accept` holds into the pool.
    pub(super) fn scan_accepted(&self, query: &[f32], accept: &RowSet, scratch: &mut Scratch) {
        if accept.len() > self.len() / 4 {
            let slots = 0..self.slots() as u32;
            let accepted = slots
                .filter(|slot| self.is_live(*slot) && accept.contains(self.labels[*slot as usize]));
            return self.scan_slots(query, accepted, scratch);
        }
        let slots = self.by_label.get_each(accept.iter());
        self.scan_slots(query, slots, scratch);
    }

    fn scan_slots(&self, query: &[f32], slots: impl Iterator<Item = u32>, scratch: &mut Scratch) {
        const BATCH: usize = 32;
        let Scratch { pool, batch, .. } = scratch;
        batch.clear();
        for slot in slots {
            self.vectors.prefetch(slot, 8);
            batch.push(slot);
            if batch.len() == BATCH {
                self.each_distance(query, batch, |slot, distance| pool.push(distance, slot));
                batch.clear();
            }
        }
        self.each_distance(query, batch, |slot, distance| pool.push(distance, slot));
    }

    /// Adds the nodes that are not linked yet.
    fn add_staged(
        &self,
        query: &[f32],
        k: usize,
        accept: Option<&RowSet>,
        scratch: &mut Scratch,
        answer: &mut Vec<Neighbor>,
    ) {
        let staged = self.staged.as_slice();
        if staged.is_empty() {
            return;
        }
        scratch.pool.reset(k);
        let accepted =
            |slot: &u32| accept.is_none_or(|accept| accept.contains(self.labels[*slot as usize]));
        self.scan_slots(query, staged.iter().copied().filter(accepted), scratch);
        answer.extend(self.neighbors(scratch.pool.as_slice().iter(), k));
        answer.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.label.cmp(&b.label)));
        answer.truncate(k);
    }

    /// The first `k` of what was found that may be answers.
    pub(super) fn answer(&self, found: &[Candidate], k: usize) -> Vec<Neighbor> {
        self.neighbors(found.iter().filter(|found| self.is_live(found.slot())), k)
    }

    fn neighbors<'a>(&self, found: impl Iterator<Item = &'a Candidate>, k: usize) -> Vec<Neighbor> {
        let neighbor = |found: &Candidate| Neighbor {
            label: self.labels[found.slot() as usize],
            distance: found.distance,
        };
        let mut neighbors: Vec<Neighbor> = found.take(k).map(neighbor).collect();
        // Equals by label, so that a graph that was built again answers in the same order.
        neighbors.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.label.cmp(&b.label)));
        neighbors
    }
}
