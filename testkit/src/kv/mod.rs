//! What every ordered key-value backend must do: a conformance suite, and a model test.
#![allow(clippy::unwrap_used, reason = "an expectation that fails is a failed test")]

mod basics;
mod batches;
mod life;
mod model;
mod races;
mod scans;
mod transactions;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use headwater_primitives::kv::{
    Batch, Direction, Entry, Feature, KeyRange, KvRead, KvWrite, OrderedKv, Unsupported,
};
use headwater_primitives::{ErrorKind, Result};

pub use self::model::model;

/// A backend under test: how its stores come into being.
///
/// ```
/// use headwater_primitives::kv::MemoryKv;
/// use headwater_testkit::kv::{Backend, conformance};
///
/// struct Memory;
///
/// impl Backend for Memory {
///     type Kv = MemoryKv;
///
///     fn open(&self) -> MemoryKv {
///         MemoryKv::new()
///     }
///
///     fn reopen(&self, kv: MemoryKv) -> MemoryKv {
///         kv
///     }
/// }
///
/// conformance(&Memory);
/// ```
pub trait Backend {
    /// The store.
    type Kv: OrderedKv + 'static;

    /// Opens a store with nothing in it.
    fn open(&self) -> Self::Kv;

    /// Closes `kv` with everything below it, and opens the same store again. Called only where the
    /// backend claims [`Feature::Durability`].
    fn reopen(&self, kv: Self::Kv) -> Self::Kv;
}

/// One named behaviour of the suite.
pub struct Case<B> {
    /// What must hold, as a test would be named.
    pub name: &'static str,
    /// Panics where it does not.
    pub run: fn(&B),
}

/// Every behaviour of the suite, each on stores of its own. Behaviours that need a feature the
/// backend does not claim check that using it is an [`Unsupported`] error.
pub fn cases<B: Backend>() -> Vec<Case<B>> {
    [
        basics::cases(),
        scans::cases(),
        batches::cases(),
        transactions::cases(),
        races::cases(),
        life::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs [every case](cases) on `backend`.
///
/// # Panics
/// Where a case fails; after all have run, with the names of those that failed.
pub fn conformance<B: Backend>(backend: &B) {
    let failed: Vec<&str> = cases::<B>()
        .into_iter()
        .filter(|case| catch_unwind(AssertUnwindSafe(|| (case.run)(backend))).is_err())
        .map(|case| case.name)
        .collect();
    assert!(failed.is_empty(), "the backend fails: {}", failed.join(", "));
}

fn case<B>(name: &'static str, run: fn(&B)) -> Case<B> {
    Case { name, run }
}

/// The directions that the store can scan in.
fn directions(kv: &dyn OrderedKv) -> Vec<Direction> {
    let mut directions = vec![Direction::Forward];
    if kv.capabilities().supports(Feature::BackwardScan) {
        directions.push(Direction::Backward);
    }
    directions
}

/// All of a scan.
fn collect(kv: &dyn KvRead, range: KeyRange, direction: Direction) -> Vec<Entry> {
    kv.scan(range, direction).collect::<Result<_>>().expect("the scan succeeds")
}

/// Everything in the store, by a forward scan.
fn contents(kv: &dyn KvRead) -> Vec<Entry> {
    collect(kv, KeyRange::all(), Direction::Forward)
}

/// Puts every key with itself as its value.
fn fill<K: AsRef<[u8]>>(kv: &dyn KvWrite, keys: impl IntoIterator<Item = K>) {
    for key in keys {
        kv.put(key.as_ref(), key.as_ref()).expect("the put succeeds");
    }
}

/// Entries with these keys and themselves as values.
fn entries<K: AsRef<[u8]>>(keys: impl IntoIterator<Item = K>) -> Vec<Entry> {
    keys.into_iter().map(|key| (key.as_ref().to_vec(), key.as_ref().to_vec())).collect()
}

/// Fails unless `result` is an error of `kind`.
fn refused<T: Debug>(result: Result<T>, kind: ErrorKind) {
    let error = result.expect_err("the call is refused");
    assert_eq!(error.kind(), kind, "{error}");
}

/// Whether the store offers `feature`. Where it does not, `attempt` must say so in a typed error.
fn offered<T: Debug>(
    kv: &dyn OrderedKv,
    feature: Feature,
    attempt: impl FnOnce() -> Result<T>,
) -> bool {
    if kv.capabilities().supports(feature) {
        return true;
    }
    let error = attempt().expect_err("a feature that is not claimed is refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    let source = std::error::Error::source(&error);
    let typed = source.and_then(|source| source.downcast_ref::<Unsupported>());
    assert_eq!(typed.map(|unsupported| unsupported.feature), Some(feature), "{error:?}");
    false
}

/// A store that several threads and closures can hold.
fn shared<B: Backend>(backend: &B) -> Arc<B::Kv> {
    Arc::new(backend.open())
}

/// Whether the store offers transactions.
fn transactions(kv: &dyn OrderedKv) -> bool {
    offered(kv, Feature::Transaction, || kv.run_transaction(Box::new(|_| Ok(()))))
}

/// Whether the store offers snapshots.
fn snapshots(kv: &dyn OrderedKv) -> bool {
    offered(kv, Feature::Snapshot, || kv.run_snapshot(Box::new(|_| Ok(()))))
}

/// Whether the store offers batches with expectations.
fn expectations(kv: &dyn OrderedKv) -> bool {
    let mut batch = Batch::new();
    batch.expect_absent(b"nothing");
    offered(kv, Feature::Expectation, || kv.write_batch(batch))
}
