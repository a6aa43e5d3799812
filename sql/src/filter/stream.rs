//! Batches on their way through a filter.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arrow_array::{BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::{BatchCoalescer, cast, filter_record_batch};
use datafusion::error::Result as PlanResult;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::projection::ProjectionRef;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use futures_util::{Stream, StreamExt};

use super::condition::{Offer, meeting};

/// Where fewer than one row in so many is left, the others are cut out before the next condition.
const CUT: usize = 4;

pub(super) struct Filtering {
    rows: SendableRecordBatchStream,
    schema: SchemaRef,
    projection: Option<ProjectionRef>,
    conditions: Vec<Arc<dyn PhysicalExpr>>,
    offers: Vec<Offer>,
    collected: BatchCoalescer,
    ended: bool,
    metrics: BaselineMetrics,
}

impl Filtering {
    pub(super) fn new(
        rows: SendableRecordBatchStream,
        (schema, projection): (SchemaRef, Option<ProjectionRef>),
        conditions: Vec<Arc<dyn PhysicalExpr>>,
        offers: Vec<Arc<dyn PhysicalExpr>>,
        batch_rows: usize,
        (metrics, partition): (&ExecutionPlanMetricsSet, usize),
    ) -> Self {
        let collected = BatchCoalescer::new(schema.clone(), batch_rows)
            .with_biggest_coalesce_batch_size(Some(batch_rows / 2));
        Filtering {
            rows,
            schema,
            projection,
            conditions,
            offers: offers.into_iter().map(Offer::new).collect(),
            collected,
            ended: false,
            metrics: BaselineMetrics::new(metrics, partition),
        }
    }

    /// Collects the rows of a batch that are let through.
    fn take(&mut self, batch: RecordBatch) -> PlanResult<()> {
        let mut kept = Kept { batch, mask: None };
        for condition in &self.conditions {
            kept.cut()?;
            kept.and(meeting(condition, &kept.batch)?);
            if kept.is_empty() {
                return Ok(());
            }
        }
        for offer in &mut self.offers {
            kept.cut()?;
            if let Some(met) = offer.meeting(&kept.batch)? {
                kept.and(met);
                if kept.is_empty() {
                    return Ok(());
                }
            }
        }
        let batch = match &self.projection {
            Some(projection) => kept.batch.project(projection)?,
            None => kept.batch,
        };
        let batch = match kept.mask {
            Some(mask) => filter_record_batch(&batch, &BooleanArray::new(mask, None))?,
            None => batch,
        };
        self.collected.push_batch(plain(batch, &self.schema)?)?;
        Ok(())
    }
}

/// Rows of a batch.
struct Kept {
    batch: RecordBatch,
    /// Those of them, unless it is all.
    mask: Option<BooleanBuffer>,
}

impl Kept {
    fn rows(&self) -> usize {
        self.mask.as_ref().map_or(self.batch.num_rows(), BooleanBuffer::count_set_bits)
    }

    fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    fn and(&mut self, met: BooleanBuffer) {
        let mask = match self.mask.take() {
            Some(mask) => &mask & &met,
            None => met,
        };
        self.mask = (mask.count_set_bits() < mask.len()).then_some(mask);
    }

    /// Cuts the other rows out, where they are many.
    fn cut(&mut self) -> PlanResult<()> {
        if self.rows() <= self.batch.num_rows() / CUT
            && let Some(mask) = self.mask.take()
        {
            self.batch = filter_record_batch(&self.batch, &BooleanArray::new(mask, None))?;
        }
        Ok(())
    }
}

impl Stream for Filtering {
    type Item = PlanResult<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(batch) = this.collected.next_completed_batch() {
                return this.metrics.record_poll(Poll::Ready(Some(Ok(batch))));
            }
            if this.ended {
                return Poll::Ready(None);
            }
            let next = ready!(this.rows.poll_next_unpin(cx)).transpose()?;
            let elapsed = this.metrics.elapsed_compute().clone();
            let _timer = elapsed.timer();
            match next {
                Some(batch) => this.take(batch)?,
                None => {
                    this.ended = true;
                    this.collected.finish_buffered_batch()?;
                }
            }
        }
    }
}

impl RecordBatchStream for Filtering {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

/// The batch as one of `schema`, which has plain text where the batch may have views.
fn plain(batch: RecordBatch, schema: &SchemaRef) -> PlanResult<RecordBatch> {
    let fields = schema.fields().iter().zip(batch.columns());
    let columns = fields.map(|(field, column)| match column.data_type() == field.data_type() {
        true => Ok(column.clone()),
        false => cast(column, field.data_type()),
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}
