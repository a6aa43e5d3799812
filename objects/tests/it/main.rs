//! What the stores and decorators promise, one behaviour per test.

#![allow(clippy::unwrap_used)]

mod budgeted;
mod conformance;
mod crash;
mod faulty;
mod local;
mod model;
mod opening;
mod races;
mod retrying;
mod s3;
#[cfg(target_os = "linux")]
mod strace;
mod support;
