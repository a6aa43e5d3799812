//! The nodes that wait to be linked.

use foldhash::fast::FixedState;

/// A set of slots that can be walked through as an array.
#[derive(Default)]
pub(super) struct Staged {
    slots: Vec<u32>,
    places: hashbrown::HashMap<u32, u32, FixedState>,
}

impl Staged {
    pub(super) fn push(&mut self, slot: u32) {
        self.places.insert(slot, self.slots.len() as u32);
        self.slots.push(slot);
    }

    pub(super) fn remove(&mut self, slot: u32) {
        let Some(place) = self.places.remove(&slot) else { return };
        self.slots.swap_remove(place as usize);
        if let Some(moved) = self.slots.get(place as usize) {
            self.places.insert(*moved, place);
        }
    }

    pub(super) fn as_slice(&self) -> &[u32] {
        &self.slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_is_gone_and_the_rest_stays() {
        let mut staged = Staged::default();
        (0..6).for_each(|slot| staged.push(slot));
        for slot in [2, 5, 0, 7, 2] {
            staged.remove(slot);
        }
        let mut left = staged.as_slice().to_vec();
        left.sort_unstable();
        assert_eq!(left, [1, 3, 4]);
        for slot in left {
            staged.remove(slot);
        }
        assert!(staged.as_slice().is_empty() && staged.places.is_empty());
    }
}
