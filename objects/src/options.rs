//! How a store is opened: the backend's own settings by name, retries, and a budget.

use std::collections::BTreeMap;

use crate::RetryPolicy;

/// Options for [`open`](crate::open).
///
/// Settings are by the names that `object_store` knows, such as `aws_region`, `aws_endpoint` or
/// `google_service_account`; a name that the backend does not know is an error. The local store has
/// one, `sync`: `full` (the default) or `off`.
///
/// ```
/// use std::time::Duration;
/// use headwater_objects::{OpenOptions, RetryPolicy};
///
/// let options = OpenOptions::new()
///     .set("aws_region", "eu-central-1")
///     .set("aws_endpoint", "http://127.0.0.1:9000")
///     .set("aws_allow_http", "true")
///     .retry(RetryPolicy { give_up_after: Duration::from_secs(30), ..RetryPolicy::default() })
///     .bytes_in_flight(64 << 20);
/// ```
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) bytes_in_flight: Option<u64>,
}

impl OpenOptions {
    /// None of them set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one of the backend's settings.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// How failed requests are repeated. Services get [`RetryPolicy::default`] unless told; local
    /// and memory stores are not retried unless told.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Limits the bytes that are on their way to and from the store at the same time; see
    /// [`Budgeted`](crate::Budgeted). Without it there is no limit.
    #[must_use]
    pub fn bytes_in_flight(mut self, bytes: u64) -> Self {
        self.bytes_in_flight = Some(bytes);
        self
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for OpenOptions {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(settings: I) -> Self {
        settings.into_iter().fold(Self::new(), |options, (name, value)| options.set(name, value))
    }
}
