//! The services: object storage over HTTP, each behind a cargo feature.

use std::collections::BTreeMap;
use std::sync::Arc;

use object_store::{ObjectStore, RetryConfig};
use url::Url;

use crate::{Error, Result, RetryPolicy, Retrying};

type Settings = BTreeMap<String, String>;

/// Two clients of one service: one that repeats nothing itself, so that a write whose answer was
/// lost is ours to sort out, and one that repeats single requests, for uploads and listings.
struct Clients {
    plain: Arc<dyn ObjectStore>,
    repeating: Arc<dyn ObjectStore>,
}

/// Opens the bucket or container of `url`; its path is the caller's. `feature` is that of the
/// service.
pub(crate) fn open(
    url: &Url,
    settings: &Settings,
    policy: &RetryPolicy,
    feature: &'static str,
) -> Result<Arc<dyn ObjectStore>> {
    let clients = match feature {
        #[cfg(feature = "aws")]
        "aws" => aws(url, settings, policy)?,
        #[cfg(feature = "gcp")]
        "gcp" => gcp(url, settings, policy)?,
        #[cfg(feature = "azure")]
        "azure" => azure(url, settings, policy)?,
        _ => return Err(Error::FeatureOff { url: url.to_string(), feature }),
    };
    let store = Retrying::new(clients.plain, policy.clone());
    Ok(Arc::new(store.with_repeating(clients.repeating).with_marks()))
}

fn none() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

fn repeating(policy: &RetryPolicy) -> RetryConfig {
    RetryConfig {
        max_retries: policy.attempts.saturating_sub(1) as usize,
        retry_timeout: policy.give_up_after,
        backoff: object_store::BackoffConfig {
            init_backoff: policy.first_pause,
            max_backoff: policy.longest_pause,
            base: 2.0,
        },
    }
}

/// One service: its builder from the environment, the URL and the settings, built twice.
macro_rules! service {
    ($feature:literal, $name:ident, $builder:ty, $key:ty, $backend:literal) => {
        #[cfg(feature = $feature)]
        fn $name(url: &Url, settings: &Settings, policy: &RetryPolicy) -> Result<Clients> {
            let mut builder = <$builder>::from_env().with_url(url.as_str());
            for (name, value) in settings {
                let key: $key = name
                    .to_ascii_lowercase()
                    .parse()
                    .map_err(|_| crate::open::unknown($backend, name, &[]))?;
                builder = builder.with_config(key, value);
            }
            let build = |retry| -> Result<Arc<dyn ObjectStore>> {
                let built = builder.clone().with_retry(retry).build();
                let failed = |source| Error::Backend { url: url.to_string(), source };
                Ok(Arc::new(built.map_err(failed)?))
            };
            Ok(Clients { plain: build(none())?, repeating: build(repeating(policy))? })
        }
    };
}

service!(
    "aws",
    aws,
    object_store::aws::AmazonS3Builder,
    object_store::aws::AmazonS3ConfigKey,
    "Amazon S3"
);
service!(
    "gcp",
    gcp,
    object_store::gcp::GoogleCloudStorageBuilder,
    object_store::gcp::GoogleConfigKey,
    "Google Cloud Storage"
);
service!(
    "azure",
    azure,
    object_store::azure::MicrosoftAzureBuilder,
    object_store::azure::AzureConfigKey,
    "Azure Blob Storage"
);
