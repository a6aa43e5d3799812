//! The kernels in plain Rust: what every other level must equal, and the bodies that it may reuse.

use super::{CENTROIDS, PLANE_WORDS};

/// Partial sums of a float kernel: one register of AVX-512.
const LANES: usize = 16;

pub(super) fn int8_dots(query: &[i8], codes: &[u8], stride: usize, out: &mut [i32]) {
    for (code, sum) in codes.chunks_exact(stride).zip(out) {
        *sum = query.iter().zip(code).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
    }
}

#[inline(always)]
pub(super) fn hammings(query: &[u64], codes: &[u8], stride: usize, out: &mut [i32]) {
    for (code, sum) in codes.chunks_exact(stride).zip(out) {
        let words = code.chunks_exact(8).map(word);
        *sum = query.iter().zip(words).map(|(a, b)| (a ^ b).count_ones() as i32).sum();
    }
}

#[inline(always)]
pub(super) fn plane_sums(
    planes: &[u64],
    words: usize,
    codes: &[u8],
    stride: usize,
    out: &mut [i32],
) {
    for (code, sum) in codes.chunks_exact(stride).zip(out) {
        let pairs = code[..words * 8].chunks(16).zip(planes.chunks_exact(PLANE_WORDS));
        *sum = pairs.map(|(pair, planes)| pair_sum(pair, planes)).sum();
    }
}

/// The part of one pair of code words, or of a last single one.
#[inline(always)]
fn pair_sum(pair: &[u8], planes: &[u64]) -> i32 {
    let mut counts = [0; 4];
    for (at, bits) in pair.chunks_exact(8).map(word).enumerate() {
        for (plane, count) in counts.iter_mut().enumerate() {
            *count += (bits & planes[2 * plane + at]).count_ones() as i32;
        }
    }
    counts[0] + 2 * counts[1] + 4 * counts[2] - 8 * counts[3]
}

#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[inline(always)]
pub(super) fn table_sums(table: &[f32], codes: &[u8], bytes: usize, out: &mut [f32]) {
    for (code, sum) in codes.chunks_exact(bytes).zip(out) {
        let mut lanes = [0.0; LANES];
        let rows = code.chunks(LANES).zip(table.chunks(LANES * CENTROIDS));
        for (code, tables) in rows {
            let tables = tables.chunks_exact(CENTROIDS);
            for ((lane, centroid), table) in lanes.iter_mut().zip(code).zip(tables) {
                *lane += table[usize::from(*centroid)];
            }
        }
        *sum = total(lanes);
    }
}

#[inline(always)]
pub(super) fn column_distances(point: &[f32], columns: &[f32], out: &mut [f32; CENTROIDS]) {
    out.fill(0.0);
    for (x, column) in point.iter().zip(columns.chunks_exact(CENTROIDS)) {
        for (sum, centroid) in out.iter_mut().zip(column) {
            let difference = x - centroid;
            *sum += difference * difference;
        }
    }
}

#[inline(always)]
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            let difference = a[lane] - b[lane];
            lanes[lane] += difference * difference;
        }
    }
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        lanes[lane] += (a - b) * (a - b);
    }
    total(lanes)
}

#[inline(always)]
pub(super) fn dot_and_norm(a: &[f32], b: &[f32]) -> (f32, f32) {
    let (mut dots, mut norms) = ([0.0; LANES], [0.0; LANES]);
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            dots[lane] += a[lane] * b[lane];
            norms[lane] += b[lane] * b[lane];
        }
    }
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        dots[lane] += a * b;
        norms[lane] += b * b;
    }
    (total(dots), total(norms))
}

/// The sum of the lanes, halved again and again: the order in which a register is folded.
#[inline(always)]
fn total(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}
