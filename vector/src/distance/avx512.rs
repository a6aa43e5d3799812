//! Kernels for AVX-512: one cache line per step and vector.

use std::arch::x86_64::*;

use super::LANES;

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

/// The sum of each register's numbers.
#[target_feature(enable = "avx512f,avx2")]
fn sums(registers: [__m512; 4]) -> [f32; 4] {
    let half = |register: __m512| {
        let high = _mm512_castpd_ps(_mm512_castpd256_pd512(_mm512_extractf64x4_pd::<1>(
            _mm512_castps_pd(register),
        )));
        _mm256_add_ps(_mm512_castps512_ps256(register), _mm512_castps512_ps256(high))
    };
    let [a, b, c, d] = registers.map(half);
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

#[target_feature(enable = "avx512f")]
pub(super) fn l2(a: &[f32], b: &[f32]) -> f32 {
    let (mut even, mut odd) = (_mm512_setzero_ps(), _mm512_setzero_ps());
    let length = a.len().min(b.len());
    let mut at = 0;
    while at + 2 * LANES <= length {
        let first = _mm512_sub_ps(line(a, at), line(b, at));
        let second = _mm512_sub_ps(line(a, at + LANES), line(b, at + LANES));
        even = _mm512_fmadd_ps(first, first, even);
        odd = _mm512_fmadd_ps(second, second, odd);
        at += 2 * LANES;
    }
    if at + LANES <= length {
        let last = _mm512_sub_ps(line(a, at), line(b, at));
        even = _mm512_fmadd_ps(last, last, even);
    }
    _mm512_reduce_add_ps(_mm512_add_ps(even, odd))
}

#[target_feature(enable = "avx512f,avx2")]
pub(super) fn l2_four(a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
    let mut totals = [_mm512_setzero_ps(); 4];
    let length = b.iter().fold(a.len(), |length, b| length.min(b.len()));
    let mut at = 0;
    while at + LANES <= length {
        let of = line(a, at);
        for (total, b) in totals.iter_mut().zip(b) {
            let difference = _mm512_sub_ps(of, line(b, at));
            *total = _mm512_fmadd_ps(difference, difference, *total);
        }
        at += LANES;
    }
    sums(totals)
}

#[target_feature(enable = "avx512f")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (mut even, mut odd) = (_mm512_setzero_ps(), _mm512_setzero_ps());
    let length = a.len().min(b.len());
    let mut at = 0;
    while at + 2 * LANES <= length {
        even = _mm512_fmadd_ps(line(a, at), line(b, at), even);
        odd = _mm512_fmadd_ps(line(a, at + LANES), line(b, at + LANES), odd);
        at += 2 * LANES;
    }
    if at + LANES <= length {
        even = _mm512_fmadd_ps(line(a, at), line(b, at), even);
    }
    _mm512_reduce_add_ps(_mm512_add_ps(even, odd))
}

#[target_feature(enable = "avx512f,avx2")]
pub(super) fn dot_four(a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
    let mut totals = [_mm512_setzero_ps(); 4];
    let length = b.iter().fold(a.len(), |length, b| length.min(b.len()));
    let mut at = 0;
    while at + LANES <= length {
        let of = line(a, at);
        for (total, b) in totals.iter_mut().zip(b) {
            *total = _mm512_fmadd_ps(of, line(b, at), *total);
        }
        at += LANES;
    }
    sums(totals)
}
