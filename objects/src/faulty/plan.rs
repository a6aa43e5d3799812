//! Rules, and the decision whether one strikes.

use std::collections::HashMap;
use std::hash::Hasher;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use object_store::Error;

use super::pattern::matches;
use super::record::{Injected, Operation};
use crate::random::{fraction, mix};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An error, and nothing was done.
    ErrorBefore,
    /// An error, though it was done.
    ErrorAfter,
    /// No answer for this long, then an error that says so; nothing was done.
    TimeoutBefore(Duration),
    /// No answer for this long, then an error that says so; it was done.
    TimeoutAfter(Duration),
    /// A put or a completed upload leaves only a beginning of its content under the key, then an
    /// error: what a store without atomic writes does. A part or body breaks off halfway. Where
    /// nothing can be torn it is [`Fault::ErrorBefore`].
    Torn,
    /// An answer that comes this much later.
    Slow(Duration),
}

/// When a fault is injected. Without restrictions: into every request.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    fault: Fault,
    operations: Vec<Operation>,
    keys: String,
    chance: f64,
    skip: u64,
    times: u64,
}

impl Rule {
    /// Injects `fault` into every request.
    pub fn new(fault: Fault) -> Self {
        let (operations, keys) = (Vec::new(), "*".into());
        Self { fault, operations, keys, chance: 1.0, skip: 0, times: u64::MAX }
    }

    /// Only into requests of this kind; called again, also of another.
    #[must_use]
    pub fn operation(mut self, operation: Operation) -> Self {
        self.operations.push(operation);
        self
    }

    /// Only for keys of this form; `*` stands for any characters.
    #[must_use]
    pub fn keys(mut self, pattern: impl Into<String>) -> Self {
        self.keys = pattern.into();
        self
    }

    /// Only in this share of the requests, from 0 to 1.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    /// Lets the first `requests` of each operation on a key pass.
    #[must_use]
    pub fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// Strikes each operation on a key at most this often.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    fn concerns(&self, operation: Operation, key: &str) -> bool {
        (self.operations.is_empty() || self.operations.contains(&operation))
            && matches(&self.keys, key)
    }
}

#[derive(Debug)]
pub(super) struct Plan {
    seed: u64,
    rules: Vec<Rule>,
    state: Mutex<State>,
}

#[derive(Debug, Default, Clone)]
struct State {
    /// Requests so far.
    requests: HashMap<(Operation, String), u64>,
    /// Strikes so far, by the rule's number.
    strikes: HashMap<(usize, Operation, String), u64>,
    injected: Vec<Injected>,
}

impl Plan {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, rules: Vec::new(), state: Mutex::default() }
    }

    pub(super) fn with(&self, rule: Rule) -> Self {
        let rules = self.rules.iter().cloned().chain([rule]).collect();
        Self { seed: self.seed, rules, state: Mutex::new(self.state().clone()) }
    }

    pub(super) fn injected(&self) -> Vec<Injected> {
        self.state().injected.clone()
    }

    /// Counts a request and decides what happens to it.
    pub(super) fn strike(&self, operation: Operation, key: &str) -> Option<Fault> {
        let mut state = self.state();
        let requests = state.requests.entry((operation, key.to_owned())).or_default();
        let earlier = *requests;
        *requests += 1;
        for (number, rule) in self.rules.iter().enumerate() {
            let strikes = (number, operation, key.to_owned());
            let struck = state.strikes.get(&strikes).copied().unwrap_or_default();
            if rule.concerns(operation, key)
                && earlier >= rule.skip
                && struck < rule.times
                && self.draw(number, operation, key, earlier) < rule.chance
            {
                state.strikes.insert(strikes, struck + 1);
                let (fault, key) = (rule.fault, key.to_owned());
                state.injected.push(Injected { operation, key, earlier, fault });
                return Some(fault);
            }
        }
        None
    }

    /// A number in `0.0..1.0` that depends on nothing but the seed and the arguments.
    fn draw(&self, rule: usize, operation: Operation, key: &str, earlier: u64) -> f64 {
        let mut hasher = Fnv(mix(self.seed));
        hasher.write(format!("{rule} {operation:?} {earlier} {key}").as_bytes());
        fraction(mix(hasher.finish()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// FNV-1a, which is the same in every build, unlike the standard library's hasher.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The error that a caller gets to see.
pub(super) fn error(operation: Operation, key: &str, fault: Fault) -> Error {
    let said = match fault {
        Fault::TimeoutBefore(_) | Fault::TimeoutAfter(_) => "no answer",
        _ => "internal error",
    };
    let source = format!("{said} to {operation:?} {key:?} (injected)").into();
    Error::Generic { store: "Faulty", source }
}
