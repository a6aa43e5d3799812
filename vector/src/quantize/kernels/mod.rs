//! The inner loops of the quantizers, for the instruction set of the processor that runs them.
//!
//! Every level gives the same answer to the last bit: sums of floats are added in the order that
//! `portable` fixes, and products are never fused with sums. So training gives the same codebooks on
//! every processor.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

/// Centroids of one subspace of a product quantizer: as many as one byte tells apart.
pub(super) const CENTROIDS: usize = 256;

/// Words of bit planes per pair of code words: two words of each of four planes.
pub(super) const PLANE_WORDS: usize = 8;

/// A set of kernels. Only [`Level::best`] and [`Level::available`] make one, and only one that this
/// processor can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level(Instructions);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instructions {
    Portable,
    /// AVX2 and POPCNT.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F, BW and DQ with VNNI and VPOPCNTDQ; POPCNT.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The fastest level of this processor, found out once.
    pub(super) fn best() -> Level {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST
            .get_or_init(|| Level::available().next_back().unwrap_or(Level(Instructions::Portable)))
    }

    /// All levels of this processor, the fastest last.
    pub(super) fn available() -> impl DoubleEndedIterator<Item = Level> {
        #[cfg(target_arch = "x86_64")]
        let levels = [
            (Instructions::Portable, true),
            (
                Instructions::Avx2,
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt"),
            ),
            (
                Instructions::Avx512,
                is_x86_feature_detected!("popcnt")
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vnni")
                    && is_x86_feature_detected!("avx512vpopcntdq"),
            ),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let levels = [(Instructions::Portable, true)];
        levels.into_iter().filter(|(_, present)| *present).map(|(level, _)| Level(level))
    }
}

/// Calls the function of that name in the module of the level's instructions.
macro_rules! dispatch {
    ($level:expr, $name:ident($($argument:expr),*)) => {
        match $level.0 {
            Instructions::Portable => portable::$name($($argument),*),
            // SAFETY: a `Level` is made only after its instructions were detected.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { avx2::$name($($argument),*) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { avx512::$name($($argument),*) },
        }
    };
}

/// `out[i]` = the inner product of `query` with the first bytes of code `i`, unsigned.
///
/// Codes are `stride` bytes apart. A sum stays inside 32 bits up to 65,536 dimensions.
#[allow(unsafe_code)]
pub(super) fn int8_dots(level: Level, query: &[i8], codes: &[u8], stride: usize, out: &mut [i32]) {
    assert!(query.len() <= stride && codes.len() == out.len() * stride);
    dispatch!(level, int8_dots(query, codes, stride, out));
}

/// `out[i]` = how many bits of code `i` differ from `query`. Codes begin with as many words as `query`
/// has and are `stride` bytes apart.
#[allow(unsafe_code)]
pub(super) fn hammings(level: Level, query: &[u64], codes: &[u8], stride: usize, out: &mut [i32]) {
    assert!(query.len() * 8 <= stride && codes.len() == out.len() * stride);
    dispatch!(level, hammings(query, codes, stride, out));
}

/// `out[i]` = the sum of the query's four-bit numbers where code `i` has a one.
///
/// `planes` has [`PLANE_WORDS`] words per pair of code words: the pair's words of plane 0, then of
/// planes 1, 2 and 3. Plane 3 counts −8: the numbers are in two's complement. Codes begin with `words`
/// words and are `stride` bytes apart.
#[allow(unsafe_code)]
pub(super) fn plane_sums(
    level: Level,
    planes: &[u64],
    words: usize,
    codes: &[u8],
    stride: usize,
    out: &mut [i32],
) {
    assert!(planes.len() == words.div_ceil(2) * PLANE_WORDS);
    assert!(words * 8 <= stride && codes.len() == out.len() * stride);
    dispatch!(level, plane_sums(planes, words, codes, stride, out));
}

/// `out[i]` = the sum of `table[256 * m + code[m]]` over the `bytes` bytes of code `i`.
#[allow(unsafe_code)]
pub(super) fn table_sums(level: Level, table: &[f32], codes: &[u8], bytes: usize, out: &mut [f32]) {
    assert!(table.len() == bytes * CENTROIDS && codes.len() == out.len() * bytes);
    dispatch!(level, table_sums(table, codes, bytes, out));
}

/// `out[j]` = the squared distance of `point` from column `j` of `columns`: row `d` holds coordinate
/// `d` of all 256 centroids.
#[allow(unsafe_code)]
pub(super) fn column_distances(
    level: Level,
    point: &[f32],
    columns: &[f32],
    out: &mut [f32; CENTROIDS],
) {
    assert!(columns.len() == point.len() * CENTROIDS);
    dispatch!(level, column_distances(point, columns, out));
}

/// The place of the smallest distance, the first of equals, and the distance. None may be NaN.
#[allow(unsafe_code)]
pub(super) fn smallest(level: Level, distances: &[f32; CENTROIDS]) -> (usize, f32) {
    dispatch!(level, smallest(distances))
}

/// The squared distance of two vectors of the same length.
#[allow(unsafe_code)]
pub(super) fn squared_distance(level: Level, a: &[f32], b: &[f32]) -> f32 {
    assert!(a.len() == b.len());
    dispatch!(level, squared_distance(a, b))
}

/// The inner product of two vectors of the same length, and the squared norm of the second.
#[allow(unsafe_code)]
pub(super) fn dot_and_norm(level: Level, a: &[f32], b: &[f32]) -> (f32, f32) {
    assert!(a.len() == b.len());
    dispatch!(level, dot_and_norm(a, b))
}
