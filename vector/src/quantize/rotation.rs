//! A random rotation in `O(d log d)`: what is in few coordinates is spread over all of them.
//!
//! Rounds of random signs, Walsh-Hadamard transforms and pairwise mixing. A transform needs a power of
//! two, so in other dimensions the largest power of two below is transformed at the front and again at
//! the back, and the mixing (a step of Kac's walk) joins the two halves; no coordinate is added. The
//! construction is that of the RaBitQ library, <https://github.com/VectorDB-NTU/RaBitQ-Library>.

use std::f32::consts::FRAC_1_SQRT_2;

use super::random::Random;

/// With fewer rounds a vector along one axis stays recognisable.
pub(super) const ROUNDS: usize = 4;

/// An orthogonal map, fixed by its signs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rotation {
    /// A bit per coordinate and round, each round in whole bytes; a one turns the sign.
    signs: Box<[u8]>,
}

impl Rotation {
    /// The bytes of the signs.
    pub(super) fn bytes(dimensions: usize) -> usize {
        ROUNDS * dimensions.div_ceil(8)
    }

    pub(super) fn random(dimensions: usize, seed: u64) -> Rotation {
        let mut random = Random::new(seed);
        let signs = (0..Rotation::bytes(dimensions)).map(|_| random.bits() as u8).collect();
        Rotation { signs }
    }

    /// A rotation of vectors for which `signs` has the right number of bytes.
    pub(super) fn from_signs(signs: &[u8]) -> Rotation {
        Rotation { signs: signs.into() }
    }

    pub(super) fn signs(&self) -> &[u8] {
        &self.signs
    }

    /// Rotates `vector` in place.
    pub(super) fn apply(&self, vector: &mut [f32]) {
        let dimensions = vector.len();
        let power = 1 << dimensions.ilog2();
        for signs in self.signs.chunks_exact(dimensions.div_ceil(8)) {
            for (place, x) in vector.iter_mut().enumerate() {
                let turned = u32::from(signs[place / 8] >> (place % 8) & 1) << 31;
                *x = f32::from_bits(x.to_bits() ^ turned);
            }
            transform(&mut vector[..power]);
            if power < dimensions {
                transform(&mut vector[dimensions - power..]);
                mix(vector);
            }
        }
    }
}

/// The Walsh-Hadamard transform of a power of two of coordinates, of length 1 as a map.
fn transform(vector: &mut [f32]) {
    let mut width = 1;
    while width < vector.len() {
        for block in vector.chunks_exact_mut(2 * width) {
            let (left, right) = block.split_at_mut(width);
            for (a, b) in left.iter_mut().zip(right) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        width *= 2;
    }
    let scale = 1.0 / (vector.len() as f32).sqrt();
    vector.iter_mut().for_each(|x| *x *= scale);
}

/// Turns each pair of a coordinate of the front half and its partner of the back half by 45 degrees.
fn mix(vector: &mut [f32]) {
    let half = vector.len() / 2;
    let (front, back) = vector.split_at_mut(vector.len() - half);
    for (a, b) in front.iter_mut().zip(back) {
        (*a, *b) = ((*a + *b) * FRAC_1_SQRT_2, (*a - *b) * FRAC_1_SQRT_2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn a_rotation_keeps_inner_products_in_any_dimension() {
        for dimensions in [1, 2, 3, 5, 8, 96, 100, 128, 384, 1000] {
            let mut random = Random::new(dimensions as u64);
            let mut vector =
                || (0..dimensions).map(|_| random.below(100) as f32 - 50.0).collect::<Vec<_>>();
            let (a, b) = (vector(), vector());
            let rotation = Rotation::random(dimensions, 5);
            let (mut rotated_a, mut rotated_b) = (a.clone(), b.clone());
            rotation.apply(&mut rotated_a);
            rotation.apply(&mut rotated_b);
            let bound = 1e-4 * (dot(&a, &a) * dot(&b, &b)).sqrt();
            assert!((dot(&a, &b) - dot(&rotated_a, &rotated_b)).abs() <= bound, "{dimensions}");
        }
    }

    #[test]
    fn one_axis_is_spread_over_all_coordinates() {
        for dimensions in [96, 128, 384, 1000] {
            for axis in [0, dimensions / 2, dimensions - 1] {
                let mut vector = vec![0.0; dimensions];
                vector[axis] = 1.0;
                Rotation::random(dimensions, 5).apply(&mut vector);
                let largest = vector.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
                assert!(largest < 6.0 / (dimensions as f32).sqrt(), "{dimensions}: {largest}");
            }
        }
    }
}
