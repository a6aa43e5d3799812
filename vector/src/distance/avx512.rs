//! Kernels for AVX-512: one cache line per step and vector.

use std::arch::x86_64::*;

use super::LANES;

/// The sums of the lines at even and at odd places: two chains of additions that run at once.
type Chains = [__m512; 2];

/// The line of `vector` that starts at `at`.
#[target_feature(enable = "avx512f")]
fn line(vector: &[f32], at: usize) -> __m512 {
    let line = &vector[at..at + LANES];
    // SAFETY: the slice has as many numbers as the register.
    #[allow(unsafe_code)]
    unsafe {
        _mm512_loadu_ps(line.as_ptr())
    }
}

/// Adds up, for each of `b`, what `add` makes of a sum and a line of both vectors.
#[inline]
#[target_feature(enable = "avx512f")]
fn fold<const N: usize>(
    a: &[f32],
    b: [&[f32]; N],
    add: impl Fn(__m512, __m512, __m512) -> __m512,
) -> [Chains; N] {
    let mut chains = [[_mm512_setzero_ps(); 2]; N];
    let length = b.iter().fold(a.len(), |length, b| length.min(b.len()));
    let mut at = 0;
    while at + 2 * LANES <= length {
        let (even, odd) = (line(a, at), line(a, at + LANES));
        for (chains, b) in chains.iter_mut().zip(b) {
            chains[0] = add(chains[0], even, line(b, at));
            chains[1] = add(chains[1], odd, line(b, at + LANES));
        }
        at += 2 * LANES;
    }
    if at + LANES <= length {
        let even = line(a, at);
        for (chains, b) in chains.iter_mut().zip(b) {
            chains[0] = add(chains[0], even, line(b, at));
        }
    }
    chains
}

/// Both chains, in half a register.
#[target_feature(enable = "avx512f")]
fn half([even, odd]: Chains) -> __m256 {
    let whole = _mm512_add_ps(even, odd);
    let high = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(whole));
    _mm256_add_ps(_mm512_castps512_ps256(whole), _mm256_castpd_ps(high))
}

/// The sum of each pair of chains.
#[target_feature(enable = "avx512f,avx2")]
fn sums(chains: [Chains; 4]) -> [f32; 4] {
    let [a, b, c, d] = chains.map(|chains| half(chains));
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
#[target_feature(enable = "avx512f,avx2")]
fn sum([chains]: [Chains; 1]) -> f32 {
    let half = half(chains);
    let pairs = _mm256_hadd_ps(half, half);
    let fours = _mm256_hadd_ps(pairs, pairs);
    _mm_cvtss_f32(_mm_add_ps(_mm256_castps256_ps128(fours), _mm256_extractf128_ps::<1>(fours)))
}

#[target_feature(enable = "avx512f,avx2")]
pub(super) fn l2(a: &[f32], b: &[f32]) -> f32 {
    sum(fold(a, [b], |sum, a, b| {
        let difference = _mm512_sub_ps(a, b);
        _mm512_fmadd_ps(difference, difference, sum)
    }))
}

#[target_feature(enable = "avx512f,avx2")]
pub(super) fn l2_four(a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
    sums(fold(a, b, |sum, a, b| {
        let difference = _mm512_sub_ps(a, b);
        _mm512_fmadd_ps(difference, difference, sum)
    }))
}

#[target_feature(enable = "avx512f,avx2")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum(fold(a, [b], |sum, a, b| _mm512_fmadd_ps(a, b, sum)))
}

#[target_feature(enable = "avx512f,avx2")]
pub(super) fn dot_four(a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
    sums(fold(a, b, |sum, a, b| _mm512_fmadd_ps(a, b, sum)))
}
