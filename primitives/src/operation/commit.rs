//! A write that has been described but not yet made.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::slot::{Filled, Slot};
use super::{Read, block_on};
use crate::error::Error;
use crate::writer::{Accepting, Transaction, Work, WriteOptions, Writer};

type Run<T, E> = Box<dyn FnOnce(&Transaction<'_>) -> Result<T, E> + Send>;

/// A write. Nothing happens until it is awaited, [waited](Commit::wait) for or
/// [submitted](Commit::submit); once accepted by the writer, dropping the handle does not cancel it.
#[must_use = "a write happens only when it is awaited, waited for or submitted"]
pub struct Commit<T, E = Error>(State<T, E>);

enum State<T, E> {
    Refused(E),
    /// What has to be read before the write can be described.
    Preparing(Box<Read<Commit<T, E>, E>>),
    Described {
        writer: Arc<Writer>,
        options: WriteOptions,
        run: Run<T, E>,
    },
    Accepting {
        accepting: Accepting,
        slot: Arc<Slot<Result<T, E>>>,
    },
    Accepted(Filled<Result<T, E>>),
    Finished,
}

impl<T, E> Commit<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    pub(crate) fn new(writer: Arc<Writer>, options: WriteOptions, run: Run<T, E>) -> Self {
        Commit(State::Described { writer, options, run })
    }

    /// A write that was refused when it was described: every way to wait for it gives `error`.
    pub fn refused(error: E) -> Self {
        Commit(State::Refused(error))
    }

    /// A write that needs something to be read first, off the writer thread: `read` gives the write
    /// itself. It takes its place among the others once that is done.
    pub fn after(read: Read<Commit<T, E>, E>) -> Self {
        Commit(State::Preparing(Box::new(read)))
    }

    /// The same write with `change` applied to what it returns. Runs on the writer thread, before
    /// the commit, so keep it small.
    pub fn map<U: Send + 'static>(
        self,
        change: impl FnOnce(T) -> U + Send + 'static,
    ) -> Commit<U, E> {
        match self.0 {
            State::Described { writer, options, run } => Commit(State::Described {
                writer,
                options,
                run: Box::new(move |tx| run(tx).map(change)),
            }),
            State::Refused(error) => Commit(State::Refused(error)),
            State::Preparing(read) => Commit::after(read.and_then(|commit| Ok(commit.map(change)))),
            _ => unreachable!("`map` takes the handle before it can be polled"),
        }
    }

    /// The same write, with `options` in place of those it was described with.
    pub fn with(mut self, options: WriteOptions) -> Self {
        if let State::Preparing(read) = self.0 {
            return Commit::after(read.and_then(|commit| Ok(commit.with(options))));
        }
        if let State::Described { options: current, .. } = &mut self.0 {
            let scope = current.scope;
            *current = options;
            current.scope = scope;
        }
        self
    }

    /// Makes the write and blocks until it is as durable as asked.
    ///
    /// # Errors
    /// What the work returned, or why the writer refused or lost it. `WouldDeadlock` on the writer
    /// thread itself, that is inside a transaction's closure.
    pub fn wait(self) -> Result<T, E> {
        if Writer::is_current_thread() {
            return Err(E::from(would_deadlock()));
        }
        block_on(self)
    }

    /// Waits for a place in the writer's queue, and returns a handle on the result, so that many
    /// writes can be in flight at once. Writes are made in the order in which they were accepted.
    pub fn submit(self) -> Submit<T, E> {
        Submit(Some(self))
    }

    fn accept(&mut self) {
        if let State::Described { writer, options, run } =
            std::mem::replace(&mut self.0, State::Finished)
        {
            let slot = Slot::new();
            let work = Job { run: Some(run), outcome: None, slot: Some(slot.clone()) };
            let accepting = writer.accept(options, Box::new(work));
            self.0 = State::Accepting { accepting, slot };
        }
    }

    /// Drives the handle until the writer has accepted it; the result in between is an early end.
    fn poll_accepted(&mut self, context: &mut Context<'_>) -> Poll<Result<(), E>> {
        loop {
            match &mut self.0 {
                State::Preparing(read) => match Pin::new(&mut **read).poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(commit)) => self.0 = commit.0,
                    Poll::Ready(Err(error)) => {
                        self.0 = State::Finished;
                        return Poll::Ready(Err(error));
                    }
                },
                State::Described { .. } => self.accept(),
                State::Accepting { accepting, slot } => match Pin::new(accepting).poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(error)) => {
                        self.0 = State::Finished;
                        return Poll::Ready(Err(E::from(error)));
                    }
                    Poll::Ready(Ok(())) => {
                        let slot = slot.clone();
                        self.0 = State::Accepted(Filled(slot));
                        return Poll::Ready(Ok(()));
                    }
                },
                State::Accepted(_) => return Poll::Ready(Ok(())),
                State::Refused(_) => match std::mem::replace(&mut self.0, State::Finished) {
                    State::Refused(error) => return Poll::Ready(Err(error)),
                    _ => unreachable!("just matched"),
                },
                State::Finished => panic!("a commit handle was polled after it had completed"),
            }
        }
    }
}

