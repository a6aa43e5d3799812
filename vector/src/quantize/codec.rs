//! What every quantizer can do: encode vectors, and estimate distances on the codes.

use headwater_primitives::{Error, Result};

use crate::metric::Metric;

/// A quantizer: it encodes each vector in the same number of bytes, and estimates from codes alone how
/// far vectors are from a query.
///
/// Estimates are in the unit of the quantizer's [`Metric`], so that they can be compared with true
/// distances; which candidates are really the nearest must be decided on the full vectors. No finite
/// vector makes an estimate NaN; where a distance is beyond `f32`, it is infinite.
pub trait Codec {
    /// A query, prepared for many distances.
    type Query;

    /// How distances are measured.
    fn metric(&self) -> Metric;

    /// The number of dimensions of the vectors.
    fn dimensions(&self) -> usize;

    /// The bytes of one code.
    fn bytes_per_vector(&self) -> usize;

    /// Appends the code of `vector`: [`bytes_per_vector`](Codec::bytes_per_vector) bytes.
    ///
    /// # Panics
    /// When `vector` has another number of dimensions.
    fn encode(&self, vector: &[f32], out: &mut Vec<u8>);

    /// Prepares `vector` as a query.
    ///
    /// # Panics
    /// When `vector` has another number of dimensions.
    fn query(&self, vector: &[f32]) -> Self::Query;

    /// Appends the estimated distance of each of `codes`, which are whole codes one after the other.
    ///
    /// # Panics
    /// When `codes` ends inside a code.
    fn distances(&self, query: &Self::Query, codes: &[u8], out: &mut Vec<f32>);
}

/// The dimensions that codes exist for. Integer sums stay inside 32 bits with them.
pub(super) const MAX_DIMENSIONS: usize = 1 << 16;

/// Refuses numbers of dimensions that no code exists for.
pub(super) fn check_dimensions(dimensions: usize) -> Result<()> {
    if dimensions == 0 || dimensions > MAX_DIMENSIONS {
        return Err(Error::invalid(format!(
            "codes of vectors of {dimensions} dimensions do not exist; 1 to {MAX_DIMENSIONS} do"
        )));
    }
    Ok(())
}

/// Refuses a sample that is not whole vectors of `dimensions`, and returns how many there are.
pub(super) fn check_sample(sample: &[f32], dimensions: usize) -> Result<usize> {
    check_dimensions(dimensions)?;
    if !sample.len().is_multiple_of(dimensions) {
        return Err(Error::invalid(format!(
            "a training sample of {} numbers is not whole vectors of {dimensions} dimensions",
            sample.len()
        )));
    }
    Ok(sample.len() / dimensions)
}
