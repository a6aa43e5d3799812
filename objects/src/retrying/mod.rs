//! Repeats requests that failed in a way that may pass, and sorts out what the first one did.

mod attempts;
mod body;
mod classify;
mod delete;
mod mark;
mod policy;
mod resolve;
mod store;

use std::sync::Arc;

use object_store::ObjectStore;

use self::attempts::Retry;
use self::mark::Marks;

pub use self::policy::RetryPolicy;

/// A store whose requests are repeated after errors that may pass: lost connections, timeouts, and
/// what services say when they are busy or broken. Answers such as "not found", "precondition
/// failed" or "not permitted" are never repeated.
///
/// - **A write whose answer was lost.** When a conditional put is repeated and meets a conflict, the
///   object there is looked at: if it is ours, the first request had its effect, and the answer is
///   success. It is ours if it has our content; so two writers of the *same* content may both be
///   told that they won, unless [`Retrying::with_marks`] tells their objects apart. If yet another
///   write came in between, the answer is the conflict, though ours had its effect for a while.
///   Deletes, copies and renames are sorted out likewise.
/// - **A read that breaks off** goes on at its position, from the same version.
/// - **Uploads and listings** are sequences of requests. Beginning one is repeated; a later error
///   ends it, unless the store repeats single requests itself, which
///   [`Retrying::with_repeating`] is for.
///
/// Needs tokio's clock: its futures must be polled within a runtime that has time enabled.
#[derive(Debug, Clone)]
pub struct Retrying {
    inner: Arc<dyn ObjectStore>,
    /// For uploads and listings.
    sequences: Arc<dyn ObjectStore>,
    retry: Arc<Retry>,
    marks: Option<Arc<Marks>>,
}

impl Retrying {
    /// Repeats the requests to `inner`.
    pub fn new(inner: Arc<dyn ObjectStore>, policy: RetryPolicy) -> Self {
        let (sequences, retry) = (Arc::clone(&inner), Arc::new(Retry::new(policy)));
        Self { inner, sequences, retry, marks: None }
    }

    /// Uses another client of the same place for multipart uploads and listings, one that repeats
    /// single requests itself.
    #[must_use]
    pub fn with_repeating(mut self, client: Arc<dyn ObjectStore>) -> Self {
        self.sequences = client;
        self
    }

    /// Gives each conditional put an attribute of its own, by which its object is known again
    /// without reading it and whatever its content. For stores that keep attributes, as the
    /// services do and [`DurableLocal`](crate::DurableLocal) does not.
    #[must_use]
    pub fn with_marks(mut self) -> Self {
        self.marks = Some(Arc::default());
        self
    }

    /// How many requests were made again so far.
    pub fn repeated(&self) -> u64 {
        self.retry.repeated()
    }
}

impl std::fmt::Display for Retrying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Retrying({})", self.inner)
    }
}
