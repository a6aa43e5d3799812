//! Rows drawn at random, and the files in which systems are told about them.

use std::path::Path;

use crate::Outcome;
use crate::documents::Random;

/// `count` of the rows `0..of`, in random order.
pub(crate) fn random_rows(of: usize, count: usize, seed: u64) -> Vec<u32> {
    let mut random = Random(seed);
    let mut rows: Vec<u32> = (0..of as u32).collect();
    for place in 0..count.min(of) {
        rows.swap(place, place + random.below((of - place) as u64) as usize);
    }
    rows.truncate(count);
    rows
}

/// Writes rows as little-endian `u32`.
pub(crate) fn write_rows(path: &Path, rows: &[u32]) -> Outcome<()> {
    let bytes: Vec<u8> = rows.iter().flat_map(|row| row.to_le_bytes()).collect();
    Ok(std::fs::write(path, bytes)?)
}

/// Reads what [`write_rows`] wrote.
pub(crate) fn read_rows(path: &Path) -> Outcome<Vec<u32>> {
    let bytes = std::fs::read(path)?;
    let (rows, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!("{} is no file of rows", path.display()).into());
    }
    Ok(rows.iter().map(|row| u32::from_le_bytes(*row)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_rows_are_distinct_and_repeatable() {
        let mut rows = random_rows(1000, 500, 7);
        assert_eq!(rows, random_rows(1000, 500, 7));
        assert_ne!(rows, random_rows(1000, 500, 8));
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), 500);
        assert_eq!(random_rows(3, 9, 1).len(), 3);
    }
}
