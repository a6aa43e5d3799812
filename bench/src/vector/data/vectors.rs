//! Rows of vectors in memory and as `fvecs` files, which every system can read.
//!
//! A row of `fvecs` is its number of dimensions as a little-endian `i32` and then that many `f32`; one
//! of `ivecs` holds `i32` instead (Jégou and Amsaleg, the format of the TEXMEX data sets).

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::Outcome;

/// Vectors of equal dimensions, row after row.
#[derive(Debug, PartialEq)]
pub(crate) struct Vectors {
    dimensions: usize,
    values: Vec<f32>,
}

impl Vectors {
    pub(crate) fn new(dimensions: usize) -> Self {
        Self { dimensions, values: Vec::new() }
    }

    /// Appends a row, which must have the right dimensions.
    pub(crate) fn push(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.dimensions, "a row has other dimensions");
        self.values.extend_from_slice(row);
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }

    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.dimensions..][..self.dimensions]
    }

    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimensions)
    }

    /// All rows, one after the other.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Reads an `fvecs` file.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let bytes = std::fs::read(path)?;
        let malformed = || format!("{} is no fvecs file", path.display());
        let (words, rest) = bytes.as_chunks::<4>();
        let dimensions = words.first().map_or(0, |word| i32::from_le_bytes(*word));
        let dimensions = usize::try_from(dimensions).map_err(|_| malformed())?;
        if dimensions == 0 || !rest.is_empty() || !words.len().is_multiple_of(dimensions + 1) {
            return Err(malformed().into());
        }
        let rows = words.chunks_exact(dimensions + 1).flat_map(|row| &row[1..]);
        Ok(Self { dimensions, values: rows.map(|word| f32::from_le_bytes(*word)).collect() })
    }

    /// Writes an `fvecs` file.
    pub(crate) fn write(&self, path: &Path) -> Outcome<()> {
        write_rows(path, self.rows(), |value| value.to_le_bytes())
    }
}

/// Writes an `ivecs` file.
pub(crate) fn write_labels(path: &Path, rows: &[Vec<u32>]) -> Outcome<()> {
    write_rows(path, rows.iter().map(Vec::as_slice), |label| label.to_le_bytes())
}

fn write_rows<'a, T: Copy + 'a>(
    path: &Path,
    rows: impl Iterator<Item = &'a [T]>,
    bytes: fn(T) -> [u8; 4],
) -> Outcome<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for row in rows {
        file.write_all(&i32::try_from(row.len())?.to_le_bytes())?;
        for value in row {
            file.write_all(&bytes(*value))?;
        }
    }
    Ok(file.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_vectors_are_read_back() -> Outcome<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("v.fvecs");
        let mut vectors = Vectors::new(2);
        vectors.push(&[1.0, -2.5]);
        vectors.push(&[0.0, 4.0]);
        vectors.write(&path)?;
        assert_eq!(std::fs::metadata(&path)?.len(), 2 * (4 + 2 * 4));
        assert_eq!(Vectors::read(&path)?, vectors);
        Ok(())
    }

    #[test]
    fn a_file_that_is_cut_short_is_refused() -> Outcome<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("v.fvecs");
        for bytes in [&[2, 0, 0, 0, 1, 1, 1, 1][..], &[], &[1, 0, 0, 0, 1]] {
            std::fs::write(&path, bytes)?;
            assert!(Vectors::read(&path).is_err(), "{bytes:?}");
        }
        Ok(())
    }
}
