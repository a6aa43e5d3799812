//! Limits the bytes on their way to and from a store, and counts its requests.

mod body;
mod budget;
mod metrics;
mod store;
mod upload;

use std::sync::Arc;

use object_store::ObjectStore;

use self::budget::Budget;
use self::metrics::Counters;

pub use self::metrics::Metrics;

/// A store with a limit of bytes in flight, and counters.
///
/// In flight are the bytes of a put or a part from its request to its answer, those of
/// `get_ranges` likewise, and of a read body the piece that is being waited for. What was handed to
/// the caller is the caller's. Whoever comes first is served first, also if its request is large
/// and small ones wait behind it; a request larger than the whole limit goes alone.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use headwater_objects::Budgeted;
/// use headwater_objects::object_store::{ObjectStoreExt, memory::InMemory, path::Path};
///
/// let store = Budgeted::new(Arc::new(InMemory::new()), 64 << 20);
/// store.put(&Path::from("a"), "12345".into()).await?;
/// let metrics = store.metrics();
/// assert_eq!((metrics.writes, metrics.bytes_written, metrics.bytes_in_flight), (1, 5, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Budgeted {
    inner: Arc<dyn ObjectStore>,
    budget: Arc<Budget>,
    counters: Arc<Counters>,
}

impl Budgeted {
    /// Lets at most `bytes` be in flight; they are counted in KiB, and the limit is at least one.
    pub fn new(inner: Arc<dyn ObjectStore>, bytes: u64) -> Self {
        Self { inner, budget: Arc::new(Budget::new(bytes)), counters: Arc::default() }
    }

    /// What was done so far, and what is in flight now. Clones of a store count together.
    pub fn metrics(&self) -> Metrics {
        self.counters.read(self.budget.in_flight())
    }
}

impl std::fmt::Display for Budgeted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Budgeted({})", self.inner)
    }
}
