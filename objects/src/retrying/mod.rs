//! Repeats requests that failed in a way that may pass, and sorts out what the first one did.

mod attempts;
mod body;
mod classify;
mod delete;
mod policy;
mod resolve;
mod store;

use std::sync::Arc;

use object_store::ObjectStore;

use self::attempts::Retry;

pub use self::policy::RetryPolicy;

/// A store whose requests are repeated after errors that may pass: lost connections, timeouts, and
/// what services say when they are busy or broken. Answers such as "not found", "precondition
/// failed" or "not permitted" are never repeated.
///
/// - **A write whose answer was lost.** When a conditional put is repeated and meets a conflict, the
///   object there is read: if it has our content, the first request had its effect, and the answer
///   is success. So two writers of the *same* content may both be told that they won; a content
///   that has something unique in it (an id) rules that out. Deletes, copies and renames are sorted
///   out likewise.
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
}

impl Retrying {
    /// Repeats the requests to `inner`.
    pub fn new(inner: Arc<dyn ObjectStore>, policy: RetryPolicy) -> Self {
        Self { sequences: Arc::clone(&inner), inner, retry: Arc::new(Retry::new(policy)) }
    }

    /// Uses another client of the same place for multipart uploads and listings, one that repeats
    /// single requests itself.
    #[must_use]
    pub fn with_repeating(mut self, client: Arc<dyn ObjectStore>) -> Self {
        self.sequences = client;
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
