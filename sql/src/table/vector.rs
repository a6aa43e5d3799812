//! A vector store as a table: ids, texts and metadata. Embeddings are what searches are for.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use headwater_primitives::{Error, ErrorKind, IdKind, RecordId, Result, jsonb};
use headwater_tiering::schema::{ID, VERSION};
use headwater_vector::{Scan, ScanPage, ScannedRow};

use super::exec::{Batches, Source, SourceExec};
use crate::catalog::Reading;
use crate::error::outward;

/// Bytes of rows that are read in one step.
const PAGE_BYTES: usize = 4 << 20;

/// A vector store at the state that a statement reads.
pub(crate) struct VectorTable {
    reading: Reading,
    name: String,
    scan: Arc<Scan>,
    schema: SchemaRef,
    count: u64,
}

impl VectorTable {
    pub(crate) async fn open(reading: &Reading, name: &str) -> Result<VectorTable> {
        if reading.moment.is_some() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!(
                    "vector store {name:?}: only collections of documents can be read as they were"
                ),
            ));
        }
        let wanted = name.to_owned();
        let found = reading.view.ask(move |snapshot| {
            let scan = Scan::of(snapshot, &wanted)?.ok_or_else(|| {
                Error::new(ErrorKind::NotFound, format!("vector store {wanted:?} is not there"))
            })?;
            let count = scan.count(snapshot)?;
            Ok((scan, count))
        });
        let (scan, count) = found.await?;
        let id = match scan.id_kind() {
            Some(IdKind::Integer) => DataType::Int64,
            _ => DataType::Utf8,
        };
        let schema = Schema::new(vec![
            Field::new(ID, id, false),
            Field::new("text", DataType::Utf8, true),
            Field::new("metadata", DataType::Utf8, true),
            Field::new(VERSION, DataType::Int64, false),
        ]);
        let (reading, name) = (reading.clone(), name.to_owned());
        Ok(VectorTable { reading, name, scan: Arc::new(scan), schema: Arc::new(schema), count })
    }
}

#[async_trait]
impl TableProvider for VectorTable {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let all = || (0..self.schema.fields().len()).collect();
        let projection = projection.cloned().unwrap_or_else(all);
        let rows = VectorRows {
            reading: self.reading.clone(),
            scan: self.scan.clone(),
            schema: Arc::new(self.schema.project(&projection)?),
            projection,
            count: self.count,
        };
        Ok(SourceExec::plan(Arc::new(rows), limit))
    }
}

impl fmt::Debug for VectorTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VectorTable").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The rows of a store.
struct VectorRows {
    reading: Reading,
    scan: Arc<Scan>,
    projection: Vec<usize>,
    schema: SchemaRef,
    count: u64,
}

impl Source for VectorRows {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> Precision<usize> {
        usize::try_from(self.count).map_or(Precision::Absent, Precision::Exact)
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

impl VectorRows {
    async fn send_all(&self, rows: usize, limit: usize, to: &Batches) -> PlanResult<()> {
        let (mut from, mut left) = (Some(i64::MIN), limit);
        while let Some(start) = from.filter(|_| left > 0) {
            let (scan, rows) = (self.scan.clone(), rows.min(left));
            let page =
                self.reading.view.ask(move |snapshot| scan.page(snapshot, start, rows, PAGE_BYTES));
            let ScanPage { rows, next } = page.await.map_err(outward)?;
            (from, left) = (next, left - rows.len());
            if !rows.is_empty() && to.send(self.batch(&rows)).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn batch(&self, rows: &[ScannedRow]) -> PlanResult<RecordBatch> {
        let column = |column: &usize| self.column(*column, rows);
        let columns = self.projection.iter().map(column).collect::<PlanResult<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }

    fn column(&self, column: usize, rows: &[ScannedRow]) -> PlanResult<ArrayRef> {
        let (mut numbers, mut texts) = (Int64Builder::new(), StringBuilder::new());
        for row in rows {
            match (column, &row.id) {
                (0, RecordId::Integer(id)) => numbers.append_value(*id),
                (0, RecordId::Text(id)) => texts.append_value(id),
                (1, _) => texts.append_option(row.text.as_deref()),
                (2, _) => texts.append_value(jsonb::to_json(&row.metadata).map_err(outward)?),
                _ => numbers.append_value(row.version.0.cast_signed()),
            }
        }
        // Of both, the column's own has the rows.
        Ok(match column {
            0 if self.scan.id_kind() == Some(IdKind::Integer) => Arc::new(numbers.finish()),
            0..=2 => Arc::new(texts.finish()),
            _ => Arc::new(numbers.finish()),
        })
    }
}

impl fmt::Display for VectorRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("vector store")
    }
}
