//! Headwater, the facade: every store behind one type, and each value routed to its own.
#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(any(feature = "document", feature = "vector")),
    allow(dead_code, reason = "what the stores share is idle when there is none")
)]

mod builder;
mod database;
mod opened;
mod parts;
mod routing;
mod stats;
mod store_macro;
mod transaction;

pub mod model;
pub mod prelude;

pub use builder::HeadwaterBuilder;
pub use database::Headwater;
pub use routing::{Filtered, Key, Keyed, Store};
pub use stats::{Stats, TableStats};
pub use transaction::Transaction;

/// ```
/// # #[cfg(feature = "document")]
/// # fn main() -> headwater::Result<()> {
/// use headwater::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Store, Serialize, Deserialize)]
/// #[store(document, index = "address.city")]
/// struct Customer {
///     #[store(id)]
///     id: String,
///     #[store(unique)]
///     email: String,
///     address: Address,
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct Address {
///     city: String,
/// }
///
/// let db = Headwater::in_memory()?;
/// let customer = Customer {
///     id: "c1".into(),
///     email: "ada@example.org".into(),
///     address: Address { city: "Bern".into() },
/// };
/// db.put(&customer).wait()?;
/// assert_eq!(db.get::<Customer>("c1").wait()?.map(|c| c.address.city), Some("Bern".into()));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "document"))]
/// # fn main() {}
/// ```
///
pub use headwater_macros::Store;
pub use headwater_primitives::filter;
pub use headwater_primitives::{
    Attributes, Commit, Durability, Error, ErrorKind, Namespace, Pending, Read, Result, Sequence,
    Submit, Timestamp, WriteOptions,
};

/// The change log.
pub use headwater_cdc as cdc;
/// The document store.
#[cfg(feature = "document")]
pub use headwater_document as document;
/// The lake: Parquet and Apache Iceberg.
#[cfg(feature = "lake")]
pub use headwater_tiering as lake;

/// The namespace and what all parts share.
pub use headwater_primitives as primitives;
/// SQL over hot and cold documents.
#[cfg(feature = "sql")]
pub use headwater_sql as sql;
/// The vector store.
#[cfg(feature = "vector")]
pub use headwater_vector as vector;

/// What derived code names.
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "document")]
    pub use headwater_document::__private::*;
    #[cfg(feature = "vector")]
    pub use headwater_vector::__private::*;
}
