//! Int8 scalar quantization: one byte per dimension.
//!
//! A code is the vector's difference from the mean of the training sample, in steps of its own: 1/127 of
//! the difference's largest coordinate. Of the scales that let integer products be summed (one for all
//! vectors, one per vector, one per dimension with the scales folded into the query) this gives the best
//! recall for its bytes: no coordinate is ever clipped, however far a vector lies from the sample, and a
//! few dimensions that are much larger than the rest cost the query no precision beyond their share.
//! Without the mean, embeddings that share a direction would waste their bits on it.

use headwater_primitives::Result;

use super::center::{Center, Estimate, FACTOR_BYTES, write_factors};
use super::codec::Codec;
use super::kernels::{self, Level};
use crate::metric::Metric;

/// The largest absolute value of a code's coordinates.
const STEPS: f32 = 127.0;
/// What is added to a coordinate to store it without a sign, as VNNI wants one of its sides.
const BIAS: i32 = 128;
/// Codes whose sums are on the stack at once.
const BLOCK: usize = 64;

/// A quantizer to 8 bits per dimension, and 8 bytes per vector for its scale and its length.
///
/// Distances are sums of integer products (VNNI or AVX2 where there): about four times fewer bytes to
/// read than with floats. Encoding costs two passes over the vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Int8 {
    pub(super) center: Center,
}

/// A query of [`Int8`]: 8 bits per dimension too.
pub struct Int8Query {
    steps: Vec<i8>,
    estimate: Estimate,
}

impl Int8 {
    /// Learns the mean of `sample`: vectors of `dimensions` one after the other, a few hundred are
    /// enough. An empty sample is allowed; the mean is then 0.
    ///
    /// # Errors
    /// `InvalidInput` when there are no dimensions or more than 65,536, or when `sample` ends inside a
    /// vector.
    pub fn train(metric: Metric, dimensions: usize, sample: &[f32]) -> Result<Int8> {
        Ok(Int8 { center: Center::train(metric, dimensions, sample)? })
    }
}

impl Codec for Int8 {
    type Query = Int8Query;

    fn metric(&self) -> Metric {
        self.center.metric
    }

    fn dimensions(&self) -> usize {
        self.center.mean.len()
    }

    fn bytes_per_vector(&self) -> usize {
        self.dimensions() + FACTOR_BYTES
    }

    fn encode(&self, vector: &[f32], out: &mut Vec<u8>) {
        let residual = self.center.residual(vector);
        let (per_unit, step) = steps(&residual.unit);
        let at = out.len();
        out.extend(residual.unit.iter().map(|x| stored(x * per_unit)));
        let encoded = out[at..].iter().map(|byte| i32::from(*byte) - BIAS);
        let squares: i32 = encoded.map(|x| x * x).sum();
        let scale = residual.norm * step;
        // The length of what is encoded, not of the vector: the errors of both parts then cancel for
        // vectors near the query, which are those that matter.
        let own = self.center.vector_part(&residual, scale * f64::from(squares).sqrt());
        write_factors(scale, own, out);
    }

    fn query(&self, vector: &[f32]) -> Int8Query {
        let residual = self.center.residual(vector);
        let (per_unit, step) = steps(&residual.unit);
        let steps = residual.unit.iter().map(|x| (i32::from(stored(x * per_unit)) - BIAS) as i8);
        let steps: Vec<i8> = steps.collect();
        let estimate = Estimate {
            own: self.center.query_part(&residual),
            step: self.center.weight() * residual.norm * step,
            times: 1.0,
            offset: -f64::from(BIAS * steps.iter().map(|step| i32::from(*step)).sum::<i32>()),
        };
        Int8Query { steps, estimate }
    }

    fn distances(&self, query: &Int8Query, codes: &[u8], out: &mut Vec<f32>) {
        let stride = self.bytes_per_vector();
        assert!(codes.len().is_multiple_of(stride), "the codes end inside a code");
        let level = Level::best();
        let mut sums = [0; BLOCK];
        for codes in codes.chunks(BLOCK * stride) {
            let sums = &mut sums[..codes.len() / stride];
            kernels::int8_dots(level, &query.steps, codes, stride, sums);
            query.estimate.distances(sums, codes, stride, out);
        }
    }
}

/// Steps per unit for coordinates up to the largest of `unit`, and the size of a step.
fn steps(unit: &[f32]) -> (f32, f64) {
    let largest = unit.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    if largest == 0.0 {
        return (0.0, 0.0);
    }
    (STEPS / largest, f64::from(largest) / f64::from(STEPS))
}

/// A coordinate of −127 to 127 steps, rounded and made positive.
fn stored(steps: f32) -> u8 {
    (steps + (BIAS as f32 + 0.5)) as u8
}
