//! Injects faults, for tests of what stands on a store.

mod pattern;
mod plan;
mod record;
mod store;
mod upload;

use std::sync::Arc;

use object_store::ObjectStore;

use self::plan::Plan;

pub use self::plan::{Fault, Rule};
pub use self::record::{Injected, Operation};

/// A store that fails on purpose, by rules, and keeps a list of what it did.
///
/// Whether a rule strikes depends on the seed, the operation, the key and how many requests there
/// have been of that operation on that key: the same requests meet the same faults in every run,
/// also when different keys are worked on in parallel and in another order.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use headwater_objects::object_store::{ObjectStoreExt, memory::InMemory, path::Path};
/// use headwater_objects::{Fault, Faulty, Operation, Rule};
///
/// // "500, but it was done": once, on a put below `meta/`.
/// let rule = Rule::new(Fault::ErrorAfter).operation(Operation::Put).keys("meta/*").times(1);
/// let store = Faulty::new(Arc::new(InMemory::new()), 7).rule(rule);
///
/// let key = Path::from("meta/v1.json");
/// assert!(store.put(&key, "{}".into()).await.is_err());
/// assert_eq!(store.get(&key).await?.bytes().await?, "{}");
/// assert_eq!(store.injected().len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Faulty {
    inner: Arc<dyn ObjectStore>,
    plan: Arc<Plan>,
}

impl Faulty {
    /// Injects nothing until it has rules.
    pub fn new(inner: Arc<dyn ObjectStore>, seed: u64) -> Self {
        Self { inner, plan: Arc::new(Plan::new(seed)) }
    }

    /// Adds a rule; of those that match a request the first one that strikes is injected. To be
    /// called before the store is cloned: clones from before keep the rules that they had.
    #[must_use]
    pub fn rule(self, rule: Rule) -> Self {
        Self { plan: Arc::new(self.plan.with(rule)), ..self }
    }

    /// What was injected so far, in order.
    pub fn injected(&self) -> Vec<Injected> {
        self.plan.injected()
    }
}

impl std::fmt::Display for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Faulty({})", self.inner)
    }
}
