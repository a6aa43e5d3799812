//! Behaviour of the vector store, seen from outside.

#![allow(clippy::unwrap_used)]

mod quantize;
