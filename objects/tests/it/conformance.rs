//! Every backend and decorator does what the suite says.

use std::sync::Arc;

use headwater_objects::testing::{conformance, long_listing};
use headwater_objects::{
    Budgeted, DurableLocal, Fault, Faulty, Operation, Prefixed, Retrying, Rule, Sync,
};

use crate::support::{key, local, memory, milliseconds, stubborn};

#[tokio::test(flavor = "multi_thread")]
async fn a_local_store_conforms() {
    let local = local();
    conformance(Arc::new(local.store.clone())).await;
    long_listing(Arc::new(local.store.clone())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_store_that_does_not_sync_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conformance(Arc::new(DurableLocal::open_with(folder.path(), Sync::Off).unwrap())).await;
}

#[tokio::test]
async fn a_memory_store_conforms() {
    conformance(memory()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_conforms() {
    let local = local();
    conformance(Arc::new(Prefixed::new(Arc::new(local.store.clone()), key("some/prefix")))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tight_budget_conforms() {
    let store = Budgeted::new(memory(), 1);
    conformance(Arc::new(store.clone())).await;
    let metrics = store.metrics();
    assert!(metrics.writes > 100 && metrics.bytes_in_flight == 0, "{metrics:?}");
}

/// The operations that can be repeated from outside.
const REPEATED: [Operation; 8] = [
    Operation::Put,
    Operation::Begin,
    Operation::Get,
    Operation::Body,
    Operation::Delete,
    Operation::List,
    Operation::Copy,
    Operation::Rename,
];

fn rule(fault: Fault) -> Rule {
    REPEATED.into_iter().fold(Rule::new(fault), Rule::operation).chance(0.08)
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_hide_faults() {
    for seed in 0..3 {
        let local = local();
        let faulty = Faulty::new(Arc::new(local.store.clone()), seed)
            .rule(rule(Fault::ErrorBefore))
            .rule(rule(Fault::ErrorAfter))
            .rule(rule(Fault::TimeoutAfter(milliseconds(1))))
            .rule(Rule::new(Fault::Torn).operation(Operation::Body).chance(0.2));
        let store = Retrying::new(Arc::new(faulty.clone()), stubborn());
        conformance(Arc::new(store.clone())).await;
        assert!(faulty.injected().len() > 50 && store.repeated() > 50, "seed {seed}");
    }
}
