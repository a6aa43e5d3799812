//! How often, how long and how patiently.

use std::time::Duration;

use crate::random::Random;

/// How failed requests are repeated: after exponentially growing pauses, each cut to a random part,
/// until either budget is used up.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// Requests in all, the first included; at least 1.
    pub attempts: u32,
    /// No request begins later than this after the first.
    pub give_up_after: Duration,
    /// The longest pause before the second request; each next one may be twice as long.
    pub first_pause: Duration,
    /// No pause is longer.
    pub longest_pause: Duration,
    /// Makes the pauses the same in each run; for tests.
    pub seed: Option<u64>,
}

impl Default for RetryPolicy {
    /// Ten requests within three minutes, pauses from 100 ms to 15 s.
    fn default() -> Self {
        Self {
            attempts: 10,
            give_up_after: Duration::from_secs(180),
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(15),
            seed: None,
        }
    }
}

impl RetryPolicy {
    /// The pause before the request after `failed` failed ones: a random time up to the bound, so
    /// that clients that failed together do not come back together ("full jitter", Brooker,
    /// *Exponential Backoff and Jitter*, 2015).
    pub(super) fn pause(&self, failed: u32, random: &Random) -> Duration {
        let doubled = 1_u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX);
        let bound = self.first_pause.saturating_mul(doubled).min(self.longest_pause);
        bound.mul_f64(random.fraction())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_differ() {
        let policy = RetryPolicy { seed: Some(1), ..RetryPolicy::default() };
        let random = Random::new(policy.seed);
        let longest = |failed| {
            let pauses = (0..200).map(|_| policy.pause(failed, &random));
            pauses.max().unwrap()
        };
        let (first, third, last) = (longest(1), longest(3), longest(40));
        assert!(first <= policy.first_pause && first > policy.first_pause / 2);
        assert!(third <= policy.first_pause * 4 && third > policy.first_pause * 2);
        assert!(last <= policy.longest_pause && last > policy.longest_pause / 2);
    }
}
