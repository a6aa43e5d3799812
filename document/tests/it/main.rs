//! The document store against what its documentation says.

#![allow(clippy::unwrap_used)]

mod find;
mod ids;
mod indexes;
mod jsonpath;
mod operations;
mod pages;
mod patches;
mod support;
mod transactions;
mod ttl;
mod typed;
