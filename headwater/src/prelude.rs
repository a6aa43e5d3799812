//! What most programs need: `use headwater::prelude::*`.

pub use crate::filter::{Filter, field};
pub use crate::{Headwater, Store, Transaction};

#[cfg(feature = "document")]
pub use crate::document::{DocumentStore, Order};
#[cfg(feature = "vector")]
pub use crate::vector::{Metric, VectorOptions, VectorStore};
