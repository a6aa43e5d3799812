//! Taking removed nodes out of the graph.

use super::nodes::{Nodes, State};
use super::pool::Candidate;
use super::scratch::Scratch;

/// New links for a node, and those that they replace.
pub(super) struct Repair {
    slot: u32,
    level: u8,
    before: Vec<u32>,
    after: Vec<u32>,
}

impl Nodes {
    /// Whether so many nodes are removed that they make searches slower.
    pub(super) fn needs_repair(&self) -> bool {
        self.removed > 64 && self.removed * 5 > self.len()
    }

    /// Begins a repair: nothing links to the nodes that are removed by now from here on. The era that
    /// lasts until its end.
    pub(super) fn condemn(&mut self) -> u64 {
        self.era += 1;
        let removed = self.states.iter_mut().filter(|state| **state == State::Removed);
        removed.for_each(|state| *state = State::Condemned);
        self.era
    }

    /// New links for the nodes in `slots` that have links to condemned ones: of what remains, and of
    /// what the condemned ones led to, the best (FreshDiskANN, Singh et al. 2021, algorithm 4).
    pub(super) fn plan_repairs(
        &self,
        slots: std::ops::Range<u32>,
        scratch: &mut Scratch,
    ) -> Vec<Repair> {
        let mut repairs = Vec::new();
        for slot in slots {
            if !matches!(self.states[slot as usize], State::Linked | State::Removed) {
                continue;
            }
            for level in 0..=self.levels[slot as usize] {
                let links = self.links(slot, level);
                if links.iter().any(|link| self.is_condemned(*link)) {
                    let before = links.to_vec();
                    self.select_past_condemned(slot, level, scratch);
                    let after = scratch.selected.clone();
                    repairs.push(Repair { slot, level, before, after });
                }
            }
        }
        repairs
    }

    pub(super) fn apply_repairs(&mut self, repairs: &[Repair], scratch: &mut Scratch) {
        for repair in repairs {
            if self.links(repair.slot, repair.level) == repair.before {
                self.set_links(repair.slot, repair.level, &repair.after);
            } else {
                self.select_past_condemned(repair.slot, repair.level, scratch);
                self.set_links(repair.slot, repair.level, &scratch.selected);
            }
        }
    }

    /// Ends a repair: frees the condemned nodes, which nothing leads to.
    pub(super) fn bury(&mut self) {
        if self.entry.is_some_and(|entry| self.is_condemned(entry)) {
            let left = (0..self.slots() as u32)
                .filter(|slot| {
                    matches!(self.states[*slot as usize], State::Linked | State::Removed)
                })
                .max_by_key(|slot| self.levels[*slot as usize]);
            self.entry = left;
        }
        for slot in 0..self.slots() as u32 {
            if self.is_condemned(slot) {
                self.release(slot);
                self.removed -= 1;
            }
        }
        self.era += 1;
    }

    fn is_condemned(&self, slot: u32) -> bool {
        self.states[slot as usize] == State::Condemned
    }

    fn select_past_condemned(&self, slot: u32, level: u8, scratch: &mut Scratch) {
        let vector = self.vector(slot);
        self.gather_past_condemned(slot, level, scratch);
        if scratch.batch.is_empty() {
            // All that it led to is gone: look where a newcomer would.
            if let Some(entry) = self.descend(vector, level) {
                self.walk(vector, entry, level, self.options.candidates, scratch);
                let found = scratch.pool.as_slice().iter().map(|found| found.slot());
                let useful = |found: &u32| *found != slot && !self.is_condemned(*found);
                scratch.batch.clear();
                scratch.batch.extend(found.filter(useful));
            }
        }
        let Scratch { batch, candidates, selected, .. } = scratch;
        candidates.clear();
        self.each_distance(vector, batch, |slot, distance| {
            candidates.push(Candidate::new(distance, slot));
        });
        candidates.sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance));
        self.select(candidates, self.capacity(level), selected);
    }

    /// A node's neighbours, and in the place of condemned ones theirs.
    fn gather_past_condemned(&self, slot: u32, level: u8, scratch: &mut Scratch) {
        let Scratch { visited, batch, .. } = scratch;
        visited.reset(self.slots());
        visited.insert(slot);
        batch.clear();
        for link in self.links(slot, level) {
            if !visited.insert(*link) {
                continue;
            }
            if !self.is_condemned(*link) {
                batch.push(*link);
                continue;
            }
            for second in self.links(*link, level) {
                if !self.is_condemned(*second) && visited.insert(*second) {
                    batch.push(*second);
                }
            }
        }
    }
}
