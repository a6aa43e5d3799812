//! Up to which version rows have to move for no more than some to stay.

use headwater_primitives::{Result, Sequence};

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
    find(head, keep, RANGES, |each| {
        let mut from = Some(i64::MIN);
        while let Some(start) = from {
            cancelled.check()?;
            from = table.namespace().snapshot(|snapshot| table.sizes(snapshot, start, each))?;
        }
        Ok(())
    })
}

/// The same by passes over versions and sizes: the first counts the versions in `ranges`, the second those of
/// the range that the boundary is in.
fn find(
    head: Sequence,
    keep: Keep,
    ranges: u64,
    mut pass: impl FnMut(&mut dyn FnMut(Sequence, u64)) -> Result<()>,
) -> Result<Sequence> {
    let (Keep::Rows(most) | Keep::Bytes(most)) = keep;
    let width = head.0 / ranges + 1;
    let mut amounts = vec![0; (head.0 / width) as usize + 1];
    // What is newer than the head stays, whatever it is.
    let mut newer = 0;
    pass(&mut |version, bytes| {
        let range = amounts.get_mut((version.0 / width) as usize);
        *range.filter(|_| version <= head).unwrap_or(&mut newer) += keep.amount(bytes);
    })?;
    let Some((range, above)) = first_beyond(&amounts, newer, most) else { return Ok(Sequence(0)) };
    let first = range as u64 * width;
    let mut versions = vec![0; width as usize];
    pass(&mut |version, bytes| {
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
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// By the rows themselves, from the newest down.
    fn expected(rows: &BTreeMap<u64, u64>, head: u64, keep: Keep) -> u64 {
        let (Keep::Rows(most) | Keep::Bytes(most)) = keep;
        let mut kept = 0;
        for (version, bytes) in rows.iter().rev() {
            kept += keep.amount(*bytes);
            if kept > most && *version <= head {
                return *version;
            }
        }
        0
    }

    proptest! {
        #[test]
        fn the_boundary_is_the_first_row_too_many(
            rows in proptest::collection::btree_map(1..200u64, 1..50u64, 0..60),
            head in 0..220u64,
            most in 0..400u64,
            ranges in 1..9u64,
        ) {
            for keep in [Keep::Rows(most / 8), Keep::Bytes(most)] {
                let found = find(Sequence(head), keep, ranges, |each| {
                    rows.iter().for_each(|(version, bytes)| each(Sequence(*version), *bytes));
                    Ok(())
                });
                prop_assert_eq!(found.unwrap().0, expected(&rows, head, keep));
            }
        }
    }

    #[test]
    fn rows_that_leave_their_range_between_the_passes_move_no_others() {
        let mut passes = [vec![(3, 5), (8, 5), (9, 5)], vec![(3, 5), (12, 5), (13, 5)]].into_iter();
        let found = find(Sequence(10), Keep::Rows(1), 2, |each| {
            let rows = passes.next().unwrap_or_default();
            rows.into_iter().for_each(|(version, bytes)| each(Sequence(version), bytes));
            Ok(())
        });
        assert_eq!(found.unwrap(), Sequence(6), "the first of the range of 8");
    }
}
