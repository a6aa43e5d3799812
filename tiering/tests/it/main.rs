//! The lake against what its documentation says, and against other engines.

#![allow(clippy::unwrap_used)]

mod catalog;
mod commits;
mod crash;
mod events;
mod expiry;
mod file_sets;
mod memory;
mod model;
mod python;
mod reference;
mod schemas;
mod snapshots;
mod speed;
mod store;
mod support;
