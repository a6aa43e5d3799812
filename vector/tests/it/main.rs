//! Behaviour of the vector store, seen from outside.
#![allow(clippy::unwrap_used)]

mod events;
mod filters;
mod loads;
mod model;
mod operations;
mod rebuild;
mod refusals;
mod support;
mod transactions;
mod typed;
mod verify;
