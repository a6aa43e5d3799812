//! The warm tier itself: a Lance dataset per store, which versions of it count, and its readers.

mod choose;
#[cfg(feature = "cloud")]
mod cloud;
mod columns;
mod dataset;
mod demote;
mod demotion;
mod error;
mod fetch;
mod liveness;
mod maintain;
mod nearest;
mod place;
mod prefetch;
mod registered;
mod runtime;
mod scan;
mod sync;
mod verify;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use headwater_primitives::{Answer, Namespace, Result};
use lance::Dataset;
use lance::session::Session;

use super::Pointer;
use crate::store::Inner;
use crate::table::Table;
use prefetch::Prefetched;
use runtime::Runtime;

pub use demote::{Demote, DemoteProgress, DemoteReport};
pub use place::WarmTier;
pub(crate) use prefetch::not_fetched;

/// Bytes of vector indexes, and of the dataset's metadata, that are kept in memory.
const INDEX_CACHE_BYTES: usize = 64 << 20;
const METADATA_CACHE_BYTES: usize = 32 << 20;

/// What reads and writes a store's dataset, shared by all handles.
#[derive(Default)]
pub(crate) struct Tier {
    session: OnceLock<Arc<Session>>,
    /// The version that was opened last.
    open: Mutex<Option<Arc<Dataset>>>,
    /// One demotion at a time.
    demoting: Mutex<()>,
    /// Files that were synced, so that each is synced once.
    synced: Mutex<sync::Synced>,
    prefetched: Mutex<Prefetched>,
}

impl Tier {
    /// Runs `work`, which may wait for the dataset, on a thread for such work.
    pub(in crate::warm) fn later<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        work: impl FnOnce() -> Result<R> + Send + 'static,
    ) -> Answer<R> {
        Runtime::of(namespace).later(namespace, work)
    }

    /// Runs `future` on the namespace's runtime and waits for it.
    fn wait<R: Send + 'static>(
        namespace: &Namespace,
        future: impl Future<Output = Result<R>> + Send + 'static,
    ) -> Result<R> {
        Runtime::of(namespace).wait(namespace, future)
    }

    fn session(&self) -> Arc<Session> {
        let make = || {
            #[cfg(feature = "cloud")]
            let registry = cloud::registry();
            #[cfg(not(feature = "cloud"))]
            let registry = Default::default();
            Arc::new(Session::new(INDEX_CACHE_BYTES, METADATA_CACHE_BYTES, registry))
        };
        self.session.get_or_init(make).clone()
    }

    /// The dataset at the version that `pointer` names.
    fn dataset(&self, inner: &Inner, pointer: &Pointer) -> Result<Arc<Dataset>> {
        self.dataset_of(&inner.namespace, &inner.table, pointer)
    }

    fn dataset_of(
        &self,
        namespace: &Namespace,
        table: &Table,
        pointer: &Pointer,
    ) -> Result<Arc<Dataset>> {
        let opened = self.opened();
        if let Some(dataset) = &opened
            && dataset.version_id() == pointer.version
        {
            return Ok(dataset.clone());
        }
        let place = place::Place::of(namespace, table, pointer)?;
        let (session, version) = (self.session(), pointer.version);
        let dataset = Self::wait(namespace, async move {
            dataset::at_version(opened, &place, session, version).await
        })?;
        let dataset = Arc::new(dataset);
        self.keep_open(dataset.clone());
        Ok(dataset)
    }

    fn opened(&self) -> Option<Arc<Dataset>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep_open(&self, dataset: Arc<Dataset>) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(dataset);
    }
}
