//! The handle that callers hold: a store, and where it is.

use std::ops::Deref;
use std::path::Path as FilePath;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

/// An open store with its address. Cheap to clone.
///
/// It dereferences to [`ObjectStore`], so all of its operations and those of
/// [`ObjectStoreExt`](object_store::ObjectStoreExt) are there; [`Objects::store`] has the shared
/// pointer for whoever wants that.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    url: Url,
    folder: Option<Arc<FilePath>>,
}

impl Objects {
    /// A store of the caller's own making, said to be at `url`.
    pub fn new(store: Arc<dyn ObjectStore>, url: Url) -> Self {
        Self { store, url, folder: None }
    }

    pub(crate) fn local(store: Arc<dyn ObjectStore>, url: Url, folder: &FilePath) -> Self {
        Self { store, url, folder: Some(folder.into()) }
    }

    /// The store itself.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// The store in a decorator, at the same address.
    ///
    /// ```
    /// # fn main() -> headwater_objects::Result<()> {
    /// use headwater_objects::{Budgeted, OpenOptions, open};
    ///
    /// let objects = open("memory:///", &OpenOptions::new())?;
    /// let objects = objects.wrap(|store| Budgeted::new(store, 8 << 20));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn wrap<S: ObjectStore>(self, decorate: impl FnOnce(Arc<dyn ObjectStore>) -> S) -> Self {
        Self { store: Arc::new(decorate(self.store)), ..self }
    }

    /// Where the store is, without a slash at the end.
    pub fn url(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The absolute URL of an object, as table formats note it.
    pub fn url_of(&self, key: &Path) -> String {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            let parts: Vec<_> = key.parts().map(|part| part.as_ref().to_owned()).collect();
            segments.pop_if_empty().extend(parts);
        }
        url.into()
    }

    /// The key of an absolute URL; `None` when it is not below this store.
    pub fn key_of(&self, url: &str) -> Option<Path> {
        let url = Url::parse(url).ok()?;
        let ours = &self.url;
        if (url.scheme(), url.host_str(), url.port())
            != (ours.scheme(), ours.host_str(), ours.port())
        {
            return None;
        }
        let prefix = Path::from_url_path(ours.path()).ok()?;
        let key = Path::from_url_path(url.path()).ok()?;
        let rest = key.prefix_match(&prefix)?.collect();
        Some(rest)
    }

    /// The folder of a local store, for tools that read files.
    pub fn folder(&self) -> Option<&FilePath> {
        self.folder.as_deref()
    }
}

impl Deref for Objects {
    type Target = dyn ObjectStore;

    fn deref(&self) -> &Self::Target {
        self.store.as_ref()
    }
}

impl std::fmt::Display for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.url())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_url_name_each_other() {
        for root in ["file:///data/lake", "s3://bucket/some/prefix/", "memory:///"] {
            let store = Arc::new(object_store::memory::InMemory::new());
            let objects = Objects::new(store, Url::parse(root).unwrap());
            for key in ["a", "t/day=2026-01-02/f 1.parquet", "odd%2Fname"] {
                let key = Path::parse(key).unwrap();
                let url = objects.url_of(&key);
                assert!(url.starts_with(objects.url()), "{url}");
                assert_eq!(objects.key_of(&url), Some(key), "{url}");
            }
            assert_eq!(objects.key_of("s3://another/x"), None);
            assert_eq!(objects.key_of("no url"), None);
        }
    }
}
