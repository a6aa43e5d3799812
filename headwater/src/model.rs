//! One marker per store: what a type names as its [`Model`](crate::Store::Model).

/// Kept as documents: see [`document`](crate::document).
#[cfg(feature = "document")]
#[derive(Clone, Copy, Debug)]
pub enum Document {}

/// Kept as rows with embeddings: see [`vector`](crate::vector).
#[cfg(feature = "vector")]
#[derive(Clone, Copy, Debug)]
pub enum Vector {}
