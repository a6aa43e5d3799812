//! The files of a table of the lake, each with the rows of it that count: for engines that read Parquet
//! themselves.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use headwater_primitives::{RecordId, Result, Sequence};
use object_store::ObjectStore;
use object_store::path::Path;

use super::ColdTable;
use super::fold::{end_of, extent};
use super::view::{Over, Reading};
use crate::files::Extent;
use crate::manifests::LiveFile;
use crate::schema::LakeSchema;
use crate::tier::Lake;
use crate::tombstones::Tombstones;

/// The files of a table, as one state of the hot tier has it. They stay for as long as it lives.
pub struct ColdFiles {
    store: Arc<dyn ObjectStore>,
    reading: Reading,
    files: Vec<ColdFile>,
}

/// A Parquet file of the lake.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ColdFile {
    /// Where it is, as the table says it: an absolute URL, whose path has names as they are.
    pub location: String,
    /// Where it is in the store.
    pub path: Path,
    /// Its size.
    pub bytes: u64,
    /// How many of its rows count.
    pub rows: u64,
    /// What is known of all its rows.
    pub extent: Extent,
    /// Which rows count, by row group; `None` when all do.
    pub groups: Option<Vec<CountedRows>>,
}

/// The rows of a row group that count.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CountedRows {
    /// How many rows the group has.
    pub rows: u64,
    /// Those that count, from the group's first row on: sorted, disjoint.
    pub ranges: Vec<Range<u64>>,
}

impl ColdFiles {
    /// The store that the files are in.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The table's columns.
    pub fn schema(&self) -> &Arc<LakeSchema> {
        &self.reading.table.schema
    }

    /// The highest field id that the table ever gave to a column.
    pub fn last_field_id(&self) -> i32 {
        self.reading.table.table.metadata().last_column_id()
    }

    /// The files that have rows that count.
    pub fn files(&self) -> &[ColdFile] {
        &self.files
    }

    /// How many rows count.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }
}

impl fmt::Debug for ColdFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ColdFiles").field("files", &self.files).finish_non_exhaustive()
    }
}

/// The files of the table that is being read, without the versions `left_out` too.
pub(super) async fn files(
    lake: &Lake,
    reading: Reading,
    over: &Over,
    left_out: Vec<(RecordId, Sequence)>,
) -> Result<ColdFiles> {
    let table = reading.table.clone();
    let mut gone = positions(lake, &table, &over.tombstones).await?;
    let left_out: Tombstones = left_out.into_iter().collect();
    for (file, more) in positions(lake, &table, &left_out).await? {
        gone.entry(file).or_default().extend(more);
    }
    for (file, deleted) in table.deleted(lake).await? {
        gone.entry(file.clone()).or_default().extend(deleted.iter());
    }
    let mut files = Vec::new();
    for file in table.files.data() {
        let mut gone = gone.remove(&file.location).unwrap_or_default();
        gone.sort_unstable();
        gone.dedup();
        let end = end_of(over, file).min(file.records);
        gone.truncate(gone.partition_point(|position| *position < end));
        let rows = end - gone.len() as u64;
        if rows == 0 {
            continue;
        }
        let groups = match rows == file.records {
            true => None,
            false => Some(counted(&table.open(lake, file).await?.groups(), &gone, end)),
        };
        let path = lake.storage.root().path(&file.location)?;
        let location = file.location.to_string();
        files.push(ColdFile {
            location,
            path,
            bytes: file.bytes,
            rows,
            extent: extent(file),
            groups,
        });
    }
    Ok(ColdFiles { store: lake.storage.store().clone(), reading, files })
}

async fn positions(
    lake: &Lake,
    table: &ColdTable,
    versions: &Tombstones,
) -> Result<HashMap<Box<str>, Vec<u64>>> {
    if versions.is_empty() {
        return Ok(HashMap::new());
    }
    let found = table.positions(lake, versions).await?;
    let found = found.into_iter().map(|(file, at): (&LiveFile, _)| (file.location.clone(), at));
    Ok(found.collect())
}

/// What is left of groups of so many rows without the positions `gone`, up to `end`.
fn counted(groups: &[u64], gone: &[u64], end: u64) -> Vec<CountedRows> {
    let (mut start, mut gone) = (0, gone.iter().copied().peekable());
    let mut counted = Vec::with_capacity(groups.len());
    for rows in groups.iter().copied() {
        let last = (start + rows).min(end).max(start);
        let (mut ranges, mut from) = (Vec::new(), start);
        while let Some(position) = gone.next_if(|position| *position < last) {
            if from < position {
                ranges.push(from - start..position - start);
            }
            from = position + 1;
        }
        if from < last {
            ranges.push(from - start..last - start);
        }
        counted.push(CountedRows { rows, ranges });
        start += rows;
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_that_count_are_those_before_the_end_that_are_not_gone() {
        let counted = counted(&[4, 3, 5], &[0, 3, 4, 8], 10);
        let ranges: Vec<_> = counted.into_iter().map(|group| (group.rows, group.ranges)).collect();
        let one = |range: Range<u64>| std::iter::once(range).collect::<Vec<_>>();
        assert_eq!(ranges, [(4, one(1..3)), (3, one(1..3)), (5, vec![0..1, 2..3])]);
    }

    #[test]
    fn a_group_after_the_end_has_no_row_that_counts() {
        let counted = counted(&[2, 2], &[], 2);
        assert_eq!((counted[0].ranges.len(), &counted[0].ranges[0]), (1, &(0..2)));
        assert_eq!(counted[1].ranges, []);
    }
}
