//! Which slot each label is in.

use foldhash::fast::FixedState;

use super::nodes::NONE;

/// Labels in a page.
const PAGE: u64 = 1 << 10;

/// A map from labels to slots, in pages: labels that lie close together, as row numbers do, cost four
/// bytes each, and neighbours are found without hashing.
#[derive(Default)]
pub(super) struct Places {
    pages: hashbrown::HashMap<u64, Box<Page>, FixedState>,
    len: usize,
}

struct Page {
    slots: [u32; PAGE as usize],
    used: usize,
}

impl Places {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, label: u64) -> Option<u32> {
        let page = self.pages.get(&(label / PAGE))?;
        Some(page.slots[(label % PAGE) as usize]).filter(|slot| *slot != NONE)
    }

    /// The slots of those `labels` that have one.
    pub(super) fn get_each(&self, labels: impl Iterator<Item = u64>) -> impl Iterator<Item = u32> {
        let mut last = None;
        labels.filter_map(move |label| {
            let number = label / PAGE;
            let page = match last {
                Some((known, page)) if known == number => page,
                _ => {
                    let page = self.pages.get(&number);
                    last = Some((number, page));
                    page
                }
            };
            page.map(|page| page.slots[(label % PAGE) as usize]).filter(|slot| *slot != NONE)
        })
    }

    /// Puts `label` into `slot`; the slot that it was in.
    pub(super) fn insert(&mut self, label: u64, slot: u32) -> Option<u32> {
        let page = self
            .pages
            .entry(label / PAGE)
            .or_insert_with(|| Box::new(Page { slots: [NONE; PAGE as usize], used: 0 }));
        let place = &mut page.slots[(label % PAGE) as usize];
        let before = Some(std::mem::replace(place, slot)).filter(|before| *before != NONE);
        if before.is_none() {
            page.used += 1;
            self.len += 1;
        }
        before
    }

    pub(super) fn remove(&mut self, label: u64) -> Option<u32> {
        let page = self.pages.get_mut(&(label / PAGE))?;
        let place = &mut page.slots[(label % PAGE) as usize];
        let slot = Some(std::mem::replace(place, NONE)).filter(|slot| *slot != NONE)?;
        page.used -= 1;
        self.len -= 1;
        if page.used == 0 {
            self.pages.remove(&(label / PAGE));
        }
        Some(slot)
    }

    pub(super) fn bytes(&self) -> usize {
        self.pages.len() * size_of::<Page>() + self.pages.capacity() * (2 * size_of::<u64>() + 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_a_map(steps in proptest::collection::vec((any::<bool>(), 0..5000u64), 0..200)) {
            let (mut places, mut model) = (Places::default(), HashMap::new());
            for (nth, (add, label)) in steps.into_iter().enumerate() {
                if add {
                    prop_assert_eq!(places.insert(label, nth as u32), model.insert(label, nth as u32));
                } else {
                    prop_assert_eq!(places.remove(label), model.remove(&label));
                }
                prop_assert_eq!(places.len(), model.len());
            }
            let expected: Vec<u32> = (0..5000).filter_map(|label| model.get(&label).copied()).collect();
            prop_assert!(places.get_each(0..5000).eq(expected.iter().copied()));
            prop_assert!((0..5000).filter_map(|label| places.get(label)).eq(expected));
            for label in 0..5000 {
                places.remove(label);
            }
            prop_assert!(places.pages.is_empty());
        }
    }
}
