//! Vectors in fewer bytes, for the first stage of a search: `int8`, one bit per dimension, product
//! quantization, and prefixes.
//!
//! A first stage reads codes instead of vectors and keeps more candidates than were asked for; they are
//! then measured on the full vectors. Nothing here knows of stores: vectors are slices, and slots are
//! numbers.

mod binary;
mod center;
mod codec;
mod codes;
mod compression;
mod format;
mod funnel;
mod int8;
mod kernels;
mod kmeans;
mod nearest;
mod product;
mod random;
mod rotation;
mod table;

pub use binary::{Binary, BinaryQuery, QueryBits};
pub use codec::Codec;
pub use codes::Codes;
pub use compression::Compression;
pub(crate) use funnel::narrow;
pub use funnel::{Stage, funnel, rescore};
pub use int8::{Int8, Int8Query};
pub use nearest::Candidate;
pub use product::{Product, ProductQuery};
pub use table::CodeTable;
