//! Where a warm tier is.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use headwater_primitives::{Error, ErrorKind, Namespace, Result};
use lance::io::{ObjectStoreParams, StorageOptionsAccessor};

use super::super::Pointer;
use crate::table::{Table, place};

/// The services whose buckets can be a warm tier, by the schemes for which Lance has conditional commits.
pub(super) const SERVICES: [&str; 4] = ["s3", "gs", "az", "abfss"];

/// Where the embeddings of a store go that leave the hot tier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WarmTier {
    pub(super) location: String,
    pub(super) options: BTreeMap<String, String>,
}

impl WarmTier {
    /// Below the namespace's own folder: `lake/vector/NAME.lance`.
    #[must_use]
    pub fn local() -> Self {
        WarmTier::default()
    }

    /// At `url`, the place of the dataset itself: `file:///…`, and with the cargo features `aws`, `gcp`
    /// and `azure` `s3://bucket/rows.lance`, `gs://…`, and `az://…` or `abfss://…`.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        WarmTier { location: url.into(), options: BTreeMap::new() }
    }

    /// The same with a setting of the service, by the names that `headwater-objects` knows, such as
    /// `aws_endpoint`. Settings are kept in the namespace as they are: secrets are better left to the
    /// environment, which says what no setting does.
    #[must_use]
    pub fn option(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.insert(key.into(), value.into());
        self
    }

    /// Refuses what would lose embeddings.
    pub(super) fn check(&self, namespace: &Namespace) -> Result<()> {
        if self.location.starts_with("memory:") && !namespace.is_in_memory() {
            return Err(Error::invalid(format!(
                "warm tier {}: it would be gone when this program ends, and the namespace would \
                 not be",
                self.location
            )));
        }
        if !self.location.is_empty() && !self.location.contains("://") {
            return Err(Error::invalid(format!(
                "warm tier {:?}: it is no URL; a folder's begins with file://",
                self.location
            )));
        }
        match self.location.split_once("://") {
            None | Some(("file" | "memory", _)) => Ok(()),
            Some((scheme, _)) if SERVICES.contains(&scheme) => self.check_service(),
            Some((scheme, _)) => Err(Error::invalid(format!(
                "warm tier {}: there is no store for {scheme}: it can be file, {}",
                self.location,
                SERVICES.join(", ")
            ))),
        }
    }

    #[cfg(feature = "cloud")]
    fn check_service(&self) -> Result<()> {
        super::cloud::check(self)
    }

    #[cfg(not(feature = "cloud"))]
    fn check_service(&self) -> Result<()> {
        Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "warm tier {}: this program was built without object storage; the cargo features \
                 `aws`, `gcp` and `azure` of headwater-vector bring it",
                self.location
            ),
        ))
    }
}

/// A dataset's place, as Lance is told.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) uri: String,
    /// The dataset's folder, where it is one of this machine's.
    pub(super) folder: Option<PathBuf>,
    pub(super) params: ObjectStoreParams,
}

impl Place {
    pub(super) fn of(namespace: &Namespace, table: &Table, pointer: &Pointer) -> Result<Place> {
        let options: HashMap<String, String> =
            pointer.options.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let mut params = ObjectStoreParams::default();
        if !options.is_empty() {
            let accessor = StorageOptionsAccessor::with_static_options(options);
            params.storage_options_accessor = Some(Arc::new(accessor));
        }
        if !pointer.location.is_empty() {
            let folder = pointer.location.strip_prefix("file://").map(PathBuf::from);
            return Ok(Place { uri: pointer.location.clone(), folder, params });
        }
        let root = std::path::absolute(namespace.path())?;
        let folder = root.join("lake").join("vector").join(file_name(&table.name));
        let uri = folder.to_str().map(str::to_owned).ok_or_else(|| {
            let reason =
                "its path is not UTF-8, which Lance's paths are: give it a `WarmTier` elsewhere";
            Error::new(ErrorKind::Unsupported, format!("{}: {reason}", place(&table.name)))
        })?;
        Ok(Place { uri, folder: Some(folder), params })
    }
}

/// The folder of the store `name`: what is no letter, digit, `_` or `-` is written as `=` and its bytes.
fn file_name(name: &str) -> String {
    let mut file = String::with_capacity(name.len() + 6);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
            file.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(file, "={byte:02X}");
        }
    }
    file.push_str(".lance");
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_folder_and_no_way_out() {
        for (name, folder) in [
            ("notes", "notes.lance"),
            ("../a b", "=2E=2E=2Fa=20b.lance"),
            ("=2E", "=3D2E.lance"),
            ("ä", "=C3=A4.lance"),
        ] {
            assert_eq!(file_name(name), folder);
        }
    }
}
