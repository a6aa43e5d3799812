//! The best of many candidates, kept in bounded memory.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A slot and how far its vector is from the query, by the estimate or measure that found it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The slot of the vector.
    pub slot: u32,
    /// Its distance, in the unit of the metric; smaller is nearer.
    pub distance: f32,
}

/// Keeps the nearest `keep` candidates that it is shown. Of equal distances the lower slot is nearer.
pub(super) struct Nearest {
    keep: usize,
    heap: BinaryHeap<Farthest>,
}

impl Nearest {
    pub(super) fn new(keep: usize) -> Nearest {
        Nearest { keep, heap: BinaryHeap::new() }
    }

    /// Whether a candidate at `distance`, in a slot above all that were kept, would be kept.
    pub(super) fn wants(&self, distance: f32) -> bool {
        self.heap.len() < self.keep
            || self.heap.peek().is_some_and(|worst| distance < worst.0.distance)
    }

    /// Keeps `candidate` if it is among the nearest.
    pub(super) fn push(&mut self, candidate: Candidate) {
        if self.heap.len() < self.keep {
            self.heap.push(Farthest(candidate));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && Farthest(candidate) < *worst
        {
            *worst = Farthest(candidate);
        }
    }

    /// What was kept, the nearest first.
    pub(super) fn into_sorted(self) -> Vec<Candidate> {
        self.heap.into_sorted_vec().into_iter().map(|Farthest(candidate)| candidate).collect()
    }
}

/// Ordered so that the top of the heap is the farthest.
struct Farthest(Candidate);

impl Ord for Farthest {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_distance = self.0.distance.total_cmp(&other.0.distance);
        by_distance.then(self.0.slot.cmp(&other.0.slot))
    }
}

impl PartialOrd for Farthest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Farthest {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Farthest {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_kept_in_order_and_ties_go_to_the_lower_slot() {
        let mut nearest = Nearest::new(3);
        for (slot, distance) in [(4, 1.0), (9, 2.0), (1, 5.0), (7, 1.0), (2, 2.0), (0, 9.0)] {
            nearest.push(Candidate { slot, distance });
        }
        assert!(nearest.wants(1.5) && !nearest.wants(2.0));
        let slots: Vec<u32> = nearest.into_sorted().iter().map(|found| found.slot).collect();
        assert_eq!(slots, [4, 7, 2]);
    }

    #[test]
    fn nothing_is_kept_when_nothing_is_wanted() {
        let mut nearest = Nearest::new(0);
        assert!(!nearest.wants(0.0));
        nearest.push(Candidate { slot: 0, distance: 0.0 });
        assert!(nearest.into_sorted().is_empty());
    }
}
