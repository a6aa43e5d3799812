//! Behaviour of the vector store, seen from outside.

#![allow(clippy::unwrap_used)]

mod ann;
mod compressed;
mod events;
mod filters;
mod formats;
mod loads;
mod model;
mod operations;
mod quantize;
mod rebuild;
mod refusals;
mod search;
mod support;
mod transactions;
mod typed;
mod verify;
#[cfg(feature = "lance")]
mod warm;
#[cfg(not(feature = "lance"))]
mod warm_absent;
