//! The derive that keeps a struct in one of Headwater's stores.
#![doc = include_str!("../README.md")]

mod attribute;
mod case;
mod collection_name;
mod document;
mod errors;
mod expand;
mod expand_vector;
mod indexes;
mod kept;
mod member;
mod model;
mod serde_names;
mod suggest;
mod vector;
mod vector_options;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements a store's trait for a struct (`Document`, `Embedded`), so that the store knows its name,
/// its id and what is indexed, and the facade knows which store to route it to.
///
/// The struct has named fields and no type parameters, and is `Serialize` and `DeserializeOwned`.
/// JSON names follow serde's attributes (`rename`, `rename_all`); paths are written in JSON names.
///
/// On the struct:
///
/// | option | meaning |
/// |---|---|
/// | `document`, `vector` | the store; required |
/// | `name = "people"` | the collection or store. Default: the type's name in snake case and in the plural |
/// | `crate = headwater_document` | where the store's crate is found. Default: `::headwater` |
/// | of documents: `index = "address.city"` | an index on a path, there from the first opening on |
/// | `unique = "contact.email"` | the same, and no two documents have the same value |
/// | of vectors: `dim = 384` | the dimensions of the embeddings; required |
/// | `metric = "l2"` | `"cosine"`, `"l2"` or `"dot"`. Default: cosine |
/// | `language = "en"` | what text is stemmed by, an ISO 639-1 code or `"none"`. Default: English |
/// | `prefixes = [64, 128]` | prefixes of the embedding that mean something by themselves |
///
/// On fields:
///
/// | option | meaning |
/// |---|---|
/// | `id` | the field is the key; exactly one. Text, an integer up to 64 bits signed, or a UUID |
/// | of documents: `index`, `unique` | an index on the field |
/// | `index = "address.city"` | an index inside the field `address` |
/// | of vectors: `embedding` | the field is the embedding: `Vec<f32>`, `[f32; N]`, or an `Option` of one |
/// | `text` | the field is the text: `String` or `Option<String>` |
/// | `filter` | searches filter by the field: it is indexed |
///
/// `headwater::Store`, which this is, shows it at work.
#[proc_macro_derive(Store, attributes(store))]
pub fn derive_store(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::store(&input).unwrap_or_else(|error| error.into_compile_error()).into()
}
