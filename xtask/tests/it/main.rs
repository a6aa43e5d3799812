//! What the workspace promises about its own shape, read from cargo.

#![allow(clippy::unwrap_used)]

mod arrows;
mod closure;
mod workspace;
