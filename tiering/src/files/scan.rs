//! Reading a file from one end to the other, or the part of it that a filter may match.

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Int64Array, RecordBatch};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use headwater_primitives::{Error, Result};
use parquet::arrow::ProjectionMask;

use super::failure;
use super::hash::{ContentHash, ContentHasher};
use super::pruner::Pruner;
use super::reader::FileReader;
use super::selection::{self, Chosen};
use crate::runtime::joined;

/// How many rows a batch has, when nobody says otherwise.
const BATCH_ROWS: usize = 8192;

/// How many row groups are decoded at the same time when a file is read as a whole.
const GROUPS_AT_ONCE: usize = 2;

/// What a scan reads.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Which columns.
    pub projection: Projection,
    /// Leaves out row groups that its filter cannot match. The rows are not filtered.
    pub pruner: Option<Pruner>,
    /// The most rows of a batch.
    pub batch_rows: usize,
}

impl Default for Scan {
    fn default() -> Self {
        Scan { projection: Projection::All, pruner: None, batch_rows: BATCH_ROWS }
    }
}

/// Which columns of a file are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Projection {
    /// All of them, which is what restoring documents needs.
    #[default]
    All,
    /// Those with these field ids, as far as the file has them, in the order of the file.
    Fields(Vec<i32>),
}

/// Some rows of a file.
#[derive(Clone, Debug)]
pub struct ScanBatch {
    /// The position of each row in the file.
    pub positions: Int64Array,
    /// The columns.
    pub rows: RecordBatch,
}

impl FileReader {
    /// Streams the rows that are not deleted, in the order of the file.
    ///
    /// One row group is in memory at a time, as far as it is read, besides the batch that is handed
    /// out.
    ///
    /// # Errors
    /// Each batch may be `Corrupt`, or what the object store reports.
    pub fn scan(&self, scan: &Scan) -> Result<BoxStream<'static, Result<ScanBatch>>> {
        self.scan_of(self.unpruned(scan.pruner.as_ref()).without(&self.deleted), scan)
    }

    fn scan_of(
        &self,
        chosen: Chosen,
        scan: &Scan,
    ) -> Result<BoxStream<'static, Result<ScanBatch>>> {
        if chosen.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let builder = self.builder(&self.footer.numbered);
        let mask = match &scan.projection {
            Projection::All => ProjectionMask::all(),
            Projection::Fields(ids) => {
                let columns = ids.iter().filter_map(|id| self.column_index(*id));
                ProjectionMask::leaves(builder.parquet_schema(), columns)
            }
        };
        let place = self.place.clone();
        let stream = builder
            .with_projection(mask)
            .with_row_groups(chosen.groups.clone())
            .with_row_selection(chosen.selection())
            .with_batch_size(scan.batch_rows.max(1))
            .build()
            .map_err(|error| failure::of_parquet(error, &place.url))?;
        let split = move |batch| match batch {
            Ok(batch) => split_positions(&batch, &place.url),
            Err(error) => Err(failure::of_parquet(error, &place.url)),
        };
        Ok(stream.map(split).boxed())
    }

    /// Reads the whole file, two row groups at a time, and makes the checksum of its rows, to be
    /// compared with that of the writer. Deleted rows count. Runs on tokio.
    ///
    /// # Errors
    /// `Corrupt` when a page is damaged or a document cannot be restored, and what the object store
    /// reports.
    pub async fn content(&self) -> Result<(u64, ContentHash)> {
        let groups = selection::spans(self.metadata()).enumerate().map(|(group, span)| {
            let mut chosen = Chosen::default();
            chosen.add(group, span.clone(), [span]);
            joined(tokio::spawn(self.clone().content_of(chosen)))
        });
        let mut groups = stream::iter(groups).buffered(GROUPS_AT_ONCE);
        let (mut count, mut hasher) = (0, ContentHasher::default());
        while let Some(group) = groups.next().await {
            let (rows, hash) = group?;
            count += rows;
            hasher.append(hash);
        }
        Ok((count, hasher.finish()))
    }

    async fn content_of(self, chosen: Chosen) -> Result<(u64, ContentHasher)> {
        let mut batches = self.scan_of(chosen, &Scan::default())?;
        let (mut count, mut hasher) = (0, ContentHasher::default());
        while let Some(batch) = batches.next().await {
            let rows = self.decoder.rows(&batch?.rows)?;
            for index in 0..rows.len() {
                let (key, version) = (rows.key(index), rows.version(index));
                hasher.add_written(&key, version, |out| rows.body(index, out))?;
            }
            count += rows.len() as u64;
        }
        Ok((count, hasher))
    }

    fn unpruned(&self, pruner: Option<&Pruner>) -> Chosen {
        let mut chosen = Chosen::default();
        for (group, span) in selection::spans(self.metadata()).enumerate() {
            let can_match = pruner.is_none_or(|pruner| pruner.can_match(&self.extent(group)));
            if can_match {
                chosen.add(group, span.clone(), [span]);
            }
        }
        chosen
    }
}

/// The row numbers are the last column.
fn split_positions(batch: &RecordBatch, url: &str) -> Result<ScanBatch> {
    let missing = || -> Error { failure::corrupt(url, "a batch without row numbers") };
    let last = batch.num_columns().checked_sub(1).ok_or_else(missing)?;
    let positions = batch.column(last).as_primitive_opt::<Int64Type>().ok_or_else(missing)?;
    let others: Vec<usize> = (0..last).collect();
    let rows = batch.project(&others).map_err(|error| failure::corrupt(url, error))?;
    Ok(ScanBatch { positions: positions.clone(), rows })
}
