//! Eigenvalues and eigenvectors of a small symmetric matrix.

use ndarray::{Array1, Array2, Axis, Zip, s};

/// Far more than it takes: some ten sweeps for a few hundred rows.
const MOST_SWEEPS: usize = 60;
/// An entry that is so small beside the diagonal is zero.
const NOTHING: f64 = 1e-13;

/// The eigenvalues of a symmetric matrix, descending, and its eigenvectors as the columns of a matrix in
/// the same order.
///
/// The cyclic Jacobi method: Golub and Van Loan, "Matrix Computations", 4th edition, section 8.5. Takes
/// some `60 · n³` operations.
pub(super) fn eigen(mut matrix: Array2<f64>) -> (Array1<f64>, Array2<f64>) {
    let size = matrix.nrows();
    // One vector per row: a rotation then works on two rows that lie in one piece.
    let mut vectors = Array2::eye(size);
    for _ in 0..MOST_SWEEPS {
        if !sweep(&mut matrix, &mut vectors) {
            break;
        }
    }
    let values = matrix.diag();
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&one, &other| values[other].total_cmp(&values[one]));
    let sorted = order.iter().map(|&at| values[at]).collect();
    (sorted, vectors.select(Axis(0), &order).reversed_axes())
}

/// Turns each entry off the diagonal to zero, which the turns after it undo in part. False when all of
/// them were zero already.
fn sweep(matrix: &mut Array2<f64>, vectors: &mut Array2<f64>) -> bool {
    let size = matrix.nrows();
    let mut turned = false;
    for p in 0..size {
        for q in p + 1..size {
            let (here, there, between) = (matrix[(p, p)], matrix[(q, q)], matrix[(p, q)]);
            if between.abs() > NOTHING * (here.abs() * there.abs()).sqrt() + f64::MIN_POSITIVE {
                let rotation = rotation(here, there, between);
                turn_rows(matrix, p, q, rotation);
                turn_columns(matrix, p, q, rotation);
                turn_rows(vectors, p, q, rotation);
                turned = true;
            }
        }
    }
    turned
}

/// The cosine and the sine of the smaller angle that makes the entry between two of the diagonal zero.
fn rotation(here: f64, there: f64, between: f64) -> (f64, f64) {
    let slope = (there - here) / (2.0 * between);
    let tangent = slope.signum() / (slope.abs() + slope.hypot(1.0));
    let cosine = tangent.hypot(1.0).recip();
    (cosine, tangent * cosine)
}

fn turn_rows(matrix: &mut Array2<f64>, p: usize, q: usize, (cosine, sine): (f64, f64)) {
    let (one, other) = matrix.multi_slice_mut((s![p, ..], s![q, ..]));
    Zip::from(one).and(other).for_each(|here, there| {
        (*here, *there) = (cosine * *here - sine * *there, sine * *here + cosine * *there);
    });
}

fn turn_columns(matrix: &mut Array2<f64>, p: usize, q: usize, (cosine, sine): (f64, f64)) {
    for mut row in matrix.outer_iter_mut() {
        let (here, there) = (row[p], row[q]);
        row[p] = cosine * here - sine * there;
        row[q] = sine * here + cosine * there;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_matrix_is_taken_apart_and_put_together_again() {
        let size = 30;
        let matrix = Array2::from_shape_fn((size, size), |(row, column)| {
            ((row * column) as f64).sin() + (row + column) as f64 / 10.0
        });
        let (values, vectors) = eigen(matrix.clone());
        assert!(values.iter().is_sorted_by(|one, next| one >= next), "{values}");
        let again = vectors.dot(&Array2::from_diag(&values)).dot(&vectors.t());
        assert!((again - matrix).iter().all(|off| off.abs() < 1e-10));
        let off = vectors.t().dot(&vectors) - Array2::<f64>::eye(size);
        assert!(off.iter().all(|off| off.abs() < 1e-12), "{off}");
    }

    #[test]
    fn known_eigenvalues_are_found() {
        let (values, vectors) = eigen(array![[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 0.0]]);
        assert!((values - array![3.0, 1.0, 0.0]).iter().all(|off: &f64| off.abs() < 1e-14));
        assert!((vectors[(0, 0)].abs() - 0.5_f64.sqrt()).abs() < 1e-14);
        let (values, _) = eigen(Array2::zeros((0, 0)));
        assert!(values.is_empty());
    }
}
