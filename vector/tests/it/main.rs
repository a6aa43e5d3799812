//! Behaviour of the vector store, seen from outside.
#![allow(clippy::unwrap_used)]

mod events;
mod filters;
mod loads;
mod model;
mod operations;
mod refusals;
mod search;
mod support;
mod transactions;
mod typed;
mod verify;
