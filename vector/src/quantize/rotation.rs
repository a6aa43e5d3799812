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

/// Coordinates that are transformed without a loop.
const SMALL: usize = 8;

/// An orthogonal map, fixed by its signs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rotation {
    dimensions: usize,
    /// One or minus one per round and coordinate.
    signs: Box<[f32]>,
}

impl Rotation {
    /// The bytes of [`signs`](Rotation::signs).
    pub(super) fn bytes(dimensions: usize) -> usize {
        ROUNDS * dimensions.div_ceil(8)
    }

    pub(super) fn random(dimensions: usize, seed: u64) -> Rotation {
        let mut random = Random::new(seed);
        let bytes = (0..Rotation::bytes(dimensions)).map(|_| random.bits() as u8);
        Rotation::from_signs(dimensions, &bytes.collect::<Vec<_>>())
    }

    /// The rotation whose [`signs`](Rotation::signs) these are.
    pub(super) fn from_signs(dimensions: usize, signs: &[u8]) -> Rotation {
        let turned = |round: &[u8], place: usize| round[place / 8] >> (place % 8) & 1 == 1;
        let signs = signs.chunks_exact(dimensions.div_ceil(8)).flat_map(|round| {
            (0..dimensions).map(move |place| if turned(round, place) { -1.0 } else { 1.0 })
        });
        Rotation { dimensions, signs: signs.collect() }
    }

    /// A bit per coordinate, low bits first, for each round in whole bytes; a one turns the sign.
    pub(super) fn signs(&self) -> impl Iterator<Item = u8> {
        self.signs
            .chunks_exact(self.dimensions)
            .flat_map(|round| round.chunks(8))
            .map(|signs| signs.iter().rev().fold(0, |byte, sign| byte << 1 | u8::from(*sign < 0.0)))
    }

    /// Rotates `vector` in place.
    pub(super) fn apply(&self, vector: &mut [f32]) {
        let power = 1 << self.dimensions.ilog2();
        for signs in self.signs.chunks_exact(self.dimensions) {
            vector.iter_mut().zip(signs).for_each(|(x, sign)| *x *= sign);
            transform(&mut vector[..power]);
            if power < self.dimensions {
                transform(&mut vector[self.dimensions - power..]);
                mix(vector);
            }
        }
    }
}

/// The Walsh-Hadamard transform of a power of two of coordinates, of length 1 as a map.
fn transform(vector: &mut [f32]) {
    let (blocks, _) = vector.as_chunks_mut::<SMALL>();
    blocks.iter_mut().for_each(transform_small);
    let mut width = if blocks.is_empty() { 1 } else { SMALL };
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

/// The first steps, in registers.
fn transform_small(block: &mut [f32; SMALL]) {
    let [a, b, c, d, e, f, g, h] = *block;
    let [a, b, c, d, e, f, g, h] = [a + b, a - b, c + d, c - d, e + f, e - f, g + h, g - h];
    let [a, b, c, d, e, f, g, h] = [a + c, b + d, a - c, b - d, e + g, f + h, e - g, f - h];
    *block = [a + e, b + f, c + g, d + h, a - e, b - f, c - g, d - h];
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
