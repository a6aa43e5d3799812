//! What a backend can do: features that it lacks are listed, and using one is a typed error.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::kv::batch::shown;
use crate::kv::{Batch, Operation};

/// What one backend may offer and another may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// Acknowledged writes are there again after the store was closed and opened.
    Durability,
    /// One consistent view over many reads.
    Snapshot,
    /// Reads and writes that commit together.
    Transaction,
    /// Batches with expectations.
    Expectation,
    /// Scans from the largest key to the smallest.
    BackwardScan,
    /// Reclaiming space on demand.
    Compact,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Feature; 6] = [
        Feature::Durability,
        Feature::Snapshot,
        Feature::Transaction,
        Feature::Expectation,
        Feature::BackwardScan,
        Feature::Compact,
    ];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Feature::Durability => "durable writes",
            Feature::Snapshot => "snapshots",
            Feature::Transaction => "transactions",
            Feature::Expectation => "batches with expectations",
            Feature::BackwardScan => "backward scans",
            Feature::Compact => "compaction on demand",
        })
    }
}

/// A backend was asked for what it cannot do. It is the source of an
/// [`Error`] of kind [`ErrorKind::Unsupported`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The backend, as its [`Capabilities`] name it.
    pub backend: &'static str,
    /// What it lacks.
    pub feature: Feature,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} key-value backend does not offer {}", self.backend, self.feature)
    }
}

impl std::error::Error for Unsupported {}

impl From<Unsupported> for Error {
    fn from(unsupported: Unsupported) -> Self {
        Error::new(ErrorKind::Unsupported, unsupported.to_string()).with_source(unsupported)
    }
}

/// What a backend offers, and how large keys and values may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    backend: &'static str,
    missing: u8,
    max_key_bytes: usize,
    max_value_bytes: usize,
}

impl Capabilities {
    /// A backend of that name with every [`Feature`], keys up to 64 KiB and values up to 256 MiB.
    pub const fn new(backend: &'static str) -> Self {
        Self { backend, missing: 0, max_key_bytes: 64 << 10, max_value_bytes: 256 << 20 }
    }

    /// The same without `feature`.
    #[must_use]
    pub const fn without(mut self, feature: Feature) -> Self {
        self.missing |= feature.bit();
        self
    }

    /// The same with other limits, in bytes.
    #[must_use]
    pub const fn with_limits(mut self, max_key_bytes: usize, max_value_bytes: usize) -> Self {
        self.max_key_bytes = max_key_bytes;
        self.max_value_bytes = max_value_bytes;
        self
    }

    /// The name of the backend.
    pub const fn backend(&self) -> &'static str {
        self.backend
    }

    /// The longest key, in bytes.
    pub const fn max_key_bytes(&self) -> usize {
        self.max_key_bytes
    }

    /// The longest value, in bytes.
    pub const fn max_value_bytes(&self) -> usize {
        self.max_value_bytes
    }

    /// Whether the backend offers `feature`.
    pub const fn supports(&self, feature: Feature) -> bool {
        self.missing & feature.bit() == 0
    }

    /// The features that the backend lacks.
    pub fn unsupported(&self) -> impl Iterator<Item = Feature> {
        let own = *self;
        Feature::ALL.into_iter().filter(move |feature| !own.supports(*feature))
    }

    /// Passes where the backend offers `feature`.
    ///
    /// # Errors
    /// [`Unsupported`], wrapped in an [`Error`] of that kind.
    pub fn require(&self, feature: Feature) -> Result<()> {
        if self.supports(feature) {
            return Ok(());
        }
        Err(Unsupported { backend: self.backend, feature }.into())
    }

    /// Passes where `key` is within the limits.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge), with the size and the limit.
    pub fn check_key(&self, key: &[u8]) -> Result<()> {
        if key.len() <= self.max_key_bytes {
            return Ok(());
        }
        Err(too_large(format!("key {}", shown(key)), self.max_key_bytes))
    }

    /// Passes where the entry of `key` and `value` is within the limits.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge), with the size and the limit.
    pub fn check_entry(&self, key: &[u8], value: &[u8]) -> Result<()> {
        self.check_key(key)?;
        if value.len() <= self.max_value_bytes {
            return Ok(());
        }
        let what = format!("the value of key {} ({} bytes)", shown(key), value.len());
        Err(too_large(what, self.max_value_bytes))
    }

    /// Passes where the backend can apply `batch`: its keys and values are within the limits, and
    /// expectations, if it has any, are offered.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge) for the first entry past a limit, or [`Unsupported`].
    pub fn check_batch(&self, batch: &Batch) -> Result<()> {
        if !batch.expectations().is_empty() {
            self.require(Feature::Expectation)?;
        }
        batch.operations().iter().try_for_each(|operation| match operation {
            Operation::Put { key, value } => self.check_entry(key, value),
            Operation::Delete { key } => self.check_key(key),
        })
    }
}

fn too_large(what: String, limit: usize) -> Error {
    Error::new(ErrorKind::TooLarge, format!("{what} is over the limit of {limit} bytes"))
}
