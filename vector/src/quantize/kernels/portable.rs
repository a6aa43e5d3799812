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
        let (words, _) = code.as_chunks::<8>();
        let words = words.iter().map(|bytes| u64::from_le_bytes(*bytes));
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
    for (at, word) in pair.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        for (plane, count) in counts.iter_mut().enumerate() {
            *count += (word & planes[2 * plane + at]).count_ones() as i32;
        }
    }
    counts[0] + 2 * counts[1] + 4 * counts[2] - 8 * counts[3]
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

pub(super) fn column_distances(point: &[f32], columns: &[f32], out: &mut [f32; CENTROIDS]) {
    out.fill(0.0);
    for (x, row) in point.iter().zip(columns.chunks_exact(CENTROIDS)) {
        for (sum, centroid) in out.iter_mut().zip(row) {
            let difference = x - centroid;
            *sum += difference * difference;
        }
    }
}

pub(super) fn smallest(distances: &[f32; CENTROIDS]) -> (usize, f32) {
    let first = (0, distances[0]);
    let nearer = |nearest: (usize, f32), found: (usize, &f32)| {
        if *found.1 < nearest.1 { (found.0, *found.1) } else { nearest }
    };
    distances.iter().enumerate().fold(first, nearer)
}

#[inline(always)]
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let mut step = |a: &[f32; LANES], b: &[f32; LANES]| {
        for lane in 0..LANES {
            let difference = a[lane] - b[lane];
            lanes[lane] += difference * difference;
        }
    };
    let (a, a_rest) = a.as_chunks();
    let (b, b_rest) = b.as_chunks();
    a.iter().zip(b).for_each(|(a, b)| step(a, b));
    if !a_rest.is_empty() {
        step(&padded(a_rest), &padded(b_rest));
    }
    total(lanes)
}

#[inline(always)]
pub(super) fn dot_and_norm(a: &[f32], b: &[f32]) -> (f32, f32) {
    let (mut dots, mut norms) = ([0.0; LANES], [0.0; LANES]);
    let mut step = |a: &[f32; LANES], b: &[f32; LANES]| {
        for lane in 0..LANES {
            dots[lane] += a[lane] * b[lane];
            norms[lane] += b[lane] * b[lane];
        }
    };
    let (a, a_rest) = a.as_chunks();
    let (b, b_rest) = b.as_chunks();
    a.iter().zip(b).for_each(|(a, b)| step(a, b));
    if !a_rest.is_empty() {
        step(&padded(a_rest), &padded(b_rest));
    }
    (total(dots), total(norms))
}

/// The rest of a vector as one more chunk.
fn padded(rest: &[f32]) -> [f32; LANES] {
    let mut chunk = [0.0; LANES];
    chunk[..rest.len()].copy_from_slice(rest);
    chunk
}

/// The sum of the lanes, halved again and again: the order in which a register is folded.
#[inline(always)]
fn total(lanes: [f32; LANES]) -> f32 {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = lanes;
    let [a, b, c, d] = [(a + i) + (e + m), (b + j) + (f + n), (c + k) + (g + o), (d + l) + (h + p)];
    (a + c) + (b + d)
}
