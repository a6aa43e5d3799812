//! The document store against what its documentation says.

#![allow(clippy::unwrap_used)]

mod crash;
mod events;
mod find;
mod ids;
mod indexes;
mod jsonpath;
#[cfg(feature = "tiering")]
mod lake;
mod model;
mod operations;
mod pages;
mod patches;
mod powercut;
mod races;
mod soak;
mod support;
mod transactions;
mod ttl;
mod typed;
mod verify;
mod workload;
