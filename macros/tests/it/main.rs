//! What the derive writes, and what it refuses.
#![allow(clippy::unwrap_used)]

mod collections;
mod crates;
mod ids;
mod indexes;
mod json_names;
mod refusals;
mod vectors;
