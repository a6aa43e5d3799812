//! What a search needs for itself, kept from one search to the next.

use std::sync::{Mutex, PoisonError};

use super::pool::{Candidate, Pool};
use crate::distance::LANES;

/// Buffers of one search or insertion.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) visited: Visited,
    pub(super) pool: Pool,
    /// Nodes whose distances are computed next.
    pub(super) batch: Vec<u32>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) selected: Vec<u32>,
    pub(super) query: Aligned,
}

/// Which nodes a search has seen: a node is seen when its tag is that of the search, so that most
/// searches begin without clearing anything.
#[derive(Default)]
pub(super) struct Visited {
    tags: Vec<u8>,
    tag: u8,
}

impl Visited {
    /// Forgets everything; makes room for `nodes`.
    pub(super) fn reset(&mut self, nodes: usize) {
        if self.tag == u8::MAX {
            self.tags.fill(0);
            self.tag = 0;
        }
        self.tag += 1;
        if self.tags.len() < nodes {
            self.tags.resize(nodes.next_power_of_two(), 0);
        }
    }

    /// Marks a node; whether it was not marked before.
    #[inline]
    pub(super) fn insert(&mut self, slot: u32) -> bool {
        let tag = &mut self.tags[slot as usize];
        let new = *tag != self.tag;
        *tag = self.tag;
        new
    }
}

/// A padded vector that begins on a cache line.
#[derive(Default)]
pub(super) struct Aligned {
    numbers: Vec<f32>,
    start: usize,
    length: usize,
}

impl Aligned {
    /// Takes `vector`, padded with zeros to `length` numbers.
    pub(super) fn set(&mut self, vector: &[f32], length: usize) {
        self.numbers.clear();
        self.numbers.resize(length + LANES, 0.0);
        self.start = self.numbers.as_ptr().align_offset(64).min(LANES);
        self.length = length;
        self.numbers[self.start..self.start + vector.len()].copy_from_slice(vector);
    }

    /// Multiplies every number by `scale`.
    pub(super) fn scale(&mut self, scale: f64) {
        if scale != 1.0 {
            let scaled = |number: &mut f32| *number = (f64::from(*number) * scale) as f32;
            self.numbers.iter_mut().for_each(scaled);
        }
    }

    pub(super) fn get(&self) -> &[f32] {
        &self.numbers[self.start..self.start + self.length]
    }
}

/// Scratches that are not in use.
#[derive(Default)]
pub(super) struct Scratches(Mutex<Vec<Scratch>>);

impl Scratches {
    /// Runs `work` with a scratch of its own.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut Scratch) -> R) -> R {
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = idle.unwrap_or_default();
        let result = work(&mut scratch);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_forgets_what_was_seen_however_often() {
        let mut visited = Visited::default();
        for round in 0..600 {
            visited.reset(10);
            assert!(visited.insert(3), "round {round}");
            assert!(!visited.insert(3) && visited.insert(4));
        }
    }

    #[test]
    fn a_query_is_padded_and_begins_on_a_cache_line() {
        let mut query = Aligned::default();
        for _ in 0..3 {
            query.set(&[1.0; 20], 32);
            assert_eq!(query.get(), [[1.0; 20].as_slice(), &[0.0; 12]].concat());
            assert!(query.get().as_ptr().addr().is_multiple_of(64));
        }
    }
}
