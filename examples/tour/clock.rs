//! How long things take.

use std::time::{Duration, Instant};

use crate::Outcome;

/// How often a question is asked to be timed.
const RUNS: usize = 9;

/// The median time of `ask`, and its last answer.
pub(crate) fn timed<T>(mut ask: impl FnMut() -> Outcome<T>) -> Outcome<(Duration, T)> {
    let mut once = || -> Outcome<(Duration, T)> {
        let began = Instant::now();
        let answer = ask()?;
        Ok((began.elapsed(), answer))
    };
    let (took, mut answer) = once()?;
    let mut times = vec![took];
    for _ in 1..RUNS {
        let (took, last) = once()?;
        times.push(took);
        answer = last;
    }
    Ok((median(times), answer))
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
