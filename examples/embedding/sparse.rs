//! A matrix that is mostly zeros, in compressed rows (CSR).

use ndarray::{Array2, ArrayView2};

pub(super) struct Sparse {
    columns: usize,
    /// Where each row begins in `entries`, and at last where all of them end.
    starts: Vec<usize>,
    /// The column and the value of what is not zero.
    entries: Vec<(u32, f64)>,
}

impl Sparse {
    /// A matrix of these rows; each is a list of columns, all below `columns`, and values.
    pub(super) fn of(rows: impl Iterator<Item = Vec<(u32, f64)>>, columns: usize) -> Sparse {
        let (mut starts, mut entries) = (vec![0], Vec::new());
        for row in rows {
            entries.extend(row);
            starts.push(entries.len());
        }
        Sparse { columns, starts, entries }
    }

    pub(super) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    fn row(&self, row: usize) -> &[(u32, f64)] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    /// This matrix times a dense one. A multiplication for each entry and each column of `dense`.
    pub(super) fn times(&self, dense: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut product = Array2::zeros((self.rows(), dense.ncols()));
        for (row, mut sum) in product.outer_iter_mut().enumerate() {
            for &(column, value) in self.row(row) {
                sum.scaled_add(value, &dense.row(column as usize));
            }
        }
        product
    }

    /// The transpose of this matrix times a dense one, at the same cost.
    pub(super) fn transposed_times(&self, dense: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut product = Array2::zeros((self.columns, dense.ncols()));
        for (row, factor) in dense.outer_iter().enumerate() {
            for &(column, value) in self.row(row) {
                product.row_mut(column as usize).scaled_add(value, &factor);
            }
        }
        product
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn both_products_are_those_of_the_dense_matrix() {
        let rows = [vec![(0, 1.0), (2, 2.0)], vec![], vec![(1, 3.0)], vec![(0, 4.0), (1, 5.0)]];
        let sparse = Sparse::of(rows.into_iter(), 3);
        let dense = array![[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [0.0, 3.0, 0.0], [4.0, 5.0, 0.0]];
        let right = array![[1.0, -1.0], [2.0, 0.5], [3.0, 7.0]];
        assert_eq!(sparse.times(right.view()), dense.dot(&right));
        let left = array![[1.0, 2.0], [3.0, 4.0], [-5.0, 6.0], [0.25, 8.0]];
        assert_eq!(sparse.transposed_times(left.view()), dense.t().dot(&left));
    }
}
