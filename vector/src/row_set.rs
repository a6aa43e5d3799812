//! A set of row numbers: what a filter has let through.

/// Rows in a page.
const PAGE: u64 = 1 << 14;
const WORDS: usize = (PAGE / 64) as usize;

/// A set of row numbers as a bitmap in pages; pages without a row are not kept.
///
/// Cost: a bit per row number up to the largest one, and two loads for [`contains`](Self::contains).
#[derive(Clone, Default)]
pub struct RowSet {
    pages: Vec<Option<Box<[u64; WORDS]>>>,
    len: usize,
}

impl RowSet {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `row` is in the set.
    #[inline]
    pub fn contains(&self, row: u64) -> bool {
        let page = self.pages.get((row / PAGE) as usize).and_then(Option::as_ref);
        page.is_some_and(|page| page[(row % PAGE / 64) as usize] >> (row % 64) & 1 != 0)
    }

    /// Adds `row`; whether it was not there.
    pub fn insert(&mut self, row: u64) -> bool {
        let at = (row / PAGE) as usize;
        if self.pages.len() <= at {
            self.pages.resize_with(at + 1, || None);
        }
        let page = self.pages[at].get_or_insert_with(|| Box::new([0; WORDS]));
        let word = &mut page[(row % PAGE / 64) as usize];
        let new = *word >> (row % 64) & 1 == 0;
        *word |= 1 << (row % 64);
        self.len += usize::from(new);
        new
    }

    /// Takes `row` away; whether it was there.
    pub fn remove(&mut self, row: u64) -> bool {
        let was = self.contains(row);
        if was && let Some(page) = &mut self.pages[(row / PAGE) as usize] {
            page[(row % PAGE / 64) as usize] &= !(1 << (row % 64));
            self.len -= 1;
        }
        was
    }

    /// The rows, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let pages = self.pages.iter().enumerate();
        let pages = pages.filter_map(|(at, page)| Some((at as u64 * PAGE, page.as_ref()?)));
        pages.flat_map(|(first, page)| {
            let words = page.iter().enumerate();
            words.flat_map(move |(at, word)| {
                Bits(*word).map(move |bit| first + at as u64 * 64 + bit)
            })
        })
    }

    /// About `count` rows from all over the set.
    pub(crate) fn spread(&self, count: usize) -> impl Iterator<Item = u64> + '_ {
        let pages: Vec<_> =
            self.pages.iter().enumerate().filter(|(_, page)| page.is_some()).collect();
        (0..count).filter_map(move |nth| {
            let place = nth * pages.len() * WORDS / count;
            let (at, page) = pages.get(place / WORDS)?;
            let page = page.as_ref()?;
            let words = (place % WORDS..WORDS).chain(0..place % WORDS);
            let word = words.into_iter().find(|word| page[*word] != 0)?;
            let bit = u64::from(page[word].trailing_zeros());
            Some(*at as u64 * PAGE + word as u64 * 64 + bit)
        })
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let pages = self.pages.iter().flatten().count();
        pages * size_of::<[u64; WORDS]>() + self.pages.capacity() * size_of::<usize>()
    }
}

impl FromIterator<u64> for RowSet {
    fn from_iter<I: IntoIterator<Item = u64>>(rows: I) -> Self {
        let mut set = RowSet::default();
        for row in rows {
            set.insert(row);
        }
        set
    }
}

/// The places of the bits that are set, lowest first.
struct Bits(u64);

impl Iterator for Bits {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.0 == 0 {
            return None;
        }
        let bit = u64::from(self.0.trailing_zeros());
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_a_set(steps in proptest::collection::vec((any::<bool>(), 0..100_000u64), 0..200)) {
            let (mut set, mut model) = (RowSet::default(), BTreeSet::new());
            for (add, row) in steps {
                if add {
                    prop_assert_eq!(set.insert(row), model.insert(row));
                } else {
                    prop_assert_eq!(set.remove(row), model.remove(&row));
                }
                prop_assert_eq!(set.contains(row), model.contains(&row));
            }
            prop_assert_eq!(set.len(), model.len());
            prop_assert!(set.iter().eq(model.iter().copied()));
            prop_assert!(set.spread(8).all(|row| model.contains(&row)));
            prop_assert_eq!(set.spread(8).count() > 0, !model.is_empty());
        }
    }
}
