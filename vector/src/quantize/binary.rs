//! Binary codes: one bit per dimension.
//!
//! RaBitQ (Gao and Long, SIGMOD 2024, <https://arxiv.org/abs/2405.12497>): a vector's difference from
//! the mean is rotated at random, and its signs are kept. The inner product of a query `p` with the
//! difference `r` is estimated as `|r|² / |r|₁ · Σ sign(rᵢ) pᵢ`, whose error is unbiased and shrinks with
//! the square root of the dimensions. The factor before the sum is kept with the code.

use headwater_primitives::Result;

use super::center::{Center, Estimate, FACTOR_BYTES, Residual, write_factors};
use super::codec::Codec;
use super::kernels::{self, Level, PLANE_WORDS};
use super::rotation::Rotation;
use crate::metric::Metric;

/// The largest absolute value of four-bit numbers of a query.
const STEPS: f32 = 7.0;
/// Codes whose sums are on the stack at once.
const BLOCK: usize = 64;

/// How many bits of each dimension of a query are compared with the codes' single ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QueryBits {
    /// Signs only: the Hamming distance, the cheapest, with the codes' factors on top.
    One,
    /// Four bits: nearly the recall of a query in floats.
    #[default]
    Four,
}

/// A quantizer to one bit per dimension, in whole words of 64, and 8 bytes per vector for the factor
/// and the length.
///
/// Encoding costs a rotation, `O(d log d)`; a distance, one or four population counts per word.
#[derive(Clone, Debug, PartialEq)]
pub struct Binary {
    pub(super) center: Center,
    pub(super) rotation: Rotation,
    pub(super) query_bits: QueryBits,
}

/// A query of [`Binary`].
pub struct BinaryQuery {
    bits: Bits,
    estimate: Estimate,
}

enum Bits {
    /// The signs, a one for a positive coordinate.
    One(Vec<u64>),
    /// Bit planes as `kernels::plane_sums` takes them.
    Four(Vec<u64>),
}

impl Binary {
    /// Learns the mean of `sample`, vectors of `dimensions` one after the other (a few hundred are
    /// enough; of none the mean is 0), and draws the rotation from `seed`.
    ///
    /// # Errors
    /// `InvalidInput` when there are no dimensions or more than 65,536, or when `sample` ends inside a
    /// vector.
    pub fn train(metric: Metric, dimensions: usize, sample: &[f32], seed: u64) -> Result<Binary> {
        let center = Center::train(metric, dimensions, sample)?;
        let rotation = Rotation::random(dimensions, seed);
        Ok(Binary { center, rotation, query_bits: QueryBits::default() })
    }

    /// The same codes, compared with queries of other bits.
    #[must_use]
    pub fn with_query_bits(mut self, bits: QueryBits) -> Binary {
        self.query_bits = bits;
        self
    }

    /// The bytes of a code of `dimensions`.
    pub(super) fn code_bytes(dimensions: usize) -> usize {
        dimensions.div_ceil(64) * 8 + FACTOR_BYTES
    }

    /// `vector` as seen from the mean, its direction rotated.
    fn rotated(&self, vector: &[f32]) -> Residual {
        let mut residual = self.center.residual(vector);
        self.rotation.apply(&mut residual.unit);
        residual
    }
}

impl Codec for Binary {
    type Query = BinaryQuery;

    fn metric(&self) -> Metric {
        self.center.metric
    }

    fn dimensions(&self) -> usize {
        self.center.mean.len()
    }

    fn bytes_per_vector(&self) -> usize {
        Binary::code_bytes(self.dimensions())
    }

    fn encode(&self, vector: &[f32], out: &mut Vec<u8>) {
        let residual = self.rotated(vector);
        for word in signs(&residual.unit) {
            out.extend_from_slice(&word.to_le_bytes());
        }
        let sum = absolute_sum(&residual.unit);
        let scale = if sum > 0.0 { residual.norm / sum } else { 0.0 };
        write_factors(scale, self.center.vector_part(&residual, residual.norm), out);
    }

    fn query(&self, vector: &[f32]) -> BinaryQuery {
        let residual = self.rotated(vector);
        let own = self.center.query_part(&residual);
        let step = self.center.weight() * residual.norm;
        match self.query_bits {
            QueryBits::One => one_bit(&residual.unit, own, step),
            QueryBits::Four => four_bits(&residual.unit, own, step),
        }
    }

    fn distances(&self, query: &BinaryQuery, codes: &[u8], out: &mut Vec<f32>) {
        let stride = self.bytes_per_vector();
        assert!(codes.len().is_multiple_of(stride), "the codes end inside a code");
        let level = Level::best();
        let words = self.dimensions().div_ceil(64);
        let mut sums = [0; BLOCK];
        for codes in codes.chunks(BLOCK * stride) {
            let sums = &mut sums[..codes.len() / stride];
            match &query.bits {
                Bits::One(signs) => kernels::hammings(level, signs, codes, stride, sums),
                Bits::Four(planes) => {
                    kernels::plane_sums(level, planes, words, codes, stride, sums);
                }
            }
            query.estimate.distances(sums, codes, stride, out);
        }
    }
}

/// A one for each positive coordinate, in words of 64.
fn signs(unit: &[f32]) -> impl Iterator<Item = u64> {
    unit.chunks(64)
        .map(|chunk| chunk.iter().rev().fold(0, |word, x| word << 1 | u64::from(*x > 0.0)))
}

fn absolute_sum(unit: &[f32]) -> f64 {
    unit.iter().map(|x| f64::from(x.abs())).sum()
}

/// Signs of one magnitude, their mean: `Σ sign·sign = d − 2 · differing`.
fn one_bit(unit: &[f32], own: f64, step: f64) -> BinaryQuery {
    let dimensions = unit.len() as f64;
    let step = step * absolute_sum(unit) / dimensions;
    let estimate = Estimate { own, step, times: -2.0, offset: dimensions };
    BinaryQuery { bits: Bits::One(signs(unit).collect()), estimate }
}

/// Numbers of −7 to 7 steps: `Σ sign·number = 2 · the sum where there is a one − the sum of all`.
fn four_bits(unit: &[f32], own: f64, step: f64) -> BinaryQuery {
    let largest = unit.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    let per_unit = if largest > 0.0 { STEPS / largest } else { 0.0 };
    let mut planes = vec![0; unit.len().div_ceil(128) * PLANE_WORDS];
    let mut total = 0;
    for (place, x) in unit.iter().enumerate() {
        let number = (x * per_unit + 8.5) as i32 - 8;
        total += number;
        let word = place / 64;
        for plane in 0..4 {
            let bit = (number >> plane & 1) as u64;
            planes[word / 2 * PLANE_WORDS + 2 * plane + word % 2] |= bit << (place % 64);
        }
    }
    let step = step * f64::from(largest / STEPS);
    let estimate = Estimate { own, step, times: 2.0, offset: -f64::from(total) };
    BinaryQuery { bits: Bits::Four(planes), estimate }
}
