//! Documents whose bodies are in the lake: their rows are here, with an empty body.

#[cfg(not(feature = "tiering"))]
mod absent;
#[cfg(feature = "tiering")]
mod lake;
mod thaw;
#[cfg(feature = "tiering")]
mod tiered;

#[cfg(not(feature = "tiering"))]
pub(crate) use absent::{View, reach_back, tombstone};
#[cfg(feature = "tiering")]
pub(crate) use lake::{View, reach_back, tombstone};
pub(crate) use thaw::{OnArchived, Thaw, Thawed, ahead, nowhere, thaw};

use std::pin::Pin;

use headwater_primitives::Result;

/// What comes from the lake.
pub(crate) type Later<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// Whether the body of a row says that the document is in the lake: no document is empty.
pub(crate) fn is_archived(body: &[u8]) -> bool {
    body.is_empty()
}
