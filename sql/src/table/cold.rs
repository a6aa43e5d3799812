//! The cold side of a table: DataFusion reads the lake's Parquet files itself, without the rows of them
//! that do not count.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::{
    CachedParquetFileReaderFactory, ParquetAccessPlan, RowGroupAccess,
};
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::pruning::PruningPredicate;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::projection::ProjectionExec;
use headwater_tiering::{ColdFile, ColdFiles};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::arrow::async_reader::AsyncFileReader;

use super::bounds::FileBounds;
use super::columns::Columns;
use crate::sql::Sql;

/// The lake's store, as plans call it.
const LAKE: &str = "lake://lake/";

/// How much is read from the end of a file at first: most footers with their page indexes.
const FOOTER_BYTES: usize = 256 << 10;

/// The files of a table.
pub(super) struct Cold<'a> {
    pub(super) files: &'a Arc<ColdFiles>,
    pub(super) columns: &'a Columns,
    pub(super) sql: &'a Sql,
}

impl Cold<'_> {
    /// Reads these columns of the files that `filters` do not rule out; nothing when they rule out all.
    pub(super) fn plan(
        &self,
        session: &dyn Session,
        projection: &[usize],
        filters: &[Expr],
        limit: Option<usize>,
    ) -> PlanResult<Option<Arc<dyn ExecutionPlan>>> {
        let (schema, stored) = self.stored(projection);
        let predicate = self.predicate(session, &schema, filters)?;
        let files = self.chosen(&schema, predicate.as_ref())?;
        if files.is_empty() {
            return Ok(None);
        }
        let url = ObjectStoreUrl::parse(LAKE)?;
        let environment = self.sql.0.state.runtime_env();
        environment.register_object_store(url.as_ref(), self.files.store().clone());
        let rows = files.iter().map(|file| file.rows).sum::<u64>();
        let mut statistics = Statistics::new_unknown(&schema);
        statistics.num_rows = match predicate {
            None => Precision::Exact(rows as usize),
            Some(_) => Precision::Inexact(rows as usize),
        };
        let bounds = FileBounds::new(files.clone(), self.columns.lake(), &schema);
        statistics.column_statistics = bounds.columns();
        let reader = PinnedReader {
            inner: CachedParquetFileReaderFactory::new(
                self.files.store().clone(),
                environment.cache_manager.get_file_metadata_cache(),
            ),
            _files: self.files.clone(),
        };
        let mut source = parquet_source(schema.clone(), Arc::new(reader));
        if let Some(predicate) = &predicate {
            source = source.with_predicate(predicate.clone());
        }
        // A row group of which some rows do not count must not be taken for full by a limit.
        let limit = limit.filter(|_| predicate.is_none());
        let partitions = session.config().target_partitions();
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups(files, partitions))
            .with_projection_indices(Some(stored))?
            .with_limit(limit)
            .with_statistics(statistics)
            .build();
        let plan: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(config);
        self.named(plan, projection).map(Some)
    }

    /// The columns that files have, and the places of the projection's among them.
    fn stored(&self, projection: &[usize]) -> (SchemaRef, Vec<usize>) {
        let schema = self.columns.stored();
        let Some(alias) = self.columns.alias() else { return (schema, projection.to_vec()) };
        let stored = projection.iter().map(|column| match *column {
            column if column == alias => 0,
            column => column - usize::from(column > alias),
        });
        (schema, stored.collect())
    }

    /// Gives the id the field's name where the projection asks for that.
    fn named(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        projection: &[usize],
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        if !self.columns.alias().is_some_and(|alias| projection.contains(&alias)) {
            return Ok(plan);
        }
        let schema = plan.schema();
        let names = projection.iter().map(|column| self.columns.schema().field(*column).name());
        let expressions = names.enumerate().map(|(place, name)| {
            let column = Column::new(schema.field(place).name(), place);
            (Arc::new(column) as Arc<dyn PhysicalExpr>, name.clone())
        });
        let expressions: Vec<_> = expressions.collect();
        Ok(Arc::new(ProjectionExec::try_new(expressions, plan)?))
    }

    /// All filters on columns that files have.
    fn predicate(
        &self,
        session: &dyn Session,
        schema: &SchemaRef,
        filters: &[Expr],
    ) -> PlanResult<Option<Arc<dyn PhysicalExpr>>> {
        let is_stored = |filter: &&Expr| {
            let columns = filter.column_refs();
            columns.iter().all(|column| schema.index_of(&column.name).is_ok())
        };
        let Some(filter) = conjunction(filters.iter().filter(is_stored).cloned()) else {
            return Ok(None);
        };
        let schema = DFSchema::try_from(schema.clone())?;
        session.create_physical_expr(unqualified(filter)?, &schema).map(Some)
    }

    /// The files whose bounds leave room for the predicate.
    fn chosen(
        &self,
        schema: &SchemaRef,
        predicate: Option<&Arc<dyn PhysicalExpr>>,
    ) -> PlanResult<Vec<&ColdFile>> {
        let files = self.files.files();
        let Some(predicate) = predicate else { return Ok(files.iter().collect()) };
        let Ok(pruning) = PruningPredicate::try_new(predicate.clone(), schema.clone()) else {
            return Ok(files.iter().collect());
        };
        let bounds = FileBounds::new(files.iter().collect(), self.columns.lake(), schema);
        let kept = pruning.prune(&bounds)?;
        Ok(files.iter().zip(kept).filter_map(|(file, kept)| kept.then_some(file)).collect())
    }
}

