//! From a URL and options to a store.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::memory::InMemory;
use object_store::path::Path;
use url::Url;

use crate::{
    Budgeted, DurableLocal, Error, Objects, OpenOptions, Prefixed, Result, Retrying, Sync,
};

/// Opens the store at `location`: a path or `file:///path` (a [`DurableLocal`]), `memory:///` (a new
/// and empty one at each call), and with the cargo features `aws`, `gcp` and `azure`
/// `s3://bucket/prefix`, `gs://bucket/prefix` and `az://container/prefix`.
///
/// Services take what the options leave open from the environment variables that their own tools
/// read. Nothing is asked of a service yet: wrong credentials show at the first operation.
///
/// # Errors
/// When nothing has this scheme, its feature is off, an option is unknown, or the folder cannot be
/// made.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use headwater_objects::object_store::{ObjectStoreExt, path::Path};
/// use headwater_objects::{OpenOptions, open};
///
/// # let folder = tempfile::tempdir()?;
/// # let lake = folder.path().join("lake");
/// # let lake = lake.to_str().unwrap();
/// let objects = open(lake, &OpenOptions::new())?;
/// objects.put(&Path::from("a/b.txt"), "hello".into()).await?;
/// assert!(objects.url_of(&Path::from("a/b.txt")).ends_with("/lake/a/b.txt"));
/// # Ok(())
/// # }
/// ```
pub fn open(location: &str, options: &OpenOptions) -> Result<Objects> {
    let url = if is_url(location) { parse(location)? } else { folder_url(location)? };
    let objects = match url.scheme() {
        "file" => retried(local(location, &url, options)?, options),
        "memory" => retried(memory(url, options)?, options),
        "s3" | "s3a" | "gs" | "az" | "adl" | "azure" | "abfs" | "abfss" if !names_a_place(&url) => {
            return Err(invalid(location, "it names no bucket or container"));
        }
        "s3" | "s3a" => service(url, options, "aws")?,
        "gs" => service(url, options, "gcp")?,
        "az" | "adl" | "azure" | "abfs" | "abfss" => service(url, options, "azure")?,
        scheme => {
            return Err(Error::UnknownScheme { url: location.into(), scheme: scheme.into() });
        }
    };
    Ok(match options.bytes_in_flight {
        Some(bytes) => objects.wrap(|store| Budgeted::new(store, bytes)),
        None => objects,
    })
}

/// What has no network in between is retried only on demand.
fn retried(objects: Objects, options: &OpenOptions) -> Objects {
    match options.retry.clone() {
        Some(policy) => objects.wrap(|store| Retrying::new(store, policy)),
        None => objects,
    }
}

/// Whether it is meant as a URL. A drive letter is not a scheme.
fn is_url(location: &str) -> bool {
    location.contains("://") || location.starts_with("file:") || location.starts_with("memory:")
}

fn names_a_place(url: &Url) -> bool {
    url.host_str().is_some_and(|host| !host.is_empty())
}

fn parse(location: &str) -> Result<Url> {
    Url::parse(location).map_err(|error| invalid(location, error))
}

fn invalid(location: &str, reason: impl ToString) -> Error {
    Error::InvalidUrl { url: location.into(), reason: reason.to_string() }
}

fn folder_url(location: &str) -> Result<Url> {
    if location.is_empty() {
        return Err(invalid(location, "it is empty"));
    }
    let path = std::path::absolute(location).map_err(|error| invalid(location, error))?;
    Url::from_file_path(path).map_err(|()| invalid(location, "the path cannot be absolute"))
}

fn local(location: &str, url: &Url, options: &OpenOptions) -> Result<Objects> {
    let reason = "a file URL needs an absolute path of this machine";
    let path: PathBuf = url.to_file_path().map_err(|()| invalid(location, reason))?;
    let mut sync = Sync::default();
    for (key, value) in &options.settings {
        sync = match (key.as_str(), value.as_str()) {
            ("sync", "full") => Sync::Full,
            ("sync", "off") => Sync::Off,
            ("sync", _) => {
                let (key, value) = (key.clone(), value.clone());
                return Err(Error::InvalidOption { key, value, expected: "`full` or `off`" });
            }
            _ => return Err(unknown("the local store", key, &["sync"])),
        };
    }
    let store = DurableLocal::open_with(path, sync)?;
    let folder = store.root().to_owned();
    let url = Url::from_file_path(&folder).map_err(|()| invalid(location, reason))?;
    Ok(Objects::local(Arc::new(store), url, &folder))
}

fn memory(url: Url, options: &OpenOptions) -> Result<Objects> {
    if let Some(key) = options.settings.keys().next() {
        return Err(unknown("the memory store", key, &[]));
    }
    below(Arc::new(InMemory::new()), url)
}

#[cfg(feature = "cloud")]
fn service(url: Url, options: &OpenOptions, feature: &'static str) -> Result<Objects> {
    let policy = options.retry.clone().unwrap_or_default();
    let store = crate::cloud::open(&url, &options.settings, &policy, feature)?;
    below(store, url)
}

#[cfg(not(feature = "cloud"))]
fn service(url: Url, _options: &OpenOptions, feature: &'static str) -> Result<Objects> {
    Err(Error::FeatureOff { url: url.into(), feature })
}

/// Keys are below the URL's path, which the backends know nothing of.
fn below(store: Arc<dyn ObjectStore>, url: Url) -> Result<Objects> {
    let prefix = Path::from_url_path(url.path()).map_err(|error| invalid(url.as_str(), error))?;
    if prefix.is_root() {
        return Ok(Objects::new(store, url));
    }
    Ok(Objects::new(Arc::new(Prefixed::new(store, prefix)), url))
}

pub(crate) fn unknown(
    backend: &'static str,
    key: impl Into<String>,
    known: &'static [&'static str],
) -> Error {
    Error::UnknownOption { backend, key: key.into(), known }
}
