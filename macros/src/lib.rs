//! The derive that keeps a struct in one of Headwater's stores.
#![doc = include_str!("../README.md")]

mod attribute;
mod case;
mod collection_name;
mod document;
mod errors;
mod expand;
mod indexes;
mod member;
mod model;
mod serde_names;
mod suggest;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `Document` for a struct, so that a store knows its collection, its id and its indexes,
/// and the facade knows which store to route it to.
///
/// The struct has named fields and no type parameters, and is `Serialize` and `DeserializeOwned`.
/// JSON names follow serde's attributes (`rename`, `rename_all`); paths are written in JSON names.
///
/// On the struct:
///
/// | option | meaning |
/// |---|---|
/// | `document` | the store; required |
/// | `name = "people"` | the collection. Default: the type's name in snake case and in the plural |
/// | `index = "address.city"` | an index on a path, there from the first opening on |
/// | `unique = "contact.email"` | the same, and no two documents have the same value |
/// | `crate = headwater_document` | where the store's crate is found. Default: `::headwater` |
///
/// On fields:
///
/// | option | meaning |
/// |---|---|
/// | `id` | the field is the key; exactly one. Text, an integer up to 64 bits signed, or a UUID |
/// | `index`, `unique` | an index on the field |
/// | `index = "address.city"` | an index inside the field `address` |
///
/// ```
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
/// # fn main() -> headwater::Result<()> {
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
/// ```
#[proc_macro_derive(Store, attributes(store))]
pub fn derive_store(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::store(&input).unwrap_or_else(|error| error.into_compile_error()).into()
}
