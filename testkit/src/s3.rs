//! The S3 server that some tests talk to.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::skipped;

/// A place of a test's own in a bucket.
#[derive(Clone, Debug)]
pub struct S3Place {
    /// `s3://bucket/…`, without a slash at the end.
    pub url: String,
    /// What an object store has to be told, by the names that the crate `object_store` knows.
    pub settings: Vec<(&'static str, String)>,
}

/// A new place for `name` in the bucket `headwater` of the server at `$HEADWATER_S3`. Without one it
/// prints that the test is skipped and returns `None`.
///
/// # Panics
/// When there is none and `CI=true`.
pub fn s3(name: &str) -> Option<S3Place> {
    let Ok(endpoint) = std::env::var("HEADWATER_S3") else {
        skipped("HEADWATER_S3 names no S3 server; `cargo xtask test` starts one");
        return None;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    Some(S3Place {
        url: format!("s3://headwater/{name}/{}-{now}", std::process::id()),
        settings: vec![
            ("aws_endpoint", endpoint),
            ("aws_allow_http", "true".into()),
            ("aws_region", "us-east-1".into()),
            ("aws_access_key_id", "test".into()),
            ("aws_secret_access_key", "test".into()),
        ],
    })
}
