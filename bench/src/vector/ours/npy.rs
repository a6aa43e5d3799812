//! Rows of `f32` from NumPy's `npy` files.

use std::path::Path;

use crate::Outcome;

/// The rows of a two-dimensional little-endian `f32` array in C order.
pub(super) fn rows(path: &Path) -> Outcome<Vec<Vec<f32>>> {
    let bytes = std::fs::read(path)?;
    parse(&bytes).ok_or_else(|| format!("{} is no npy file of f32 rows", path.display()).into())
}

fn parse(bytes: &[u8]) -> Option<Vec<Vec<f32>>> {
    let rest = bytes.strip_prefix(b"\x93NUMPY\x01\x00")?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (head, values) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    let head = std::str::from_utf8(head).ok()?;
    if !head.contains("'<f4'") || !head.contains("'fortran_order': False") {
        return None;
    }
    let shape = head.split_once("'shape': (")?.1.split_once(')')?.0;
    let width: usize = shape.split(',').nth(1)?.trim().parse().ok()?;
    let (words, rest) = values.as_chunks::<4>();
    if width == 0 || !rest.is_empty() || !words.len().is_multiple_of(width) {
        return None;
    }
    let row = |row: &[[u8; 4]]| row.iter().map(|word| f32::from_le_bytes(*word)).collect();
    Some(words.chunks_exact(width).map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_other_arrays_refused() {
        let head = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((head.len() as u16).to_le_bytes());
        bytes.extend(head.as_bytes());
        bytes.extend([1f32, 2.0].iter().flat_map(|value| value.to_le_bytes()));
        assert_eq!(parse(&bytes), Some(vec![vec![1.0], vec![2.0]]));
        assert_eq!(parse(&bytes[..bytes.len() - 1]), None);
        assert_eq!(parse(&bytes[1..]), None);
    }
}
