//! The one writer: a thread that owns the write connection and commits in groups.

mod group;
mod guard;
mod options;
mod queue;
mod transaction;

pub use options::{Attributes, Scope, WriteOptions};
pub use transaction::Transaction;

pub(crate) use group::GroupCommitter;
pub(crate) use queue::{Accepting, Queue};

use std::cell::Cell;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};

/// One caller's work, with a place for its result.
pub(crate) trait Work: Send {
    /// Runs the work; whether it succeeded.
    fn run(&mut self, transaction: &Transaction<'_>) -> bool;
    /// Replaces the result by `error`.
    fn fail(&mut self, error: Error);
    /// Whether the result is an error already.
    fn has_failed(&self) -> bool;
    /// Hands the result to the caller.
    fn acknowledge(&mut self);
}

/// What waits in the queue.
pub(crate) enum Request {
    /// A caller's write.
    Write(WriteOptions, Box<dyn Work>),
    /// Copy what is left in the write-ahead log into the database, so that the log starts over.
    Checkpoint,
}

/// The callers' side of the writer.
pub(crate) struct Writer {
    queue: Arc<Queue>,
}

thread_local! {
    static IS_WRITER: Cell<bool> = const { Cell::new(false) };
}

impl Writer {
    pub(crate) fn new(queue: Arc<Queue>) -> Self {
        Writer { queue }
    }

    /// A future that waits for a place in the queue.
    pub(crate) fn accept(&self, options: WriteOptions, work: Box<dyn Work>) -> Accepting {
        Accepting::new(self.queue.clone(), Request::Write(options, work))
    }

    /// Asks for a checkpoint between two groups, and returns when it has been queued.
    pub(crate) fn request_checkpoint(&self) {
        let accepting = Accepting::new(self.queue.clone(), Request::Checkpoint);
        // A closed queue has no log to shorten.
        let _ = crate::operation::block_on(accepting);
    }

    pub(crate) fn close(&self) {
        self.queue.close();
    }

    /// Closes the queue that nobody serves any more, and tells those who still wait in it.
    pub(crate) fn abandon(&self) {
        self.queue.close();
        drop(self.queue.take_ready());
    }

    /// Whether this is the writer thread, where waiting for a write would never end.
    pub(crate) fn is_current_thread() -> bool {
        IS_WRITER.get()
    }

    /// Says that this is the writer thread.
    pub(crate) fn mark_current_thread() {
        IS_WRITER.set(true);
    }
}

/// The error of a write that comes after the close.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the namespace is closed")
}
