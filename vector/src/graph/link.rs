//! Linking a staged node: found out with the graph shared, done with the graph to oneself.

use std::ops::Range;

use super::nodes::{Nodes, State};
use super::pool::Candidate;
use super::scratch::Scratch;

/// All that linking one node will change.
#[derive(Default)]
pub(super) struct Plan {
    slot: u32,
    /// The slot's stamp by then: another vector may come into the slot meanwhile.
    stamp: u32,
    /// [`Nodes::era`] when it was made.
    era: u64,
    words: Vec<u32>,
    /// The node's own neighbours, from its highest level down.
    lists: Vec<(u8, Range<usize>)>,
    backlinks: Vec<Backlink>,
}

/// A neighbour whose links are full: its links before, and after.
struct Backlink {
    neighbour: u32,
    level: u8,
    before: Range<usize>,
    after: Range<usize>,
}

impl Plan {
    fn begin(&mut self, slot: u32, stamp: u32, era: u64) {
        self.slot = slot;
        self.stamp = stamp;
        self.era = era;
        self.words.clear();
        self.lists.clear();
        self.backlinks.clear();
    }

    fn add(&mut self, words: &[u32]) -> Range<usize> {
        let start = self.words.len();
        self.words.extend_from_slice(words);
        start..self.words.len()
    }
}

impl Nodes {
    /// Finds out what linking `slot` takes. Nothing is changed, so many may do it at once.
    pub(super) fn plan(&self, slot: u32, scratch: &mut Scratch, plan: &mut Plan) {
        plan.begin(slot, self.stamps[slot as usize], self.era);
        let vector = self.vector(slot);
        let level = self.levels[slot as usize];
        let (Some(mut entry), Some(top)) = (self.descend(vector, level), self.top()) else {
            return;
        };
        for level in (0..=level.min(top)).rev() {
            self.walk(vector, entry, level, self.options.candidates, scratch);
            let Scratch { pool, candidates, selected, .. } = scratch;
            entry = pool.as_slice()[0];
            candidates.clear();
            let found = pool.as_slice().iter().filter(|found| {
                self.states[found.slot() as usize] != State::Condemned && found.slot() != slot
            });
            candidates.extend(found);
            self.select(candidates, self.options.links, selected);
            let list = plan.add(selected);
            plan.lists.push((level, list.clone()));
            for at in list {
                let neighbour = plan.words[at];
                if self.links(neighbour, level).len() == self.capacity(level) {
                    self.plan_backlink(neighbour, level, scratch, plan);
                }
            }
        }
    }

    /// The highest level that has a node.
    fn top(&self) -> Option<u8> {
        self.entry.map(|entry| self.levels[entry as usize])
    }

    fn plan_backlink(&self, neighbour: u32, level: u8, scratch: &mut Scratch, plan: &mut Plan) {
        let before = plan.add(self.links(neighbour, level));
        self.select_with(neighbour, level, plan.slot, scratch);
        let after = plan.add(&scratch.selected);
        plan.backlinks.push(Backlink { neighbour, level, before, after });
    }

    /// Chooses the neighbours of a full node anew, with `newcomer` among the candidates.
    fn select_with(&self, node: u32, level: u8, newcomer: u32, scratch: &mut Scratch) {
        let Scratch { candidates, selected, .. } = scratch;
        let vector = self.vector(node);
        candidates.clear();
        self.each_distance(vector, self.links(node, level), |slot, distance| {
            candidates.push(Candidate::new(distance, slot));
        });
        let distance = self.kernel.distance(vector, self.vector(newcomer));
        candidates.push(Candidate::new(distance, newcomer));
        candidates.sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance));
        self.select(candidates, self.capacity(level), selected);
    }

    /// Does what was planned, as far as it still holds. Whether the node is linked now: not when it
    /// was removed or replaced meanwhile, or the plan names nodes that may no longer be linked to, or none.
    pub(super) fn apply(&mut self, plan: &Plan, scratch: &mut Scratch) -> bool {
        let slot = plan.slot;
        let leads_nowhere = plan.words.is_empty() && self.entry.is_some();
        let is_old = self.era != plan.era || self.stamps[slot as usize] != plan.stamp;
        if is_old || leads_nowhere || self.states[slot as usize] != State::Staged {
            return false;
        }
        for (level, list) in &plan.lists {
            self.set_links(slot, *level, &plan.words[list.clone()]);
            for neighbour in &plan.words[list.clone()] {
                self.link_back(*neighbour, *level, plan, scratch);
            }
        }
        self.states[slot as usize] = State::Linked;
        self.staged.remove(slot);
        let level = self.levels[slot as usize];
        if self.entry.is_none_or(|entry| self.levels[entry as usize] < level) {
            self.entry = Some(slot);
        }
        true
    }

    fn link_back(&mut self, neighbour: u32, level: u8, plan: &Plan, scratch: &mut Scratch) {
        let links = self.links(neighbour, level);
        if links.len() < self.capacity(level) {
            let at = links.len();
            self.link_places_mut(neighbour, level)[at] = plan.slot;
            return;
        }
        let planned = plan
            .backlinks
            .iter()
            .find(|planned| planned.neighbour == neighbour && planned.level == level)
            .filter(|planned| plan.words[planned.before.clone()] == *links);
        match planned {
            Some(planned) => self.set_links(neighbour, level, &plan.words[planned.after.clone()]),
            // Somebody else has linked to it since.
            None => {
                self.select_with(neighbour, level, plan.slot, scratch);
                self.set_links(neighbour, level, &scratch.selected);
            }
        }
    }
}
