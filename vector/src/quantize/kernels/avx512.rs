//! The kernels for AVX-512 with VNNI and VPOPCNTDQ.

use std::arch::x86_64::*;

use super::{CENTROIDS, PLANE_WORDS, portable};

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn int8_dots(query: &[i8], codes: &[u8], stride: usize, out: &mut [i32]) {
    let (fours, rest) = out.as_chunks_mut::<4>();
    let mut blocks = codes.chunks_exact(4 * stride);
    for (sums, block) in fours.iter_mut().zip(&mut blocks) {
        *sums = four_dots(query, block, stride);
    }
    for (sum, code) in rest.iter_mut().zip(blocks.remainder().chunks_exact(stride)) {
        let mut sums = _mm512_setzero_si512();
        for (a, b) in query.chunks(64).zip(code[..query.len()].chunks(64)) {
            sums = _mm512_dpbusd_epi32(sums, unsigned(b), signed(a));
        }
        *sum = _mm512_reduce_add_epi32(sums);
    }
}

/// Four codes at a time: the query is loaded once for them, and they are folded together.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn four_dots(query: &[i8], block: &[u8], stride: usize) -> [i32; 4] {
    let len = query.len();
    let (a, rest) = block.split_at(stride);
    let (b, rest) = rest.split_at(stride);
    let (c, d) = rest.split_at(stride);
    let mut sums = [_mm512_setzero_si512(); 4];
    let codes = a[..len].chunks(64).zip(b[..len].chunks(64));
    let codes = codes.zip(c[..len].chunks(64).zip(d[..len].chunks(64)));
    for (query, ((a, b), (c, d))) in query.chunks(64).zip(codes) {
        let query = signed(query);
        sums[0] = _mm512_dpbusd_epi32(sums[0], unsigned(a), query);
        sums[1] = _mm512_dpbusd_epi32(sums[1], unsigned(b), query);
        sums[2] = _mm512_dpbusd_epi32(sums[2], unsigned(c), query);
        sums[3] = _mm512_dpbusd_epi32(sums[3], unsigned(d), query);
    }
    fold(sums)
}

/// The four sums of four registers.
#[target_feature(enable = "avx512f")]
fn fold([a, b, c, d]: [__m512i; 4]) -> [i32; 4] {
    let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    let sums = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    let sums = _mm256_add_epi32(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64::<1>(sums));
    let sums = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    [
        _mm_cvtsi128_si32(sums),
        _mm_extract_epi32::<1>(sums),
        _mm_extract_epi32::<2>(sums),
        _mm_extract_epi32::<3>(sums),
    ]
}

#[target_feature(enable = "avx512f,avx512bw")]
#[allow(unsafe_code)]
fn signed(bytes: &[i8]) -> __m512i {
    // SAFETY: the mask leaves out what is beyond the slice.
    unsafe { _mm512_maskz_loadu_epi8(mask(bytes.len()), bytes.as_ptr()) }
}

#[target_feature(enable = "avx512f,avx512bw")]
#[allow(unsafe_code)]
fn unsigned(bytes: &[u8]) -> __m512i {
    // SAFETY: the mask leaves out what is beyond the slice.
    unsafe { _mm512_maskz_loadu_epi8(mask(bytes.len()), bytes.as_ptr().cast()) }
}

/// A one for each of `len` bytes, of 64 at most.
fn mask(len: usize) -> u64 {
    u64::MAX >> 64usize.saturating_sub(len).min(63)
}

#[target_feature(enable = "popcnt")]
pub(super) fn hammings(query: &[u64], codes: &[u8], stride: usize, out: &mut [i32]) {
    portable::hammings(query, codes, stride, out);
}

