//! The kernels for AVX2 with POPCNT.
//!
//! Where the compiler vectorises the portable body well, this level is that body with more instructions
//! allowed.

use std::arch::x86_64::*;

use super::{CENTROIDS, portable};

#[target_feature(enable = "avx2")]
pub(super) fn int8_dots(query: &[i8], codes: &[u8], stride: usize, out: &mut [i32]) {
    let (blocks, rest) = query.as_chunks::<16>();
    for (code, sum) in codes.chunks_exact(stride).zip(out) {
        let (code, _) = code.split_at(query.len());
        let (code_blocks, code_rest) = code.as_chunks::<16>();
        let mut sums = _mm256_setzero_si256();
        for (a, b) in blocks.iter().zip(code_blocks) {
            // Products of 8 bits in pairs would saturate 16 bits, so both sides are widened first.
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(signed(a), unsigned(b)));
        }
        let tail: i32 =
            rest.iter().zip(code_rest).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
        *sum = total(sums) + tail;
    }
}

#[target_feature(enable = "avx2")]
#[allow(unsafe_code)]
fn signed(bytes: &[i8; 16]) -> __m256i {
    // SAFETY: the reference is to the 16 bytes that are read; the load needs no alignment.
    _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}

#[target_feature(enable = "avx2")]
#[allow(unsafe_code)]
fn unsigned(bytes: &[u8; 16]) -> __m256i {
    // SAFETY: the reference is to the 16 bytes that are read; the load needs no alignment.
    _mm256_cvtepu8_epi16(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}

#[target_feature(enable = "avx2")]
fn total(sums: __m256i) -> i32 {
    let sums = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    let sums = _mm_add_epi32(sums, _mm_unpackhi_epi64(sums, sums));
    _mm_cvtsi128_si32(sums) + _mm_extract_epi32::<1>(sums)
}

#[target_feature(enable = "popcnt")]
pub(super) fn hammings(query: &[u64], codes: &[u8], stride: usize, out: &mut [i32]) {
    portable::hammings(query, codes, stride, out);
}

#[target_feature(enable = "popcnt")]
pub(super) fn plane_sums(
    planes: &[u64],
    words: usize,
    codes: &[u8],
    stride: usize,
    out: &mut [i32],
) {
    portable::plane_sums(planes, words, codes, stride, out);
}

#[target_feature(enable = "avx2")]
pub(super) fn table_sums(table: &[f32], codes: &[u8], bytes: usize, out: &mut [f32]) {
    portable::table_sums(table, codes, bytes, out);
}

/// 64 centroids at a time: their sums stay in eight registers.
#[target_feature(enable = "avx2")]
pub(super) fn column_distances(point: &[f32], columns: &[f32], out: &mut [f32; CENTROIDS]) {
    for (place, out) in out.as_chunks_mut::<64>().0.iter_mut().enumerate() {
        let mut sums = [_mm256_setzero_ps(); 8];
        for (x, row) in point.iter().zip(columns.chunks_exact(CENTROIDS)) {
            let x = _mm256_set1_ps(*x);
            let centroids = row[64 * place..][..64].as_chunks::<8>().0;
            for (sum, centroids) in sums.iter_mut().zip(centroids) {
                let difference = _mm256_sub_ps(x, floats(centroids));
                *sum = _mm256_add_ps(*sum, _mm256_mul_ps(difference, difference));
            }
        }
        for (out, sum) in out.as_chunks_mut::<8>().0.iter_mut().zip(sums) {
            store(sum, out);
        }
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn smallest(distances: &[f32; CENTROIDS]) -> (usize, f32) {
    let (chunks, _) = distances.as_chunks::<8>();
    let mut lanes = floats(&chunks[0]);
    for chunk in &chunks[1..] {
        lanes = _mm256_min_ps(lanes, floats(chunk));
    }
    let mut each = [0.0; 8];
    store(lanes, &mut each);
    let smallest = each.into_iter().fold(f32::INFINITY, f32::min);
    for (place, chunk) in chunks.iter().enumerate() {
        let equal = _mm256_cmp_ps::<_CMP_EQ_OQ>(floats(chunk), _mm256_set1_ps(smallest));
        let equal = _mm256_movemask_ps(equal);
        if equal != 0 {
            return (place * 8 + equal.trailing_zeros() as usize, smallest);
        }
    }
    (0, smallest)
}

#[target_feature(enable = "avx2")]
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    portable::squared_distance(a, b)
}

#[target_feature(enable = "avx2")]
pub(super) fn dot_and_norm(a: &[f32], b: &[f32]) -> (f32, f32) {
    portable::dot_and_norm(a, b)
}

#[target_feature(enable = "avx2")]
#[allow(unsafe_code)]
fn floats(chunk: &[f32; 8]) -> __m256 {
    // SAFETY: the reference is to the 8 floats that are read; the load needs no alignment.
    unsafe { _mm256_loadu_ps(chunk.as_ptr()) }
}

#[target_feature(enable = "avx2")]
#[allow(unsafe_code)]
fn store(lanes: __m256, out: &mut [f32; 8]) {
    // SAFETY: the reference is to the 8 floats that are written; the store needs no alignment.
    unsafe { _mm256_storeu_ps(out.as_mut_ptr(), lanes) }
}
