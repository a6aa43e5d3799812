//! Random numbers that follow from a seed, so that training can be repeated.

/// The splitmix64 generator of Steele, Lea and Flood (OOPSLA 2014). Not for secrets.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    /// `count` different numbers below `bound`, in random order; all of them when there are fewer.
    pub(super) fn choose(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..bound).collect();
        let count = count.min(bound);
        for place in 0..count {
            let other = place + self.below(bound - place);
            numbers.swap(place, other);
        }
        numbers.truncate(count);
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn chosen_numbers_differ_and_follow_from_the_seed() {
        let chosen = Random::new(7).choose(5, 9);
        assert_eq!(chosen, Random::new(7).choose(5, 9));
        assert_ne!(chosen, Random::new(8).choose(5, 9));
        let mut sorted = chosen;
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 5);
        assert!(sorted.iter().all(|number| *number < 9));
        assert_eq!(Random::new(7).choose(5, 3).len(), 3);
    }
}
