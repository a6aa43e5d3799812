//! Rows of a store as a plan of DataFusion: read through the statement's view, a page at a time.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::{Statistics, internal_err};
use datafusion::error::Result as PlanResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::Sender;

/// Where batches go.
pub(super) type Batches = Sender<PlanResult<RecordBatch>>;

/// Rows that a store has.
pub(super) trait Source: fmt::Display + Send + Sync {
    /// The columns of the batches.
    fn schema(&self) -> SchemaRef;

    /// How many rows there are, when all are read.
    fn rows(&self) -> Precision<usize>;

    /// Sends batches of about `rows` rows, until there are `limit` rows or nobody takes them any more.
    fn send(
        self: Arc<Self>,
        rows: usize,
        limit: usize,
        to: Batches,
    ) -> BoxFuture<'static, PlanResult<()>>;
}

/// Reads the rows of a source.
#[derive(Clone)]
pub(super) struct SourceExec {
    source: Arc<dyn Source>,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
}

impl SourceExec {
    /// A plan that reads at most `limit` rows.
    pub(super) fn plan(source: Arc<dyn Source>, limit: Option<usize>) -> Arc<dyn ExecutionPlan> {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(source.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Arc::new(SourceExec { source, limit, properties: Arc::new(properties) })
    }
}

impl ExecutionPlan for SourceExec {
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
        let rows = context.session_config().batch_size();
        let limit = self.limit.unwrap_or(usize::MAX);
        builder.spawn(self.source.clone().send(rows, limit, builder.tx()));
        Ok(builder.build())
    }

    fn partition_statistics(&self, _: Option<usize>) -> PlanResult<Statistics> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        let limit = Precision::Exact(self.limit.unwrap_or(usize::MAX));
        statistics.num_rows = self.source.rows().min(&limit);
        Ok(statistics)
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(Arc::new(SourceExec { limit, ..self.clone() }))
    }

    fn fetch(&self) -> Option<usize> {
        self.limit
    }
}

impl DisplayAs for SourceExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HotExec: {}", self.source)?;
        match self.limit {
            Some(limit) => write!(f, ", limit={limit}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for SourceExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as(DisplayFormatType::Default, f)
    }
}
