//! The vectors by slot, as they were inserted: what was deleted keeps its slot.

use foldhash::fast::FixedState;
use headwater_primitives::{Error, ErrorKind, Result};

use super::FEW;
use crate::distance::{Kernel, padded};
use crate::graph::{Arena, GraphOptions, Neighbor, Pool};
use crate::row_set::RowSet;

/// Padded vectors, and which of them are there.
pub(super) struct Vectors {
    kernel: Kernel,
    numbers: Arena<f32>,
    labels: Vec<u64>,
    is_live: Vec<bool>,
    by_label: hashbrown::HashMap<u64, u32, FixedState>,
}

impl Vectors {
    pub(super) fn new(options: &GraphOptions) -> Vectors {
        Vectors {
            kernel: Kernel::of(options.metric),
            numbers: Arena::new(padded(options.dimensions)),
            labels: Vec::new(),
            is_live: Vec::new(),
            by_label: Default::default(),
        }
    }

    /// Vectors that are there.
    pub(super) fn len(&self) -> usize {
        self.by_label.len()
    }

    /// Slots, of what is there and of what was.
    pub(super) fn slots(&self) -> usize {
        self.labels.len()
    }

    /// Whether so much was deleted that searches take too long.
    pub(super) fn is_worn(&self) -> bool {
        let gone = self.slots() - self.len();
        gone > FEW && gone * 5 > self.len()
    }

    /// The slots of what is there.
    pub(super) fn live(&self) -> Vec<u32> {
        (0..self.slots() as u32).filter(|slot| self.is_live[*slot as usize]).collect()
    }

    pub(super) fn get(&self, slot: u32) -> &[f32] {
        self.numbers.get(slot)
    }

    pub(super) fn label(&self, slot: u32) -> u64 {
        self.labels[slot as usize]
    }

    /// Takes a padded vector under `label`, in the place of what was there. Its slot.
    pub(super) fn push(&mut self, label: u64, vector: &[f32]) -> Result<u32> {
        let slots = self.slots();
        // `hnsw_rs` numbers the vectors of a level as `i32`.
        if slots >= i32::MAX as usize {
            let message = format!("an index of hnsw_rs holds at most {} vectors", i32::MAX);
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let slot = slots as u32;
        self.numbers.reserve(slots + 1)?;
        self.numbers.get_mut(slot).copy_from_slice(vector);
        self.remove(label);
        self.labels.push(label);
        self.is_live.push(true);
        self.by_label.insert(label, slot);
        Ok(slot)
    }

    /// Removes what is under `label`; whether there was anything.
    pub(super) fn remove(&mut self, label: u64) -> bool {
        let slot = self.by_label.remove(&label);
        if let Some(slot) = slot {
            self.is_live[slot as usize] = false;
        }
        slot.is_some()
    }

    /// The `k` nearest of all that `accept` holds.
    pub(super) fn scan(&self, query: &[f32], k: usize, accept: Option<&RowSet>) -> Vec<Neighbor> {
        match accept {
            Some(accept) if accept.len() < self.len() / 4 => {
                let slots = accept.iter().filter_map(|label| self.by_label.get(&label).copied());
                self.nearest(query, k, None, slots)
            }
            _ => self.nearest(query, k, accept, 0..self.slots() as u32),
        }
    }

    /// The `k` nearest of those in `slots` that are there, and that `accept` holds.
    pub(super) fn nearest(
        &self,
        query: &[f32],
        k: usize,
        accept: Option<&RowSet>,
        slots: impl Iterator<Item = u32>,
    ) -> Vec<Neighbor> {
        let mut pool = Pool::default();
        pool.reset(k);
        for slot in slots.filter(|slot| self.is_live[*slot as usize]) {
            if accept.is_none_or(|accept| accept.contains(self.label(slot))) {
                pool.push(self.kernel.distance(query, self.get(slot)), slot);
            }
        }
        let neighbor = |found: &crate::graph::Candidate| Neighbor {
            label: self.label(found.slot()),
            distance: found.distance,
        };
        let mut found: Vec<Neighbor> = pool.as_slice().iter().map(neighbor).collect();
        found.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.label.cmp(&b.label)));
        found
    }
}
