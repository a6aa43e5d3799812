//! Kernels for AVX2 with FMA: half a cache line per step and vector.

use std::arch::x86_64::*;

/// Numbers in a register.
const WIDTH: usize = 8;

/// The eight numbers of `vector` that start at `at`.
#[target_feature(enable = "avx2,fma")]
fn line(vector: &[f32], at: usize) -> __m256 {
    let line = &vector[at..at + WIDTH];
    // SAFETY: the slice has as many numbers as the register.
    #[allow(unsafe_code)]
    unsafe {
        _mm256_loadu_ps(line.as_ptr())
    }
}

/// The sum of each register's numbers.
#[target_feature(enable = "avx2,fma")]
fn sums([a, b, c, d]: [__m256; 4]) -> [f32; 4] {
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

#[target_feature(enable = "avx2,fma")]
pub(super) fn l2(a: &[f32], b: &[f32]) -> f32 {
    let mut totals = [_mm256_setzero_ps(); 4];
    let length = a.len().min(b.len());
    let mut at = 0;
    while at + WIDTH <= length {
        let difference = _mm256_sub_ps(line(a, at), line(b, at));
        let total = &mut totals[at / WIDTH % 4];
        *total = _mm256_fmadd_ps(difference, difference, *total);
        at += WIDTH;
    }
    sums(totals).iter().sum()
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn l2_four(a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
    let mut totals = [_mm256_setzero_ps(); 4];
    let length = b.iter().fold(a.len(), |length, b| length.min(b.len()));
    let mut at = 0;
    while at + WIDTH <= length {
        let of = line(a, at);
        for (total, b) in totals.iter_mut().zip(b) {
            let difference = _mm256_sub_ps(of, line(b, at));
            *total = _mm256_fmadd_ps(difference, difference, *total);
        }
        at += WIDTH;
    }
    sums(totals)
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut totals = [_mm256_setzero_ps(); 4];
    let length = a.len().min(b.len());
    let mut at = 0;
    while at + WIDTH <= length {
        let total = &mut totals[at / WIDTH % 4];
        *total = _mm256_fmadd_ps(line(a, at), line(b, at), *total);
        at += WIDTH;
    }
    sums(totals).iter().sum()
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn dot_four(a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
    let mut totals = [_mm256_setzero_ps(); 4];
    let length = b.iter().fold(a.len(), |length, b| length.min(b.len()));
    let mut at = 0;
    while at + WIDTH <= length {
        let of = line(a, at);
        for (total, b) in totals.iter_mut().zip(b) {
            *total = _mm256_fmadd_ps(of, line(b, at), *total);
        }
        at += WIDTH;
    }
    sums(totals)
}
