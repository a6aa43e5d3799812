//! Where ids come from: UUIDv7, from the system or from a seed.

use std::sync::Mutex;

use uuid::Uuid;

use crate::time::Timestamp;

/// Where a namespace takes its ids from.
pub trait IdSource: Send + Sync {
    /// A UUIDv7 that no earlier call returned. `now` is its time part.
    fn next(&self, now: Timestamp) -> Uuid;
}

/// UUIDv7 from the operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    fn next(&self, now: Timestamp) -> Uuid {
        // A v4 is the crate's way to 122 random bits; the time part is laid over it.
        from_parts(now, Uuid::new_v4().as_u128())
    }
}

/// UUIDv7 from a seed: the same seed and the same times give the same ids.
#[derive(Debug)]
pub struct SeededIds(Mutex<u64>);

impl SeededIds {
    /// Ids from `seed`.
    pub fn new(seed: u64) -> Self {
        SeededIds(Mutex::new(seed))
    }
}

impl IdSource for SeededIds {
    fn next(&self, now: Timestamp) -> Uuid {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let high = splitmix64(&mut state);
        let low = splitmix64(&mut state);
        from_parts(now, (u128::from(high) << 64) | u128::from(low))
    }
}

/// The UUIDv7 that belongs to a record of a log: derived, so that it need not be stored.
pub fn derived_id(now: Timestamp, epoch: u64, sequence: u64) -> Uuid {
    let mut state = epoch.rotate_left(32) ^ sequence;
    let high = splitmix64(&mut state);
    let low = splitmix64(&mut state);
    from_parts(now, (u128::from(high) << 64) | u128::from(low))
}

fn from_parts(now: Timestamp, random: u128) -> Uuid {
    let millis = u128::try_from(now.as_millis()).unwrap_or(0) & 0xffff_ffff_ffff;
    let bits = (millis << 80)
        | (0x7 << 76)
        | (((random >> 64) & 0xfff) << 64)
        | (0b10 << 62)
        | (random & 0x3fff_ffff_ffff_ffff);
    Uuid::from_u128(bits)
}

fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_and_carry_the_time() {
        let now = Timestamp(1_700_000_000_123_000);
        for id in [SystemIds.next(now), SeededIds::new(1).next(now), derived_id(now, 1, 2)] {
            assert_eq!(id.get_version_num(), 7);
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
            assert_eq!(id.as_u128() >> 80, 1_700_000_000_123);
        }
    }

    #[test]
    fn a_seed_repeats_its_ids() {
        let now = Timestamp(0);
        let (a, b) = (SeededIds::new(9), SeededIds::new(9));
        let ids: Vec<_> = (0..4).map(|_| a.next(now)).collect();
        assert_eq!(ids, (0..4).map(|_| b.next(now)).collect::<Vec<_>>());
        assert_ne!(ids[0], ids[1]);
    }
}
