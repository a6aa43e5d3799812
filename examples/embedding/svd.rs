//! The truncated singular value decomposition of a sparse matrix: its right singular vectors.

use ndarray::{Array2, s};

use super::jacobi::eigen;
use super::orthonormal::orthonormalised;
use super::sparse::Sparse;

/// So many directions more than are wanted make the wanted ones better.
const OVERSAMPLING: usize = 16;
/// The square of a singular value is rounding when it is so small beside the largest.
const NOTHING: f64 = 1e-12;

/// The right singular vectors of `matrix` for its `rank` largest singular values, as columns, the
/// largest first; fewer when the matrix has fewer values that are not zero.
///
/// A randomized range finder with power iterations: Halko, Martinsson and Tropp, "Finding structure with
/// randomness", 2011, algorithms 4.4 and 5.1, on the side of the columns. Each iteration makes the
/// result better, and costs one product with the matrix, one with its transpose, and one
/// orthonormalisation. The result follows from `seed`.
pub(super) fn truncated(matrix: &Sparse, rank: usize, iterations: usize, seed: u64) -> Array2<f64> {
    let directions = (rank + OVERSAMPLING).min(matrix.rows());
    let drawn = random_signs(matrix.rows(), directions, seed);
    let mut basis = orthonormalised(&matrix.transposed_times(drawn.view()));
    for _ in 0..iterations {
        let seen = matrix.times(basis.view());
        basis = orthonormalised(&matrix.transposed_times(seen.view()));
    }
    let seen = matrix.times(basis.view());
    let (squares, turned) = eigen(seen.t().dot(&seen));
    let largest = squares.first().copied().unwrap_or(0.0);
    let counts = |square: &&f64| **square > NOTHING * largest;
    let kept = squares.iter().take(rank).take_while(counts).count();
    basis.dot(&turned.slice(s![.., ..kept]))
}

/// A matrix of ones and minus ones, drawn by the splitmix64 generator of Steele, Lea and Flood (2014).
/// They span as well as the paper's normal numbers.
fn random_signs(rows: usize, columns: usize, mut state: u64) -> Array2<f64> {
    let mut next = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    };
    Array2::from_shape_simple_fn((rows, columns), || if next() >> 63 == 0 { 1.0 } else { -1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows that mix `rank` patterns, the first ones more than the later ones.
    fn mixed(rows: usize, columns: usize, rank: usize) -> Sparse {
        let value = |row: usize, column: usize| {
            let share = |pattern: usize| {
                let (row, column) = ((row + 1) * (pattern + 2), (column + 2) * (pattern + 3));
                (row as f64).sin() * (column as f64).cos() * 0.7_f64.powi(pattern as i32)
            };
            (0..rank).map(share).sum()
        };
        let row = |row| (0..columns).map(|column| (column as u32, value(row, column))).collect();
        Sparse::of((0..rows).map(row), columns)
    }

    fn dense(matrix: &Sparse, columns: usize) -> Array2<f64> {
        matrix.times(Array2::eye(columns).view())
    }

    #[test]
    fn the_vectors_are_those_of_the_largest_singular_values() {
        let matrix = mixed(50, 80, 40);
        let vectors = truncated(&matrix, 10, 4, 1);
        let all = dense(&matrix, 80);
        let (squares, _) = eigen(all.dot(&all.t()));
        for (seen, square) in all.dot(&vectors).columns().into_iter().zip(&squares) {
            let found = seen.dot(&seen);
            assert!((found / square - 1.0).abs() < 1e-6, "{found} {square}");
        }
        let off = vectors.t().dot(&vectors) - Array2::<f64>::eye(10);
        assert!(off.iter().all(|off| off.abs() < 1e-10));
    }

    #[test]
    fn a_matrix_of_lower_rank_is_whole_in_fewer_vectors() {
        let matrix = mixed(60, 30, 5);
        let vectors = truncated(&matrix, 12, 3, 1);
        assert_eq!(vectors.dim(), (30, 5));
        let all = dense(&matrix, 30);
        let off = all.dot(&vectors).dot(&vectors.t()) - all;
        assert!(off.iter().all(|off| off.abs() < 1e-8), "{off}");
    }

    #[test]
    fn the_seed_decides() {
        let matrix = mixed(20, 20, 20);
        let vectors = |seed| truncated(&matrix, 4, 0, seed);
        assert_eq!(vectors(1), vectors(1));
        assert_ne!(vectors(1), vectors(2));
    }
}
