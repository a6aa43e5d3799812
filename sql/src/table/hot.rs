//! The hot side of a collection: rows from SQLite, page by page, as Arrow.

use std::fmt;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::error::Result as PlanResult;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use headwater_document::{RawDocument, Scan, ScanPage, ScanPart};
use headwater_primitives::{Result, Sequence, Timestamp};
use headwater_tiering::rows::RowEncoder;
use headwater_tiering::schema::{VERSION, WRITTEN};
use headwater_tiering::{Timeline, Versions};

use super::columns::Columns;
use super::exec::{Batches, Source};
use crate::catalog::Reading;
use crate::error::outward;
use crate::pushdown::Wanted;
use crate::shared::Later;

/// Bytes of rows that are read in one step. Two steps and two batches are in memory at most.
const PAGE_BYTES: usize = 4 << 20;

/// The rows of a collection that are in the hot tier, and those of the past that are in neither.
pub(super) struct HotRows {
    pub(super) reading: Reading,
    pub(super) columns: Arc<Columns>,
    pub(super) scan: Arc<Scan>,
    /// By the columns' places in what a statement sees.
    pub(super) projection: Vec<usize>,
    pub(super) schema: SchemaRef,
    pub(super) wanted: Wanted,
    /// How many rows the hot tier has, where that is known.
    pub(super) count: Option<u64>,
}

impl Source for HotRows {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> Precision<usize> {
        match self.count.and_then(|rows| usize::try_from(rows).ok()) {
            Some(rows) if self.wanted.is_all() => Precision::Exact(rows),
            Some(rows) => Precision::Inexact(rows),
            None => Precision::Absent,
        }
    }

    fn send(
        self: Arc<Self>,
        rows: usize,
        limit: usize,
        to: Batches,
    ) -> BoxFuture<'static, PlanResult<()>> {
        async move { self.send_all(rows, limit, &to).await }.boxed()
    }
}

impl HotRows {
    async fn send_all(&self, rows: usize, limit: usize, to: &Batches) -> PlanResult<()> {
        let mut batcher = Batcher::new(self).map_err(outward)?;
        let part = self.part().await.map_err(outward)?;
        let mut page = part.page(i64::MIN, rows);
        let mut left = limit;
        loop {
            let ScanPage { documents, next } = page.await.map_err(outward)?;
            // Read while the rows are encoded.
            let following = next.map(|from| part.page(from, rows));
            let batch = batcher.batch(documents.into_iter().take(left), &part.times)?;
            left -= batch.num_rows().min(left);
            if batch.num_rows() > 0 && to.send(Ok(batch)).await.is_err() {
                return Ok(());
            }
            match following {
                Some(following) if left > 0 => page = following,
                _ => break,
            }
        }
        let mut earlier = self.scan.earlier().take(left).peekable();
        while earlier.peek().is_some() {
            let batch = batcher.batch(earlier.by_ref().take(rows), &part.times)?;
            if to.send(Ok(batch)).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn part(&self) -> Result<Part> {
        let (scan, wanted, now) = (self.scan.clone(), self.wanted.clone(), self.reading.now.0);
        let has_times = self.schema.index_of(WRITTEN).is_ok();
        let changes = self.reading.sql.0.changes.clone();
        let found = self.reading.view.ask(move |snapshot| {
            let part = scan.matching(snapshot, wanted.filter(), wanted.ids(), now)?;
            let times = match has_times {
                true => {
                    let upto = changes.segments().head_in(snapshot.sql())?;
                    let versions = Versions { after: Sequence::ZERO, upto };
                    Some(Timeline::of(&changes, snapshot.sql(), versions)?)
                }
                false => None,
            };
            Ok((Arc::new(part), times))
        });
        let (part, times) = found.await?;
        Ok(Part { reading: self.reading.clone(), part, times })
    }
}

/// What is read of the rows, found out in the view.
struct Part {
    reading: Reading,
    part: Arc<ScanPart>,
    /// When rows were written, if the statement asks.
    times: Option<Timeline>,
}

impl Part {
    /// Asks for the page from row number `from` on: it is read from now on.
    fn page(&self, from: i64, rows: usize) -> Later<ScanPage> {
        let part = self.part.clone();
        self.reading.view.ask(move |snapshot| part.page(snapshot, from, rows, PAGE_BYTES))
    }
}

/// Makes batches of documents.
struct Batcher {
    encoder: RowEncoder,
    schema: SchemaRef,
}

impl Batcher {
    fn new(hot: &HotRows) -> Result<Batcher> {
        let places = hot.columns.places(&hot.projection);
        let encoder = RowEncoder::projected(hot.columns.lake().clone(), &places)?;
        Ok(Batcher { encoder, schema: hot.schema.clone() })
    }

    /// A batch of documents that all have a version, or all have none.
    fn batch(
        &mut self,
        documents: impl Iterator<Item = RawDocument>,
        times: &Option<Timeline>,
    ) -> PlanResult<RecordBatch> {
        let mut is_past = false;
        for RawDocument { id, version, body } in documents {
            is_past |= version.is_none();
            let version = version.unwrap_or(Sequence::ZERO);
            let written = times.as_ref().map_or(Timestamp(0), |times| times.time_of(version));
            self.encoder.push(&id, version, written, &body).map_err(outward)?;
        }
        let batch = self.encoder.finish().map_err(outward)?;
        let columns = self.schema.fields().iter().zip(batch.columns());
        let columns: Vec<ArrayRef> = columns
            .map(|(field, column)| match is_past && [VERSION, WRITTEN].contains(&&**field.name()) {
                true => new_null_array(field.data_type(), batch.num_rows()),
                false => column.clone(),
            })
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }
}

impl fmt::Display for HotRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.wanted)
    }
}