/// A pair of code words is repeated four times in a register, beside the same words of four planes.
#[target_feature(enable = "avx512f,avx512dq,avx512vpopcntdq")]
pub(super) fn plane_sums(
    planes: &[u64],
    words: usize,
    codes: &[u8],
    stride: usize,
    out: &mut [i32],
) {
    let (planes, _) = planes.as_chunks::<PLANE_WORDS>();
    let shifts = _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3);
    for (code, sum) in codes.chunks_exact(stride).zip(out) {
        let (pairs, last) = code[..words * 8].as_chunks::<16>();
        let mut counts = _mm512_setzero_si512();
        for (pair, planes) in pairs.iter().zip(planes) {
            counts = count(counts, pair, planes);
        }
        if let Ok(single) = <[u8; 8]>::try_from(last) {
            let mut pair = [0; 16];
            pair[..8].copy_from_slice(&single);
            counts = count(counts, &pair, &planes[pairs.len()]);
        }
        let weighed = _mm512_sllv_epi64(counts, shifts);
        let negative = _mm512_setzero_si512();
        let signed = _mm512_mask_sub_epi64(weighed, 0b1100_0000, negative, weighed);
        *sum = _mm512_reduce_add_epi64(signed) as i32;
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512vpopcntdq")]
#[allow(unsafe_code)]
fn count(counts: __m512i, pair: &[u8; 16], planes: &[u64; PLANE_WORDS]) -> __m512i {
    // SAFETY: the references are to the 16 and 64 bytes that are read; neither load needs alignment.
    let (pair, planes) = unsafe {
        (_mm_loadu_si128(pair.as_ptr().cast()), _mm512_loadu_epi64(planes.as_ptr().cast()))
    };
    let ones = _mm512_and_si512(_mm512_broadcast_i64x2(pair), planes);
    _mm512_add_epi64(counts, _mm512_popcnt_epi64(ones))
}

#[target_feature(enable = "avx512f")]
pub(super) fn table_sums(table: &[f32], codes: &[u8], bytes: usize, out: &mut [f32]) {
    portable::table_sums(table, codes, bytes, out);
}

/// 64 centroids at a time: their sums stay in four registers.
#[target_feature(enable = "avx512f")]
pub(super) fn column_distances(point: &[f32], columns: &[f32], out: &mut [f32; CENTROIDS]) {
    for (place, out) in out.as_chunks_mut::<64>().0.iter_mut().enumerate() {
        let mut sums = [_mm512_setzero_ps(); 4];
        for (x, row) in point.iter().zip(columns.chunks_exact(CENTROIDS)) {
            let x = _mm512_set1_ps(*x);
            let centroids = row[64 * place..][..64].as_chunks::<16>().0;
            for (sum, centroids) in sums.iter_mut().zip(centroids) {
                let difference = _mm512_sub_ps(x, floats(centroids));
                *sum = _mm512_add_ps(*sum, _mm512_mul_ps(difference, difference));
            }
        }
        for (out, sum) in out.as_chunks_mut::<16>().0.iter_mut().zip(sums) {
            store(sum, out);
        }
    }
}

#[target_feature(enable = "avx512f")]
pub(super) fn smallest(distances: &[f32; CENTROIDS]) -> (usize, f32) {
    let (chunks, _) = distances.as_chunks::<16>();
    let mut lanes = floats(&chunks[0]);
    for chunk in &chunks[1..] {
        lanes = _mm512_min_ps(lanes, floats(chunk));
    }
    let smallest = _mm512_reduce_min_ps(lanes);
    for (place, chunk) in chunks.iter().enumerate() {
        let equal = _mm512_cmpeq_ps_mask(floats(chunk), _mm512_set1_ps(smallest));
        if equal != 0 {
            return (place * 16 + equal.trailing_zeros() as usize, smallest);
        }
    }
    (0, smallest)
}

#[target_feature(enable = "avx512f")]
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    portable::squared_distance(a, b)
}

#[target_feature(enable = "avx512f")]
pub(super) fn dot_and_norm(a: &[f32], b: &[f32]) -> (f32, f32) {
    portable::dot_and_norm(a, b)
}

#[target_feature(enable = "avx512f")]
#[allow(unsafe_code)]
fn floats(chunk: &[f32; 16]) -> __m512 {
    // SAFETY: the reference is to the 16 floats that are read; the load needs no alignment.
    unsafe { _mm512_loadu_ps(chunk.as_ptr()) }
}

#[target_feature(enable = "avx512f")]
#[allow(unsafe_code)]
fn store(lanes: __m512, out: &mut [f32; 16]) {
    // SAFETY: the reference is to the 16 floats that are written; the store needs no alignment.
    unsafe { _mm512_storeu_ps(out.as_mut_ptr(), lanes) }
}
