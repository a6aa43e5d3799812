//! Product quantization: a byte per group of dimensions.
//!
//! Jégou, Douze and Schmid, "Product quantization for nearest neighbor search" (IEEE TPAMI 2011): the
//! dimensions are cut into groups, each group of a vector is replaced by the nearest of 256 trained
//! centroids, and a query is compared with codes through a table of its distances from all centroids
//! (the asymmetric distance).

use std::ops::Range;

use headwater_primitives::{Error, Result};

use super::center::scale;
use super::codec::{Codec, check_sample};
use super::kernels::{self, CENTROIDS, Level};
use super::kmeans::{Centroids, nearest_column};
use super::random::Random;
use crate::metric::Metric;

/// Training vectors that are used at most: 128 per centroid. More cost time and change little.
const TRAINING_VECTORS: usize = 128 * CENTROIDS;
/// Codes whose sums are on the stack at once.
const BLOCK: usize = 64;

/// A quantizer to a chosen number of bytes per vector, with codebooks trained on a sample.
///
/// Encoding costs 256 distances of whole vectors; a query as much for its table; a distance, one lookup
/// and one addition per byte.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    pub(super) metric: Metric,
    pub(super) dimensions: usize,
    pub(super) bytes: usize,
    /// A row of 256 numbers per dimension: what its group's centroids have there.
    pub(super) columns: Box<[f32]>,
}

/// A query of [`Product`]: its distance from every centroid of every group.
pub struct ProductQuery {
    table: Vec<f32>,
    own: f32,
}

impl Product {
    /// Trains codebooks of `bytes` bytes per vector on `sample`: vectors of `dimensions` one after the
    /// other, as many as there are; of more than 32,768 a random part is used. The same seed and sample
    /// give the same codebooks.
    ///
    /// When `bytes` does not divide the dimensions, the first groups have one more than the last.
    ///
    /// # Errors
    /// `InvalidInput` when there are fewer than 256 training vectors, when `bytes` is 0 or more than the
    /// dimensions, when there are no dimensions or more than 65,536, or when `sample` ends inside a
    /// vector.
    pub fn train(
        metric: Metric,
        dimensions: usize,
        bytes: usize,
        sample: &[f32],
        seed: u64,
    ) -> Result<Product> {
        let count = check_sample(sample, dimensions)?;
        check_bytes(bytes, dimensions)?;
        if count < CENTROIDS {
            return Err(Error::invalid(format!(
                "product quantization was given {count} training vectors and needs at least \
                 {CENTROIDS}"
            )));
        }
        let mut random = Random::new(seed);
        let chosen = random.choose(TRAINING_VECTORS, count);
        let mut columns = Vec::with_capacity(dimensions * CENTROIDS);
        for group in groups(dimensions, bytes) {
            let points = chosen.iter().flat_map(|place| {
                let vector = &sample[place * dimensions..][..dimensions];
                let scale = scale(metric, vector);
                vector[group.clone()].iter().map(move |x| scaled(*x, scale))
            });
            let points: Vec<f32> = points.collect();
            let centroids = Centroids::train(&points, group.len(), &mut random);
            columns.extend_from_slice(centroids.columns());
        }
        Ok(Product { metric, dimensions, bytes, columns: columns.into() })
    }

    /// The groups of dimensions, each with its columns.
    fn groups(&self) -> impl Iterator<Item = (Range<usize>, &[f32])> {
        groups(self.dimensions, self.bytes).map(|group| {
            let columns = &self.columns[group.start * CENTROIDS..group.end * CENTROIDS];
            (group, columns)
        })
    }

    /// `vector` as its codebooks see it: normalised under cosine.
    fn scaled(&self, vector: &[f32]) -> Vec<f32> {
        assert_eq!(vector.len(), self.dimensions, "a vector has another number of dimensions");
        let scale = scale(self.metric, vector);
        vector.iter().map(|x| scaled(*x, scale)).collect()
    }
}

/// Refuses a number of bytes that `dimensions` cannot be cut into.
pub(super) fn check_bytes(bytes: usize, dimensions: usize) -> Result<()> {
    if bytes == 0 || bytes > dimensions {
        return Err(Error::invalid(format!(
            "product quantization to {bytes} bytes does not fit {dimensions} dimensions: 1 to \
             {dimensions} bytes do"
        )));
    }
    Ok(())
}

