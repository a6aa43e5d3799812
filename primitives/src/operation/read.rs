//! A read that has been described but not yet made.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::block_on;
use crate::error::Error;

const FINISHED: &str = "a read handle was waited for after it had completed";

/// A read. Nothing happens until it is awaited or [waited](Read::wait) for; then it sees every write
/// that was acknowledged before. What memory or the hot tier answers is answered on the caller's
/// thread, and ready at the first poll; what has to be fetched from elsewhere comes later.
#[must_use = "a read happens only when it is awaited or waited for"]
pub struct Read<T, E = Error>(State<T, E>);

/// What a read comes to when it is first looked at.
pub enum Answer<T, E = Error> {
    /// It is known.
    Now(Result<T, E>),
    /// Somebody else is at it, on threads of their own.
    Later(Pin<Box<dyn Future<Output = Result<T, E>> + Send>>),
}

impl<T, E> Answer<T, E> {
    fn and_then<U>(self, change: impl FnOnce(T) -> Result<U, E> + Send + 'static) -> Answer<U, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        match self {
            Answer::Now(result) => Answer::Now(result.and_then(change)),
            Answer::Later(later) => {
                Answer::Later(Box::pin(async move { later.await.and_then(change) }))
            }
        }
    }
}

enum State<T, E> {
    Ready(Result<T, E>),
    Described(Box<dyn FnOnce() -> Answer<T, E> + Send>),
    Later(Pin<Box<dyn Future<Output = Result<T, E>> + Send>>),
    Finished,
}

impl<T, E> Read<T, E> {
    /// A read that runs `run` when it is waited for.
    pub fn new(run: impl FnOnce() -> Result<T, E> + Send + 'static) -> Self {
        Read::answered(move || Answer::Now(run()))
    }

    /// A read that runs `run` when it is waited for, which may leave the rest of the work to others.
    pub fn answered(run: impl FnOnce() -> Answer<T, E> + Send + 'static) -> Self {
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
        Read::answered(move || match self.0 {
            State::Ready(result) => Answer::Now(result).and_then(change),
            State::Described(run) => run().and_then(change),
            State::Later(later) => Answer::Later(later).and_then(change),
            State::Finished => panic!("{FINISHED}"),
        })
    }

    /// Makes the read.
    ///
    /// # Errors
    /// What the read failed with.
    pub fn wait(self) -> Result<T, E> {
        match self.0 {
            State::Ready(result) => result,
            State::Described(run) => match run() {
                Answer::Now(result) => result,
                Answer::Later(later) => block_on(later),
            },
            State::Later(later) => block_on(later),
            State::Finished => panic!("{FINISHED}"),
        }
    }
}

impl<T, E> Unpin for Read<T, E> {}

impl<T, E> Future for Read<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut later = match std::mem::replace(&mut self.0, State::Finished) {
            State::Ready(result) => return Poll::Ready(result),
            State::Described(run) => match run() {
                Answer::Now(result) => return Poll::Ready(result),
                Answer::Later(later) => later,
            },
            State::Later(later) => later,
            State::Finished => panic!("{FINISHED}"),
        };
        let polled = later.as_mut().poll(context);
        if polled.is_pending() {
            self.0 = State::Later(later);
        }
        polled
    }
}
