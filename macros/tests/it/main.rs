//! What the derive writes, and what it refuses.
#![allow(clippy::unwrap_used)]

/// Units of the macros, with their own tests.
#[path = "../../src/"]
#[allow(dead_code)]
mod units {
    mod case;
    mod collection_name;
    mod suggest;
}

mod collections;
mod crates;
mod ids;
mod indexes;
mod json_names;
mod refusals;
mod vectors;
