//! The facade from outside.
#![allow(clippy::unwrap_used)]

mod customer;
mod inspection;
mod opening;
mod routing;
mod transactions;
#[cfg(feature = "vector")]
mod vectors;
