//! Kernels for AVX2 with FMA: a cache line, which is two registers, per step and vector.

use std::arch::x86_64::*;

use super::LANES;

/// Numbers in a register.
const WIDTH: usize = 8;

/// The sums of the first and of the second halves of all lines: two chains of additions that run at once.
type Chains = [__m256; 2];

/// The eight numbers of `vector` that start at `at`.
#[target_feature(enable = "avx2,fma")]
fn half(vector: &[f32], at: usize) -> __m256 {
    let half = &vector[at..at + WIDTH];
    // SAFETY: the slice has as many numbers as the register.
    #[allow(unsafe_code)]
    unsafe {
        _mm256_loadu_ps(half.as_ptr())
    }
}

/// Adds up, for each of `b`, what `add` makes of a sum and half a line of both vectors.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn fold<const N: usize>(
    a: &[f32],
    b: [&[f32]; N],
    add: impl Fn(__m256, __m256, __m256) -> __m256,
) -> [Chains; N] {
    let mut chains = [[_mm256_setzero_ps(); 2]; N];
    let length = b.iter().fold(a.len(), |length, b| length.min(b.len()));
    let mut at = 0;
    while at + LANES <= length {
        let (first, second) = (half(a, at), half(a, at + WIDTH));
        for (chains, b) in chains.iter_mut().zip(b) {
            chains[0] = add(chains[0], first, half(b, at));
            chains[1] = add(chains[1], second, half(b, at + WIDTH));
        }
        at += LANES;
    }
    chains
}

/// The sum of each pair of chains.
#[target_feature(enable = "avx2,fma")]
fn sums(chains: [Chains; 4]) -> [f32; 4] {
    let [a, b, c, d] = chains.map(|[first, second]| _mm256_add_ps(first, second));
    let pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    let sums = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps::<1>(pairs));
    let mut out = [0.0; 4];
    // SAFETY: the array has as many numbers as the register.
    #[allow(unsafe_code)]
    unsafe {
        _mm_storeu_ps(out.as_mut_ptr(), sums);
    }
    out
}

/// The sum of one pair of chains, made in the same order.
#[target_feature(enable = "avx2,fma")]
fn sum([[first, second]]: [Chains; 1]) -> f32 {
    let whole = _mm256_add_ps(first, second);
    let pairs = _mm256_hadd_ps(whole, whole);
    let fours = _mm256_hadd_ps(pairs, pairs);
    _mm_cvtss_f32(_mm_add_ps(_mm256_castps256_ps128(fours), _mm256_extractf128_ps::<1>(fours)))
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn l2(a: &[f32], b: &[f32]) -> f32 {
    sum(fold(a, [b], |sum, a, b| {
        let difference = _mm256_sub_ps(a, b);
        _mm256_fmadd_ps(difference, difference, sum)
    }))
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn l2_four(a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
    sums(fold(a, b, |sum, a, b| {
        let difference = _mm256_sub_ps(a, b);
        _mm256_fmadd_ps(difference, difference, sum)
    }))
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum(fold(a, [b], |sum, a, b| _mm256_fmadd_ps(a, b, sum)))
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn dot_four(a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
    sums(fold(a, b, |sum, a, b| _mm256_fmadd_ps(a, b, sum)))
}
