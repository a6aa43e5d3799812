//! An orthonormal basis of the columns of a tall matrix, by modified Gram-Schmidt.

use ndarray::{Array2, Axis, s};

/// So many vectors are cleared of those before them at once, by a product of matrices.
const PANEL: usize = 16;
/// Orthogonalising twice is enough: Giraud, Langou and Rozložník, "On the round-off error analysis of
/// the Gram-Schmidt algorithm with reorthogonalization", 2002.
const PASSES: usize = 2;
/// What is left of a vector is rounding when it is this much shorter than the vector was.
const NOTHING: f64 = 1e-10;

/// An orthonormal basis of the columns of `matrix`, as many columns as it has. A column that depends on
/// those before it becomes zero.
///
/// Takes about `4 · rows · columns²` operations.
pub(super) fn orthonormalised(matrix: &Array2<f64>) -> Array2<f64> {
    // One vector per row, so that each lies in one piece.
    let mut vectors = matrix.t().as_standard_layout().into_owned();
    let lengths: Vec<f64> = vectors.outer_iter().map(|vector| vector.dot(&vector).sqrt()).collect();
    for (number, lengths) in lengths.chunks(PANEL).enumerate() {
        let (before, mut rest) = vectors.view_mut().split_at(Axis(0), number * PANEL);
        let mut panel = rest.slice_mut(s![..lengths.len(), ..]);
        for _ in 0..PASSES {
            let shares = panel.dot(&before.t());
            panel -= &shares.dot(&before);
        }
        for (at, length) in lengths.iter().enumerate() {
            let (before, mut rest) = panel.view_mut().split_at(Axis(0), at);
            let mut vector = rest.row_mut(0);
            for _ in 0..PASSES {
                for one in before.outer_iter() {
                    let share = one.dot(&vector);
                    vector.scaled_add(-share, &one);
                }
            }
            let left = vector.dot(&vector).sqrt();
            let scale = if left > NOTHING * length { left.recip() } else { 0.0 };
            vector *= scale;
        }
    }
    vectors.reversed_axes().as_standard_layout().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns that are all but the same, some of them exactly.
    fn matrix(columns: usize) -> Array2<f64> {
        Array2::from_shape_fn((60, columns), |(row, column)| {
            1.0 + 1e-6 * ((row * 7 + column * 13 + row * column) as f64).sin()
        })
    }

    #[test]
    fn columns_that_are_all_but_the_same_become_orthonormal() {
        let basis = orthonormalised(&matrix(40));
        let off = basis.t().dot(&basis) - Array2::<f64>::eye(40);
        assert!(off.iter().all(|off| off.abs() < 1e-12), "{off}");
    }

    #[test]
    fn a_column_that_depends_on_others_becomes_zero() {
        let mut matrix = matrix(20);
        let sum = &matrix.column(3) + &matrix.column(18);
        matrix.column_mut(19).assign(&sum);
        matrix.column_mut(7).fill(0.0);
        let basis = orthonormalised(&matrix);
        for (number, column) in basis.columns().into_iter().enumerate() {
            let length = if number == 7 || number == 19 { 0.0 } else { 1.0 };
            assert!((column.dot(&column) - length).abs() < 1e-12, "column {number}");
        }
    }
}
