//! What the stores and decorators promise, one behaviour per test.

#![allow(clippy::unwrap_used)]