/// The dimensions of each byte.
fn groups(dimensions: usize, bytes: usize) -> impl Iterator<Item = Range<usize>> {
    let (len, longer) = (dimensions / bytes, dimensions % bytes);
    let start = move |byte: usize| byte * len + byte.min(longer);
    (0..bytes).map(move |byte| start(byte)..start(byte + 1))
}

fn scaled(x: f32, scale: f64) -> f32 {
    (f64::from(x) * scale) as f32
}

impl Codec for Product {
    type Query = ProductQuery;

    fn metric(&self) -> Metric {
        self.metric
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn bytes_per_vector(&self) -> usize {
        self.bytes
    }

    fn encode(&self, vector: &[f32], out: &mut Vec<u8>) {
        let level = Level::best();
        let vector = self.scaled(vector);
        let nearest = |(group, columns): (Range<usize>, &[f32])| {
            nearest_column(level, &vector[group], columns).0 as u8
        };
        out.extend(self.groups().map(nearest));
    }

    fn query(&self, vector: &[f32]) -> ProductQuery {
        let level = Level::best();
        let vector = self.scaled(vector);
        let mut table = Vec::with_capacity(self.bytes * CENTROIDS);
        // Sums of that many entries stay finite, so none becomes NaN.
        let bound = f32::MAX / self.bytes as f32 / 2.0;
        for (group, columns) in self.groups() {
            let row = match self.metric {
                Metric::L2 => {
                    let mut row = [0.0; CENTROIDS];
                    kernels::column_distances(level, &vector[group], columns, &mut row);
                    row
                }
                Metric::Cosine | Metric::Dot => negative_dots(&vector[group], columns),
            };
            table.extend(row.map(|entry| entry.clamp(-bound, bound)));
        }
        let own = if self.metric == Metric::Cosine { 1.0 } else { 0.0 };
        ProductQuery { table, own }
    }

    fn distances(&self, query: &ProductQuery, codes: &[u8], out: &mut Vec<f32>) {
        assert!(codes.len().is_multiple_of(self.bytes), "the codes end inside a code");
        let level = Level::best();
        let mut sums = [0.0; BLOCK];
        for codes in codes.chunks(BLOCK * self.bytes) {
            let sums = &mut sums[..codes.len() / self.bytes];
            kernels::table_sums(level, &query.table, codes, self.bytes, sums);
            out.extend(sums.iter().map(|sum| query.own + sum));
        }
    }
}

/// The negative inner products of `point` with all centroids, in 64 bits: infinities of both signs
/// would add to NaN.
fn negative_dots(point: &[f32], columns: &[f32]) -> [f32; CENTROIDS] {
    let mut sums = [0.0f64; CENTROIDS];
    for (x, column) in point.iter().zip(columns.chunks_exact(CENTROIDS)) {
        for (sum, centroid) in sums.iter_mut().zip(column) {
            *sum -= f64::from(*x) * f64::from(*centroid);
        }
    }
    sums.map(|sum| sum as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_cover_all_dimensions_once() {
        for (dimensions, bytes) in [(1, 1), (8, 2), (10, 4), (100, 16), (384, 384)] {
            let all: Vec<_> = groups(dimensions, bytes).collect();
            assert_eq!(all.len(), bytes);
            assert_eq!(
                all.iter().cloned().flatten().collect::<Vec<_>>(),
                (0..dimensions).collect::<Vec<_>>()
            );
            let lens: Vec<_> = all.iter().map(ExactSizeIterator::len).collect();
            assert!(lens.iter().max().unwrap() - lens.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn too_few_training_vectors_are_refused_with_how_many_are_needed() {
        let error = Product::train(Metric::L2, 2, 1, &[0.0; 2 * 255], 1).unwrap_err();
        let message = "product quantization was given 255 training vectors and needs at least 256";
        assert_eq!(error.to_string(), message);
        assert!(Product::train(Metric::L2, 2, 1, &[0.0; 2 * 256], 1).is_ok());
    }

    #[test]
    fn bytes_that_do_not_fit_the_dimensions_are_refused() {
        for bytes in [0, 3] {
            let error = Product::train(Metric::L2, 2, bytes, &[0.0; 2 * 256], 1).unwrap_err();
            assert!(error.to_string().contains("1 to 2 bytes do"), "{error}");
        }
    }
}
