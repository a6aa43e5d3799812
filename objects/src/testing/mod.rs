//! What every object store must do: a suite that backends and decorators run.
#![allow(clippy::unwrap_used, reason = "an expectation that fails is a failed test")]

mod conditions;
mod listing;
mod moving;
mod reading;
mod uploading;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, Result};

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One named behaviour of the suite.
struct Case {
    name: &'static str,
    run: fn(Arc<Place>) -> Running,
}

/// A case from an async function, named after it.
macro_rules! case {
    ($run:ident) => {
        $crate::testing::Case { name: stringify!($run), run: |place| Box::pin($run(place)) }
    };
}
use case;

/// Runs every behaviour of the suite on `store`, each below a prefix of its own name, which must be
/// empty. A behaviour that a store may lack (copies and renames that do not overwrite) is checked
/// where it is there. Writes about 50 MiB.
///
/// # Panics
/// After all have run, with the names of those that failed.
pub async fn conformance(store: Arc<dyn ObjectStore>) {
    let cases = [
        reading::cases(),
        conditions::cases(),
        uploading::cases(),
        listing::cases(),
        moving::cases(),
    ];
    let mut failed = Vec::new();
    for Case { name, run } in cases.into_iter().flatten() {
        let place = Arc::new(Place { store: Arc::clone(&store), prefix: Path::from(name) });
        if AssertUnwindSafe(run(place)).catch_unwind().await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{store} fails: {}", failed.join(", "));
}

/// Lists more than a thousand objects, which is more than services give in one answer. Not part of
/// [`conformance`], since so many requests take long.
///
/// # Panics
/// Where an object is missing from the listing.
pub async fn long_listing(store: Arc<dyn ObjectStore>) {
    let place = Place { store, prefix: Path::from("long_listing") };
    listing::a_listing_may_be_longer_than_a_page(&place).await;
}

/// A part of the store that one case has for itself.
struct Place {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Place {
    fn key(&self, name: &str) -> Path {
        Path::parse(format!("{}/{name}", self.prefix)).unwrap()
    }

    async fn put(&self, name: &str, content: &str) -> object_store::PutResult {
        self.store.put(&self.key(name), content.to_owned().into()).await.unwrap()
    }

    async fn content(&self, name: &str) -> Bytes {
        read(&self.store, &self.key(name)).await.unwrap()
    }

    /// What a listing of everything has, without the case's prefix, sorted.
    async fn names(&self) -> Vec<String> {
        let all: Vec<_> = self.store.list(Some(&self.prefix)).try_collect().await.unwrap();
        self.within(all.into_iter().map(|meta| meta.location))
    }

    fn within(&self, keys: impl IntoIterator<Item = Path>) -> Vec<String> {
        let prefix = format!("{}/", self.prefix);
        let keys = keys.into_iter();
        let mut names: Vec<_> =
            keys.map(|key| key.as_ref().strip_prefix(&prefix).unwrap().to_owned()).collect();
        names.sort_unstable();
        names
    }
}

async fn read(store: &dyn ObjectStore, key: &Path) -> Result<Bytes> {
    store.get(key).await?.bytes().await
}

fn is_not_found<T>(result: Result<T>) -> bool {
    matches!(result, Err(Error::NotFound { .. }))
}

/// Whether the store offers what was asked for; services may lack it.
fn is_offered<T>(result: &Result<T>) -> bool {
    !matches!(result, Err(Error::NotImplemented { .. } | Error::NotSupported { .. }))
}

async fn delete_all(place: &Place, names: &[&str]) -> Vec<Result<Path>> {
    let keys: Vec<_> = names.iter().map(|name| Ok(place.key(name))).collect();
    place.store.delete_stream(futures_util::stream::iter(keys).boxed()).collect().await
}
