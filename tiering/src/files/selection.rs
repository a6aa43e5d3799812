//! Which rows of which row groups a read has to decode.

use std::ops::Range;

use parquet::arrow::arrow_reader::RowSelection;
use parquet::file::metadata::ParquetMetaData;

/// Row groups in the order of the file, and ranges of rows to read in them.
#[derive(Clone, Debug, Default)]
pub(super) struct Chosen {
    pub(super) groups: Vec<usize>,
    /// Positions in the file: sorted, disjoint, all in the chosen groups.
    ranges: Vec<Range<u64>>,
    /// Where each chosen group is in the file.
    spans: Vec<Range<u64>>,
}

/// The positions of the rows of each row group.
pub(super) fn spans(metadata: &ParquetMetaData) -> impl Iterator<Item = Range<u64>> + '_ {
    metadata.row_groups().iter().scan(0, |start, group| {
        let end = *start + group.num_rows().unsigned_abs();
        Some(std::mem::replace(start, end)..end)
    })
}

impl Chosen {
    /// Adds a row group, with the positions (in the file) that have to be read in it.
    pub(super) fn add(
        &mut self,
        group: usize,
        span: Range<u64>,
        ranges: impl IntoIterator<Item = Range<u64>>,
    ) {
        self.groups.push(group);
        self.spans.push(span);
        self.ranges.extend(ranges);
    }

    /// Leaves out all other row groups; `groups` is sorted.
    pub(super) fn only(self, groups: &[usize]) -> Self {
        let mut only = Chosen::default();
        let mut ranges = self.ranges.into_iter().peekable();
        for (group, span) in self.groups.into_iter().zip(self.spans) {
            let mut own = Vec::new();
            while let Some(range) = ranges.next_if(|range| range.start < span.end) {
                own.push(range);
            }
            if groups.binary_search(&group).is_ok() {
                only.add(group, span, own);
            }
        }
        only
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Takes these positions out; `deleted` is sorted.
    pub(super) fn without(mut self, deleted: &[u64]) -> Self {
        if deleted.is_empty() {
            return self;
        }
        let mut left = Vec::with_capacity(self.ranges.len());
        for range in self.ranges {
            let first = deleted.partition_point(|position| *position < range.start);
            let mut start = range.start;
            for position in deleted[first..].iter().take_while(|position| **position < range.end) {
                if start < *position {
                    left.push(start..*position);
                }
                start = start.max(position + 1);
            }
            if start < range.end {
                left.push(start..range.end);
            }
        }
        self.ranges = left;
        self
    }

    /// The selection over the rows of the chosen groups, one after the other.
    pub(super) fn selection(&self) -> RowSelection {
        let mut ranges = Vec::with_capacity(self.ranges.len());
        let mut rest = self.ranges.iter().peekable();
        let mut before = 0;
        for span in &self.spans {
            while let Some(range) = rest.next_if(|range| range.start < span.end) {
                let at = |position: u64| (position - span.start + before) as usize;
                ranges.push(at(range.start)..at(range.end));
            }
            before += span.end - span.start;
        }
        RowSelection::from_consecutive_ranges(ranges.into_iter(), before as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(selection: &RowSelection) -> Vec<usize> {
        let mut at = 0;
        let mut rows = Vec::new();
        for selector in selection.iter() {
            if !selector.skip {
                rows.extend(at..at + selector.row_count);
            }
            at += selector.row_count;
        }
        rows
    }

    #[test]
    fn deleted_rows_and_unread_groups_are_left_out() {
        let mut chosen = Chosen::default();
        chosen.add(0, 0..10, [0..3, 8..10]);
        chosen.add(2, 20..25, std::iter::once(20..25));
        let rows = |chosen: Chosen| selected(&chosen.selection());
        assert_eq!(rows(chosen.clone()), [0, 1, 2, 8, 9, 10, 11, 12, 13, 14]);
        let chosen = chosen.without(&[0, 2, 9, 15, 20, 24]);
        assert_eq!(rows(chosen.clone()), [1, 8, 11, 12, 13]);
        assert!(chosen.without(&[1, 8, 21, 22, 23]).is_empty());
    }
}
