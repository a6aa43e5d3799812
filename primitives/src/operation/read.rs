//! A read that has been described but not yet made.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Error;

/// A read. Nothing happens until it is awaited or [waited](Read::wait) for; then it sees every write
/// that was acknowledged before. It is answered from memory or from the hot tier, on the caller's
/// thread, and is ready at the first poll.
#[must_use = "a read happens only when it is awaited or waited for"]
pub struct Read<T, E = Error>(State<T, E>);

enum State<T, E> {
    Ready(Result<T, E>),
    Described(Box<dyn FnOnce() -> Result<T, E> + Send>),
    Finished,
}

impl<T, E> Read<T, E> {
    /// A read that runs `run` when it is waited for.
    pub fn new(run: impl FnOnce() -> Result<T, E> + Send + 'static) -> Self {
        Read(State::Described(Box::new(run)))
    }

    /// A read whose answer is known, such as one that was refused when it was described.
    pub fn ready(result: Result<T, E>) -> Self {
        Read(State::Ready(result))
    }

    /// The same read with `change` applied to its answer.
    pub fn and_then<U>(self, change: impl FnOnce(T) -> Result<U, E> + Send + 'static) -> Read<U, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        Read::new(move || self.wait().and_then(change))
    }

    /// Makes the read.
    ///
    /// # Errors
    /// What the read failed with.
    pub fn wait(self) -> Result<T, E> {
        match self.0 {
            State::Ready(result) => result,
            State::Described(run) => run(),
            State::Finished => panic!("a read handle was waited for after it had completed"),
        }
    }
}

impl<T, E> Unpin for Read<T, E> {}

impl<T, E> Future for Read<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let state = std::mem::replace(&mut self.0, State::Finished);
        Poll::Ready(Read(state).wait())
    }
}
