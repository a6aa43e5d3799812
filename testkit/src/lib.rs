//! What Headwater's tests stand on: conformance suites, ways to lose power and die, and generators.
//!
//! A dev-dependency only; nothing here is part of a program.
//!
//! - [`kv`]: what every ordered key-value backend must do, as a suite that each of them runs.
//! - [`powercut`]: an SQLite VFS in memory that loses what was not synced.
//! - [`crash`]: child processes that report what was acknowledged until they are killed, or until a
//!   named fail point ends them.
//! - [`strace`]: what a child asked of the kernel, in order.
//! - [`documents`] and the `arb_…` strategies: realistic and arbitrary documents.
//! - [`dataset`]: the shared data sets on disk; [`s3`]: a place in the S3 server of a test run;
//!   [`rest`]: a warehouse of its Iceberg catalog.
//! - [`Rng`]: the seeded randomness behind all of it.
//!
//! Unit tests inside `headwater-primitives` see two copies of that crate, their own and the one that
//! [`kv`] was built with; its suite therefore runs from integration tests.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod crash;
pub mod kv;
pub mod powercut;
pub mod strace;

mod dataset;
mod generate;
mod rest;
mod rng;
mod s3;

pub use self::dataset::dataset;
pub use self::generate::{arb_document, arb_key, arb_scalar, arb_text, arb_value, documents};
pub use self::rest::{Warehouse, rest};
pub use self::rng::Rng;
pub use self::s3::{S3Place, s3};

/// Says why a test is skipped; with `CI=true` it panics, since there a skipped test would look like a
/// passed one.
fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{why}");
    eprintln!("skipped: {why}");
}
