//! The facade from outside.
#![allow(clippy::unwrap_used)]

mod customer;
mod inspection;
mod opening;
mod routing;
#[cfg(feature = "sql")]
mod sql;
mod transactions;
#[cfg(feature = "vector")]
mod vectors;