impl<T, E> Unpin for Commit<T, E> {}

impl<T, E> Future for Commit<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(Err(error)) = self.poll_accepted(context) {
            return Poll::Ready(Err(error));
        }
        match &mut self.0 {
            State::Accepted(filled) => Pin::new(filled).poll(context),
            _ => Poll::Pending,
        }
    }
}

/// Waits for a place in the writer's queue. Made by [`Commit::submit`].
#[must_use = "a write is submitted only when this is awaited or waited for"]
pub struct Submit<T, E = Error>(Option<Commit<T, E>>);

impl<T, E> Submit<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    /// Blocks until the writer has accepted the write.
    ///
    /// # Errors
    /// `Closed`, or what the write was refused with when it was described.
    pub fn wait(self) -> Result<Pending<T, E>, E> {
        if Writer::is_current_thread() {
            return Err(E::from(would_deadlock()));
        }
        block_on(self)
    }
}

impl<T, E> Future for Submit<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    type Output = Result<Pending<T, E>, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(commit) = self.0.as_mut() else {
            panic!("a submit handle was polled after it had completed");
        };
        match commit.poll_accepted(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(accepted) => {
                let commit = self.0.take();
                Poll::Ready(accepted.and_then(|()| match commit.map(|commit| commit.0) {
                    Some(State::Accepted(filled)) => Ok(Pending(filled)),
                    _ => Err(E::from(crate::writer::closed())),
                }))
            }
        }
    }
}

/// A write that the writer has accepted. Await it, or [`wait`](Pending::wait) for it; dropping it
/// does not cancel the write.
pub struct Pending<T, E = Error>(Filled<Result<T, E>>);

impl<T, E> Pending<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    /// Blocks until the write is as durable as asked.
    ///
    /// # Errors
    /// What the work returned, or why the writer lost it.
    pub fn wait(self) -> Result<T, E> {
        if Writer::is_current_thread() {
            return Err(E::from(would_deadlock()));
        }
        block_on(self)
    }
}

impl<T, E> Future for Pending<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

fn would_deadlock() -> Error {
    Error::new(
        crate::error::ErrorKind::WouldDeadlock,
        "waiting for a write inside a transaction would wait for itself: \
         use the transaction's own handle (`within(tx)`) instead",
    )
}

/// One caller's closure and the slot that its result goes to.
struct Job<T, E: From<Error>> {
    run: Option<Run<T, E>>,
    outcome: Option<Result<T, E>>,
    slot: Option<Arc<Slot<Result<T, E>>>>,
}

impl<T, E> Work for Job<T, E>
where
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, transaction: &Transaction<'_>) -> bool {
        let outcome = self.run.take().map(|run| run(transaction));
        let succeeded = matches!(outcome, Some(Ok(_)));
        self.outcome = outcome;
        succeeded
    }

    fn fail(&mut self, error: Error) {
        self.outcome = Some(Err(E::from(error)));
    }

    fn has_failed(&self) -> bool {
        matches!(self.outcome, Some(Err(_)))
    }

    fn acknowledge(&mut self) {
        if let (Some(slot), Some(outcome)) = (self.slot.take(), self.outcome.take()) {
            slot.fill(outcome);
        }
    }
}

impl<T, E: From<Error>> Drop for Job<T, E> {
    /// A job that the writer never came to tells its caller so.
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.fill(Err(E::from(crate::writer::closed())));
        }
    }
}
