//! Buckets as Lance reads and writes them.
//!
//! Not by Lance's own stores: ours repeat what failed, and know after a lost answer whether the object
//! that is there is their own. Lance takes its own commit, seen so, for somebody else's.

use std::sync::Arc;

use async_trait::async_trait;
use headwater_objects::OpenOptions;
use headwater_primitives::{Error, ErrorKind, Result};
use lance::io::{ObjectStore, ObjectStoreParams, ObjectStoreRegistry};
use lance_io::object_store::{
    DEFAULT_CLOUD_IO_PARALLELISM, DEFAULT_DOWNLOAD_RETRY_COUNT, ObjectStoreProvider,
};
use url::Url;

use super::place::{SERVICES, WarmTier};

/// How the names of S3's buckets end that list their objects in no order.
const EXPRESS: &str = "--x-s3";

/// Lance's stores, with the services that this program was built for.
pub(super) fn registry() -> Arc<ObjectStoreRegistry> {
    let registry = ObjectStoreRegistry::default();
    for scheme in SERVICES {
        registry.insert(scheme, Arc::new(Bucket));
    }
    Arc::new(registry)
}

/// Refuses a place in a service that could not be opened. Asks nothing of the service.
pub(super) fn check(tier: &WarmTier) -> Result<()> {
    let options: OpenOptions = tier.options.iter().collect();
    headwater_objects::open(&tier.location, &options).map(drop).map_err(|error| {
        let reason = format!("warm tier {}: {error}", tier.location);
        Error::new(ErrorKind::InvalidInput, reason).with_source(error)
    })
}

#[derive(Debug)]
struct Bucket;

#[async_trait]
impl ObjectStoreProvider for Bucket {
    /// The whole bucket: Lance's paths begin there.
    async fn new_store(
        &self,
        location: Url,
        params: &ObjectStoreParams,
    ) -> lance::Result<ObjectStore> {
        let mut bucket = location;
        bucket.set_path("");
        let settings = params.storage_options();
        let options: OpenOptions = settings.into_iter().flatten().collect();
        let objects = headwater_objects::open(bucket.as_str(), &options)
            .map_err(|error| lance::Error::invalid_input_source(Box::new(error)))?;
        let ordered = !bucket.host_str().is_some_and(|name| name.ends_with(EXPRESS));
        Ok(ObjectStore::new(
            objects.store(),
            bucket,
            params.block_size,
            None,
            false,
            ordered,
            DEFAULT_CLOUD_IO_PARALLELISM,
            DEFAULT_DOWNLOAD_RETRY_COUNT,
            settings,
        ))
    }
}
