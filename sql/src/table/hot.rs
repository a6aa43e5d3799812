//! The hot side of a table: rows from SQLite, page by page, as Arrow.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{ArrowError, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::{Statistics, internal_err};
use datafusion::error::{DataFusionError, Result as PlanResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};
use headwater_document::{RawDocument, Scan, ScanPage, ScanPart};
use headwater_primitives::{Result, Sequence, Timestamp};
use headwater_tiering::rows::RowEncoder;
use headwater_tiering::schema::{VERSION, WRITTEN};
use headwater_tiering::{Timeline, Versions};

use super::columns::Columns;
use crate::catalog::Reading;
use crate::error::outward;
use crate::pushdown::Wanted;
use crate::shared::Later;

/// Bytes of rows that are read in one step. Two steps and two batches are in memory at most.
const PAGE_BYTES: usize = 4 << 20;

/// Reads the rows of a collection that are in the hot tier.
#[derive(Clone)]
pub(crate) struct HotExec {
    reading: Reading,
    columns: Arc<Columns>,
    scan: Arc<Scan>,
    /// By the columns' places in what a statement sees.
    projection: Vec<usize>,
    pub(super) wanted: Wanted,
    pub(super) limit: Option<usize>,
    /// How many rows the hot tier has, where that is known.
    pub(super) rows: Option<u64>,
    properties: Arc<PlanProperties>,
}

impl HotExec {
    pub(super) fn new(
        reading: &Reading,
        columns: &Arc<Columns>,
        scan: &Arc<Scan>,
        projection: Vec<usize>,
    ) -> PlanResult<HotExec> {
        let schema = Arc::new(columns.schema().project(&projection)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(HotExec {
            reading: reading.clone(),
            columns: columns.clone(),
            scan: scan.clone(),
            projection,
            wanted: Wanted::all(),
            limit: None,
            rows: None,
            properties: Arc::new(properties),
        })
    }
}

impl ExecutionPlan for HotExec {
    fn name(&self) -> &str {
        "HotExec"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => internal_err!("hot rows have no input"),
        }
    }

    fn execute(
        &self,
        _: usize,
        context: Arc<TaskContext>,
    ) -> PlanResult<SendableRecordBatchStream> {
        let mut builder = RecordBatchReceiverStream::builder(self.schema(), 1);
        let (send, own) = (builder.tx(), self.clone());
        let rows = context.session_config().batch_size();
        builder.spawn(async move {
            let mut reader = Reader::new(&own).map_err(outward)?;
            let part = own.part().await.map_err(outward)?;
            let mut page = part.page(i64::MIN, rows);
            let mut left = own.limit.unwrap_or(usize::MAX);
            loop {
                let ScanPage { documents, next } = page.await.map_err(outward)?;
                // Read while the rows are encoded.
                let following = next.map(|from| part.page(from, rows));
                let batch = reader.batch(documents.into_iter().take(left), &part.times)?;
                left -= batch.num_rows().min(left);
                if batch.num_rows() > 0 && send.send(Ok(batch)).await.is_err() {
                    return Ok(());
                }
                match following {
                    Some(following) if left > 0 => page = following,
                    _ => break,
                }
            }
            let mut earlier = own.scan.earlier().take(left).peekable();
            while earlier.peek().is_some() {
                let batch = reader.batch(earlier.by_ref().take(rows), &part.times)?;
                if send.send(Ok(batch)).await.is_err() {
                    return Ok(());
                }
            }
            Ok(())
        });
        Ok(builder.build())
    }

    fn partition_statistics(&self, _: Option<usize>) -> PlanResult<Statistics> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        let rows = self.rows.and_then(|rows| usize::try_from(rows).ok());
        statistics.num_rows = match rows {
            Some(rows) if self.wanted.is_all() => {
                Precision::Exact(self.limit.map_or(rows, |limit| rows.min(limit)))
            }
            Some(rows) => Precision::Inexact(rows),
            None => Precision::Absent,
        };
        Ok(statistics)
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }

    /// At most so many rows: none that DataFusion's own filters would still take out.
    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(Arc::new(HotExec { limit, ..self.clone() }))
    }

    fn fetch(&self) -> Option<usize> {
        self.limit
    }
}

/// What is read of the rows, found out in the view.
struct Part {
    reading: Reading,
    part: Arc<ScanPart>,
    /// When rows were written, if the statement asks.
    times: Option<Timeline>,
}

impl HotExec {
    async fn part(&self) -> Result<Part> {
        let (scan, wanted, now) = (self.scan.clone(), self.wanted.clone(), self.reading.now.0);
        let has_times = self.schema().index_of(WRITTEN).is_ok();
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

impl Part {
    /// Asks for the page from row number `from` on: it is read from now on.
    fn page(&self, from: i64, rows: usize) -> Later<ScanPage> {
        let part = self.part.clone();
        self.reading.view.ask(move |snapshot| part.page(snapshot, from, rows, PAGE_BYTES))
    }
}

/// Makes batches of documents.
struct Reader {
    encoder: RowEncoder,
    schema: SchemaRef,
}

impl Reader {
    fn new(hot: &HotExec) -> Result<Reader> {
        let places = hot.columns.places(&hot.projection);
        let encoder = RowEncoder::projected(hot.columns.lake().clone(), &places)?;
        Ok(Reader { encoder, schema: hot.schema() })
    }

    /// A batch of documents that all have a version, or all have none.
    fn batch(
        &mut self,
        documents: impl Iterator<Item = RawDocument>,
        times: &Option<Timeline>,
    ) -> Result<RecordBatch, DataFusionError> {
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
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|error: ArrowError| error.into())
    }
}

impl DisplayAs for HotExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HotExec: {}", self.wanted)?;
        match self.limit {
            Some(limit) => write!(f, ", limit={limit}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for HotExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as(DisplayFormatType::Default, f)
    }
}
