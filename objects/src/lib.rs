//! Object storage: a durable local store, any `object_store` backend by URL, and decorators.
#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod blocking;
mod budgeted;
#[cfg(feature = "cloud")]
mod cloud;
mod error;
mod faulty;
mod local;
mod objects;
mod open;
mod options;
mod prefixed;
mod random;
mod retrying;
#[cfg(feature = "testing")]
pub mod testing;

pub use object_store;

pub use budgeted::{Budgeted, Metrics};
pub use error::{Error, ErrorKind, Result};
pub use faulty::{Fault, Faulty, Injected, Operation, Rule};
pub use local::{DurableLocal, Swept, Sync};
pub use objects::Objects;
pub use open::open;
pub use options::OpenOptions;
pub use prefixed::Prefixed;
pub use retrying::{RetryPolicy, Retrying};
