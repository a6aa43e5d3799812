//! A read that has been described but not yet made.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::block_on;
use crate::error::{Error, ErrorKind};
use crate::writer::Writer;

/// A read. Nothing happens until it is awaited or [waited](Read::wait) for; then it sees every write
/// that was acknowledged before. What memory or the hot tier answers is answered on the caller's
/// thread, and is ready at the first poll; what has to come from the lake is awaited.
#[must_use = "a read happens only when it is awaited or waited for"]
pub struct Read<T, E = Error>(State<T, E>);

/// What a read that has begun comes to.
pub enum Answer<T, E = Error> {
    /// It is here.
    Now(Result<T, E>),
    /// It comes from elsewhere. The future does no blocking of its own: a runtime does the I/O.
    Later(Pin<Box<dyn Future<Output = Result<T, E>> + Send>>),
}

enum State<T, E> {
    Described(Box<dyn FnOnce() -> Answer<T, E> + Send>),
    Begun(Answer<T, E>),
    Finished,
}

impl<T, E> Read<T, E> {
    /// A read that runs `run` when it is waited for.
    pub fn new(run: impl FnOnce() -> Result<T, E> + Send + 'static) -> Self {
        Read::answered(move || Answer::Now(run()))
    }

    /// A read that runs `begin` when it is waited for, which may leave the rest to a future.
    pub fn answered(begin: impl FnOnce() -> Answer<T, E> + Send + 'static) -> Self {
        Read(State::Described(Box::new(begin)))
    }

    /// A read whose answer is known, such as one that was refused when it was described.
    pub fn ready(result: Result<T, E>) -> Self {
        Read(State::Begun(Answer::Now(result)))
    }

    /// The same read with `change` applied to its answer.
    pub fn and_then<U>(self, change: impl FnOnce(T) -> Result<U, E> + Send + 'static) -> Read<U, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        Read::answered(move || self.begin().and_then(change))
    }

    /// Makes the read as far as it goes on this thread.
    pub fn begin(self) -> Answer<T, E> {
        match self.0 {
            State::Described(begin) => begin(),
            State::Begun(answer) => answer,
            State::Finished => panic!("a read handle was waited for after it had completed"),
        }
    }

    /// Makes the read.
    ///
    /// # Errors
    /// What the read failed with. `WouldDeadlock` inside a transaction's closure when the answer is in
    /// the lake, since all writers would wait for it.
    pub fn wait(self) -> Result<T, E>
    where
        E: From<Error>,
    {
        match self.begin() {
            Answer::Now(result) => result,
            Answer::Later(_) if Writer::is_current_thread() => Err(E::from(stalls_writers())),
            Answer::Later(rest) => block_on(rest),
        }
    }
}

impl<T, E> Answer<T, E> {
    /// The same answer with `change` applied to it.
    pub fn and_then<U>(
        self,
        change: impl FnOnce(T) -> Result<U, E> + Send + 'static,
    ) -> Answer<U, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        match self {
            Answer::Now(result) => Answer::Now(result.and_then(change)),
            Answer::Later(rest) => {
                Answer::Later(Box::pin(async move { rest.await.and_then(change) }))
            }
        }
    }
}

fn stalls_writers() -> Error {
    Error::new(
        ErrorKind::WouldDeadlock,
        "this read has to go to the lake, and inside a transaction's closure all writers would wait \
         for it: make it before the transaction",
    )
}

impl<T, E> Unpin for Read<T, E> {}

impl<T, E> Future for Read<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let state = std::mem::replace(&mut self.0, State::Finished);
        match Read(state).begin() {
            Answer::Now(result) => Poll::Ready(result),
            Answer::Later(mut rest) => {
                let polled = rest.as_mut().poll(context);
                if polled.is_pending() {
                    self.0 = State::Begun(Answer::Later(rest));
                }
                polled
            }
        }
    }
}
