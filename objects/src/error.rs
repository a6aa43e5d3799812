//! What can go wrong while a store is opened; operations on an open one fail with
//! [`object_store::Error`].

use std::path::PathBuf;

/// What opening returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is neither a path nor a URL that can be read.
    #[error("{url:?} is not a URL of an object store: {reason}; expected {SUPPORTED}")]
    InvalidUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No backend has this scheme.
    #[error("no object store has the scheme {scheme:?} of {url:?}; expected {SUPPORTED}")]
    UnknownScheme {
        /// What was given.
        url: String,
        /// The part before the colon.
        scheme: String,
    },
    /// There is a backend, and it was not compiled in.
    #[error(
        "{url:?} needs headwater-objects with the feature `{feature}`, and this program was built \
         without it"
    )]
    FeatureOff {
        /// What was given.
        url: String,
        /// The cargo feature that brings the backend.
        feature: &'static str,
    },
    /// The backend has no such option.
    #[error("{backend} has no option {key:?}{}", expected(.known))]
    UnknownOption {
        /// The backend's name.
        backend: &'static str,
        /// The option that was set.
        key: String,
        /// The options there are, where the list is short.
        known: &'static [&'static str],
    },
    /// The option exists, and cannot have this value.
    #[error("the option {key:?} cannot be {value:?}; expected {expected}")]
    InvalidOption {
        /// The option that was set.
        key: String,
        /// Its value.
        value: String,
        /// What it can be.
        expected: &'static str,
    },
    /// The folder of a local store cannot be used.
    #[error("the folder {} cannot hold objects: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The backend refused its configuration.
    #[error("{url:?} cannot be opened: {source}")]
    Backend {
        /// What was given.
        url: String,
        /// What the backend said.
        source: object_store::Error,
    },
}

/// The forms that [`open`](crate::open) takes, as errors show them.
const SUPPORTED: &str = "a path, file:///path, memory:///, s3://bucket/prefix, gs://bucket/prefix \
                         or az://container/prefix";

/// What kind of error it is; stable across versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The URL or path makes no sense, or no backend has its scheme.
    InvalidUrl,
    /// The backend was not compiled in.
    FeatureOff,
    /// An option does not exist or cannot have its value.
    InvalidOption,
    /// The folder or the service refused.
    Unavailable,
}

impl Error {
    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidUrl { .. } | Self::UnknownScheme { .. } => ErrorKind::InvalidUrl,
            Self::FeatureOff { .. } => ErrorKind::FeatureOff,
            Self::UnknownOption { .. } | Self::InvalidOption { .. } => ErrorKind::InvalidOption,
            Self::Folder { .. } | Self::Backend { .. } => ErrorKind::Unavailable,
        }
    }
}

fn expected(known: &[&str]) -> String {
    if known.is_empty() { String::new() } else { format!("; it has {}", known.join(", ")) }
}
