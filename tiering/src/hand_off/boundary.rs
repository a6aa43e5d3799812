//! Up to which version rows have to move for no more than some to stay.

use headwater_primitives::{Namespace, Result, Sequence};

use crate::job::Cancel;
use crate::table::TieredTable;

/// Versions are counted in at most so many ranges.
const RANGES: u64 = 1 << 16;

/// How much of a table is to stay in the hot tier: what was written last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// At most so many rows.
    Rows(u64),
    /// Rows whose bodies have at most so many bytes.
    Bytes(u64),
}

/// The greatest version up to `head` that has to move so that no more than `keep` stays; zero when none has
/// to. Rows that are written meanwhile are among those that stay.
///
/// Cost: two passes over the rows without their bodies, in short views; memory for some ten thousand numbers.
pub(super) fn boundary(
    table: &dyn TieredTable,
    cancelled: &Cancel,
    head: Sequence,
    keep: Keep,
) -> Result<Sequence> {
    let (Keep::Rows(most) | Keep::Bytes(most)) = keep;
    let width = head.0 / RANGES + 1;
    let mut ranges = vec![0; (head.0 / width) as usize + 1];
    // What is newer than the head stays, whatever it is.
    let mut newer = 0;
    each(table, cancelled, |version, bytes| {
        let range = ranges.get_mut((version.0 / width) as usize);
        *range.filter(|_| version <= head).unwrap_or(&mut newer) += keep.amount(bytes);
    })?;
    let Some((range, above)) = first_beyond(&ranges, newer, most) else { return Ok(Sequence(0)) };
    let first = range as u64 * width;
    let mut versions = vec![0; width as usize];
    each(table, cancelled, |version, bytes| {
        let at = version.0.checked_sub(first).and_then(|at| versions.get_mut(at as usize));
        if let Some(at) = at.filter(|_| version <= head) {
            *at += keep.amount(bytes);
        }
    })?;
    // Rows of the range may be gone by now: they were written again, and are above it.
    let at = first_beyond(&versions, above, most).map_or(0, |(at, _)| at as u64);
    Ok(Sequence(first + at))
}

/// From the last amount down, the first one with which the sum, `sum` before it, is beyond `most`; and the
/// sum before that one.
fn first_beyond(amounts: &[u64], mut sum: u64, most: u64) -> Option<(usize, u64)> {
    for (at, amount) in amounts.iter().enumerate().rev() {
        if *amount > 0 && sum + amount > most {
            return Some((at, sum));
        }
        sum += amount;
    }
    None
}

fn each(
    table: &dyn TieredTable,
    cancelled: &Cancel,
    mut each: impl FnMut(Sequence, u64),
) -> Result<()> {
    let namespace: &Namespace = table.namespace();
    let mut from = Some(i64::MIN);
    while let Some(start) = from {
        cancelled.check()?;
        from = namespace.snapshot(|snapshot| table.sizes(snapshot, start, &mut each))?;
    }
    Ok(())
}

impl Keep {
    fn amount(self, bytes: u64) -> u64 {
        match self {
            Keep::Rows(_) => 1,
            Keep::Bytes(_) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_is_where_the_sum_from_above_is_too_much() {
        let amounts = [5, 0, 3, 2];
        let boundary = |sum, most| first_beyond(&amounts, sum, most);
        assert_eq!(boundary(0, 10), None);
        assert_eq!(boundary(0, 9), Some((0, 5)));
        assert_eq!(boundary(0, 4), Some((2, 2)));
        assert_eq!(boundary(0, 0), Some((3, 0)));
        assert_eq!(boundary(4, 4), Some((3, 4)), "what is newer takes it all");
    }
}
