//! The nearest nodes seen so far, in order, and which of them are still to be expanded.

/// A node at a distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) distance: f32,
    /// The node's slot; the highest bit says that it was expanded.
    tagged: u32,
}

const EXPANDED: u32 = 1 << 31;

impl Candidate {
    pub(crate) fn new(distance: f32, slot: u32) -> Self {
        Candidate { distance, tagged: slot }
    }

    #[inline]
    pub(crate) fn slot(self) -> u32 {
        self.tagged & !EXPANDED
    }
}

/// At most `capacity` candidates, nearest first: the queue of what to expand and the result in one
/// sorted array, which for the sizes of a search beats two heaps (as in NSG, Fu et al. 2019).
#[derive(Default)]
pub(crate) struct Pool {
    candidates: Vec<Candidate>,
    capacity: usize,
    /// All before it are expanded.
    next: usize,
}

impl Pool {
    pub(crate) fn reset(&mut self, capacity: usize) {
        self.candidates.clear();
        self.candidates.reserve(capacity + 1);
        self.capacity = capacity;
        self.next = 0;
    }

    /// Takes a candidate unless the pool is full of nearer ones. A distance that is not a number, as
    /// of numbers so large that their products are infinite, is as far as can be.
    #[inline]
    pub(crate) fn push(&mut self, mut distance: f32, slot: u32) {
        if self.candidates.len() == self.capacity {
            // What is not a number is nearer than nothing.
            let is_nearer = self.candidates.last().is_some_and(|last| distance < last.distance);
            if !is_nearer {
                return;
            }
            self.candidates.pop();
        } else if distance.is_nan() {
            distance = f32::INFINITY;
        }
        let at = self.candidates.partition_point(|other| other.distance <= distance);
        self.candidates.insert(at, Candidate::new(distance, slot));
        self.next = self.next.min(at);
    }

    /// The nearest candidate that was not expanded, which it is from now on.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<u32> {
        while let Some(candidate) = self.candidates.get_mut(self.next) {
            self.next += 1;
            if candidate.tagged & EXPANDED == 0 {
                candidate.tagged |= EXPANDED;
                return Some(candidate.slot());
            }
        }
        None
    }

    /// What [`pop`](Self::pop) would give next, as far as is known.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u32> {
        self.candidates.get(self.next).map(|candidate| candidate.slot())
    }

    pub(crate) fn as_slice(&self) -> &[Candidate] {
        &self.candidates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_stay_and_each_is_expanded_once() {
        let mut pool = Pool::default();
        pool.reset(3);
        for (distance, slot) in [(5.0, 5), (1.0, 1), (f32::NAN, 9), (3.0, 3)] {
            pool.push(distance, slot);
        }
        assert_eq!(pool.pop(), Some(1));
        pool.push(0.5, 0);
        pool.push(9.0, 9);
        pool.push(f32::NAN, 9);
        assert_eq!(pool.as_slice().iter().map(|c| c.slot()).collect::<Vec<_>>(), [0, 1, 3]);
        assert_eq!((pool.pop(), pool.pop(), pool.pop()), (Some(0), Some(3), None));
    }
}
