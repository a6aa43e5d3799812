//! Vectors as a direction and a length from a common mean, and how distances follow from both.
//!
//! Codes spend their bits on what differs between vectors, so the mean of a sample is taken off first.
//! With `r = x − m` and `p = q − m`, for the vector `x`, the query `q` and the mean `m`:
//!
//! ```text
//! |x − q|²  =  |r|²    +  |p|²      −  2 r·p
//!    −x·q   =  −x·m    −  m·p       −    r·p
//!             of the     of the        estimated
//!             vector     query         from the code
//! ```

use headwater_primitives::Result;

use super::codec::check_sample;
use crate::metric::Metric;

/// The metric, and the mean of the training sample.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Center {
    pub(super) metric: Metric,
    pub(super) mean: Box<[f32]>,
}

/// A vector as seen from the mean.
pub(super) struct Residual {
    /// `x − m` with length 1; zeros when `x` is `m`.
    pub(super) unit: Vec<f32>,
    /// The length of `x − m`.
    pub(super) norm: f64,
    /// The inner product of `x` and `m`.
    along_mean: f64,
}

impl Center {
    /// The mean of `sample`, which are vectors one after the other. None at all have the mean 0.
    ///
    /// # Errors
    /// `InvalidInput` when there are no dimensions or too many, or when `sample` ends inside a vector.
    pub(super) fn train(metric: Metric, dimensions: usize, sample: &[f32]) -> Result<Center> {
        let count = check_sample(sample, dimensions)?;
        let mut sums = vec![0.0f64; dimensions];
        for vector in sample.chunks_exact(dimensions) {
            let scale = scale(metric, vector);
            for (sum, x) in sums.iter_mut().zip(vector) {
                *sum += f64::from(*x) * scale;
            }
        }
        let mean = sums.into_iter().map(|sum| (sum / count.max(1) as f64) as f32).collect();
        Ok(Center { metric, mean })
    }

    /// `vector` as seen from the mean; under cosine it is normalised before.
    ///
    /// Sums are in 64 bits, which the squares of any 32-bit floats fit in.
    pub(super) fn residual(&self, vector: &[f32]) -> Residual {
        assert_eq!(vector.len(), self.mean.len(), "a vector has another number of dimensions");
        let scale = scale(self.metric, vector);
        let (mut norm, mut along_mean) = (0.0, 0.0);
        for (x, mean) in vector.iter().zip(&self.mean) {
            let (x, mean) = (f64::from(*x) * scale, f64::from(*mean));
            norm += (x - mean) * (x - mean);
            along_mean += x * mean;
        }
        let norm = norm.sqrt();
        let inverse = inverse(norm);
        let unit = vector.iter().zip(&self.mean);
        let unit =
            unit.map(|(x, mean)| ((f64::from(*x) * scale - f64::from(*mean)) * inverse) as f32);
        Residual { unit: unit.collect(), norm, along_mean }
    }

    /// The vector's own part of its distances; `norm` is the length that its code stands for.
    pub(super) fn vector_part(&self, residual: &Residual, norm: f64) -> f64 {
        match self.metric {
            Metric::L2 => norm * norm,
            Metric::Cosine | Metric::Dot => -residual.along_mean,
        }
    }

    /// The query's own part of all distances.
    pub(super) fn query_part(&self, residual: &Residual) -> f64 {
        let mean_norm = || self.mean.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
        match self.metric {
            Metric::L2 => residual.norm * residual.norm,
            Metric::Dot => mean_norm() - residual.along_mean,
            Metric::Cosine => 1.0 + mean_norm() - residual.along_mean,
        }
    }

    /// How often `r·p` is part of a distance.
    pub(super) fn weight(&self) -> f64 {
        match self.metric {
            Metric::L2 => -2.0,
            Metric::Cosine | Metric::Dot => -1.0,
        }
    }
}

/// What a vector is multiplied with before it is encoded: under cosine, what makes its length 1.
pub(super) fn scale(metric: Metric, vector: &[f32]) -> f64 {
    match metric {
        Metric::Cosine => {
            inverse(vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt())
        }
        Metric::L2 | Metric::Dot => 1.0,
    }
}

/// `1 / norm`, or 0 for a zero vector.
fn inverse(norm: f64) -> f64 {
    if norm > 0.0 { 1.0 / norm } else { 0.0 }
}

/// The two numbers at the end of a code: what the sum over the code is multiplied with, and the
/// vector's own part of its distances.
pub(super) const FACTOR_BYTES: usize = 8;

/// Appends the factors of a code. They are kept finite: an infinite one would make NaN of a sum of 0.
pub(super) fn write_factors(scale: f64, own: f64, out: &mut Vec<u8>) {
    for factor in [scale, own] {
        let factor = factor.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32;
        out.extend_from_slice(&factor.to_le_bytes());
    }
}

/// Turns the sums over codes into distances.
pub(super) struct Estimate {
    /// The query's own part.
    pub(super) own: f64,
    /// The query's factor of `r·p`.
    pub(super) step: f64,
    /// How often a sum counts in `r·p`, and what is added to it then: both whole numbers.
    pub(super) times: f64,
    pub(super) offset: f64,
}

impl Estimate {
    /// Appends the distance for each sum; `codes` are the codes that the sums are of.
    ///
    /// In 64 bits, which products of factors of 32 bits fit in.
    pub(super) fn distances(&self, sums: &[i32], codes: &[u8], stride: usize, out: &mut Vec<f32>) {
        let distances = sums.iter().zip(codes.chunks_exact(stride)).map(|(sum, code)| {
            let (scale, own) = factors(code);
            let sum = self.times * f64::from(*sum) + self.offset;
            (f64::from(own) + self.own + f64::from(scale) * self.step * sum) as f32
        });
        out.extend(distances);
    }
}

/// The factors at the end of `code`, which is longer than they are.
fn factors(code: &[u8]) -> (f32, f32) {
    let Some((_, &[a, b, c, d, e, f, g, h])) = code.split_last_chunk::<FACTOR_BYTES>() else {
        return (0.0, 0.0);
    };
    (f32::from_le_bytes([a, b, c, d]), f32::from_le_bytes([e, f, g, h]))
}
