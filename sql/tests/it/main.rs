//! SQL over both tiers.
#![allow(clippy::unwrap_used)]

mod filters;
mod joins;
mod json;
mod lake_plan;
mod model;
mod offers;
mod past;
mod pins;
mod pushdown;
mod reading;
mod refusals;
mod streaming;
mod support;
mod tpch;
#[cfg(feature = "vector")]
mod vector;
