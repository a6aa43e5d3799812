//! What the tests share.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use headwater_objects::object_store::memory::InMemory;
use headwater_objects::object_store::path::Path;
use headwater_objects::object_store::{ObjectStore, ObjectStoreExt, Result};
use headwater_objects::{DurableLocal, Faulty, RetryPolicy};

/// A local store in a folder that goes with the test.
pub(crate) struct Local {
    pub(crate) store: DurableLocal,
    _folder: tempfile::TempDir,
}

pub(crate) fn local() -> Local {
    let folder = tempfile::tempdir().unwrap();
    Local { store: DurableLocal::open(folder.path().join("store")).unwrap(), _folder: folder }
}

pub(crate) fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

/// A faulty store in memory, without rules yet.
pub(crate) fn faulty() -> Faulty {
    Faulty::new(memory(), 1)
}

/// Many attempts and hardly a pause between them.
pub(crate) fn eager() -> RetryPolicy {
    let (first_pause, longest_pause) = (milliseconds(1), milliseconds(2));
    RetryPolicy { first_pause, longest_pause, seed: Some(1), ..RetryPolicy::default() }
}

/// Goes on through any row of faults that chance makes: ten of one in five are rare, and do happen.
pub(crate) fn stubborn() -> RetryPolicy {
    RetryPolicy { attempts: 40, ..eager() }
}

pub(crate) fn milliseconds(number: u64) -> std::time::Duration {
    std::time::Duration::from_millis(number)
}

pub(crate) fn key(key: &str) -> Path {
    Path::parse(key).unwrap()
}

pub(crate) async fn read(store: &dyn ObjectStore, name: &str) -> Result<Bytes> {
    store.get(&key(name)).await?.bytes().await
}

pub(crate) async fn names(store: &dyn ObjectStore) -> Vec<String> {
    let all: Vec<_> = store.list(None).try_collect().await.unwrap();
    let mut names: Vec<_> = all.into_iter().map(|meta| meta.location.to_string()).collect();
    names.sort_unstable();
    names
}

/// Runs async work on a runtime of its own, for tests that cannot be async themselves.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}