/// Reads files with these columns.
pub(crate) fn parquet_source(
    schema: SchemaRef,
    reader: Arc<dyn ParquetFileReaderFactory>,
) -> ParquetSource {
    ParquetSource::new(schema)
        .with_metadata_size_hint(FOOTER_BYTES)
        .with_enable_page_index(true)
        .with_parquet_file_reader_factory(reader)
}

/// The filter as the table alone understands it.
fn unqualified(filter: Expr) -> PlanResult<Expr> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    let plain = filter.transform(|expression| match expression {
        Expr::Column(column) if column.relation.is_some() => {
            let column = datafusion::common::Column::new_unqualified(column.name);
            Ok(Transformed::yes(Expr::Column(column)))
        }
        expression => Ok(Transformed::no(expression)),
    });
    plain.map(|plain| plain.data)
}

/// Files in as many groups of about the same size as may be read at the same time.
fn groups(mut files: Vec<&ColdFile>, partitions: usize) -> Vec<FileGroup> {
    files.sort_by_key(|file| std::cmp::Reverse(file.bytes));
    let count = partitions.clamp(1, files.len());
    let mut groups: Vec<(u64, Vec<PartitionedFile>)> = vec![Default::default(); count];
    for file in files {
        if let Some(least) = groups.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            least.0 += file.bytes;
            least.1.push(partitioned(file));
        }
    }
    groups.into_iter().map(|(_, files)| FileGroup::new(files)).collect()
}

/// The file with the rows of it that count.
fn partitioned(file: &ColdFile) -> PartitionedFile {
    let plain = PartitionedFile::new(String::new(), file.bytes);
    let mut partitioned = plain;
    partitioned.object_meta.location = file.path.clone();
    let Some(groups) = &file.groups else { return partitioned };
    let access = groups.iter().map(|group| {
        let ranges = || group.ranges.iter().map(|range| range.start as usize..range.end as usize);
        match group.ranges.as_slice() {
            [] => RowGroupAccess::Skip,
            [only] if *only == (0..group.rows) => RowGroupAccess::Scan,
            _ => RowGroupAccess::Selection(RowSelection::from_consecutive_ranges(
                ranges(),
                group.rows as usize,
            )),
        }
    });
    partitioned.with_extensions(Arc::new(ParquetAccessPlan::new(access.collect())))
}

/// Opens files, and keeps all of the table from being deleted for as long as any may be opened.
#[derive(Debug)]
struct PinnedReader {
    inner: CachedParquetFileReaderFactory,
    _files: Arc<ColdFiles>,
}

impl ParquetFileReaderFactory for PinnedReader {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        footer_bytes: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> PlanResult<Box<dyn AsyncFileReader + Send>> {
        self.inner.create_reader(partition, file, footer_bytes, metrics)
    }
}
