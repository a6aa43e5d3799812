//! One operation's attempts: counts them, and waits between them.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use object_store::{Error, Result};
use tokio::time::Instant;

use super::classify::may_pass;
use super::policy::RetryPolicy;
use crate::random::Random;

/// What all operations of a store share.
#[derive(Debug)]
pub(super) struct Retry {
    policy: RetryPolicy,
    random: Random,
    repeated: AtomicU64,
}

impl Retry {
    pub(super) fn new(policy: RetryPolicy) -> Self {
        let random = Random::new(policy.seed);
        Self { policy, random, repeated: AtomicU64::new(0) }
    }

    /// How many requests were made again.
    pub(super) fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// Runs `attempt` until it succeeds, fails for good, or the policy's budget is used up.
    pub(super) async fn run<T, F>(&self, mut attempt: impl FnMut(Attempt) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut attempts = Attempts::new();
        loop {
            match attempt(attempts.next()).await {
                Ok(value) => return Ok(value),
                Err(error) => attempts.failed(self, error).await?,
            }
        }
    }
}

/// Which attempt it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    First,
    /// An earlier one failed in a way that leaves open whether it had its effect.
    Repeated,
}

/// The failed attempts of one operation.
#[derive(Debug)]
pub(super) struct Attempts {
    started: Instant,
    failed: u32,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), failed: 0 }
    }

    fn next(&self) -> Attempt {
        if self.failed == 0 { Attempt::First } else { Attempt::Repeated }
    }

    /// Waits until the next attempt.
    ///
    /// # Errors
    /// The error itself, when there is to be no next attempt.
    pub(super) async fn failed(&mut self, retry: &Retry, error: Error) -> Result<()> {
        let policy = &retry.policy;
        self.failed = self.failed.saturating_add(1);
        if !may_pass(&error) {
            return Err(error);
        }
        let pause = policy.pause(self.failed, &retry.random);
        let late = self.started.elapsed() + pause > policy.give_up_after;
        if self.failed >= policy.attempts || late {
            return Err(self.exhausted(error));
        }
        retry.repeated.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn exhausted(&self, error: Error) -> Error {
        if self.failed == 1 {
            return error;
        }
        let (attempts, elapsed) = (self.failed, self.started.elapsed());
        Error::Generic {
            store: "Retrying",
            source: Box::new(Exhausted { attempts, elapsed, last: error }),
        }
    }
}

/// Says that it was not for want of trying.
#[derive(Debug, thiserror::Error)]
#[error("failed {attempts} times in {elapsed:.1?}, at last with: {last}")]
struct Exhausted {
    attempts: u32,
    elapsed: Duration,
    #[source]
    last: Error,
}
