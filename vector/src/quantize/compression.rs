//! What users choose: how vectors are compressed for the first stage of a search.

use headwater_primitives::Result;
use serde::{Deserialize, Serialize};

use super::binary::Binary;
use super::center::FACTOR_BYTES;
use super::codec::check_dimensions;
use super::product::check_bytes;

/// How vectors are compressed for the first stage of a search. Candidates are always rescored on the
/// full vectors, so compression trades memory and time against the candidates that are missed.
///
/// | | bytes per vector, `d` dimensions | `d` = 384 | recall@10 after rescoring |
/// |---|---|---|---|
/// | `None` | `4 d` | 1536 | 1 |
/// | `Int8` | `d + 8` | 392 | 1.00 at twice as many candidates |
/// | `Binary` | `8 ⌈d / 64⌉ + 8` | 56 | 0.99 at ten times as many |
/// | `Product { bytes }` | `bytes` | as chosen | 0.99 at ten times as many, with `bytes` = `d / 8` |
///
/// The recalls are those of SIFT (128 dimensions) and of MiniLM embeddings (384), as the tests hold them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Compression {
    /// Full vectors only.
    #[default]
    None,
    /// One byte per dimension: a quarter of the memory at hardly any loss. Needs no training to be
    /// good; for any embedding.
    Int8,
    /// One bit per dimension: the fastest scan, a thirtieth of the memory. Best from some 100 dimensions
    /// on, and the more the better.
    Binary,
    /// Product quantization to `bytes` bytes: memory as it is needed, for data like what it was trained
    /// on. Training takes at least 256 vectors.
    Product {
        /// The bytes per vector, from 1 to the number of dimensions.
        bytes: usize,
    },
}

impl Compression {
    /// The bytes that a first stage reads per vector of `dimensions`.
    pub fn bytes_per_vector(self, dimensions: usize) -> usize {
        match self {
            Compression::None => 4 * dimensions,
            Compression::Int8 => dimensions + FACTOR_BYTES,
            Compression::Binary => Binary::code_bytes(dimensions),
            Compression::Product { bytes } => bytes,
        }
    }

    /// Candidates per answer that are worth rescoring: where the recalls above are reached.
    pub fn oversampling(self) -> usize {
        match self {
            Compression::None => 1,
            Compression::Int8 => 2,
            Compression::Binary | Compression::Product { .. } => 10,
        }
    }

    /// Refuses a compression that vectors of `dimensions` cannot have.
    ///
    /// # Errors
    /// `InvalidInput` when there are no dimensions or more than 65,536, or when product quantization
    /// has no bytes or more than there are dimensions.
    pub fn check(self, dimensions: usize) -> Result<()> {
        match self {
            Compression::None => Ok(()),
            Compression::Int8 | Compression::Binary => check_dimensions(dimensions),
            Compression::Product { bytes } => {
                check_dimensions(dimensions)?;
                check_bytes(bytes, dimensions)
            }
        }
    }
}
