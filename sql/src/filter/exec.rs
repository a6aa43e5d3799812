//! The plan's node.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow_schema::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::{Statistics, internal_err};
use datafusion::error::Result as PlanResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_expr::expressions::{CastExpr, Column, DynamicFilterPhysicalExpr, lit};
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_expr::{PhysicalExpr, split_conjunction};
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, ChildPushdownResult, FilterDescription, FilterPushdownPhase,
    FilterPushdownPropagation, PushedDown,
};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PlanProperties,
};

use super::condition::is_cheap;
use super::stream::Filtering;
use super::views;

/// Lets the rows through that meet the conditions of a [`FilterExec`], and of those the ones that joins and
/// sorts above can use.
#[derive(Clone, Debug)]
pub(super) struct LakeFilterExec {
    /// What it is equal to, but for the offers.
    filter: Arc<FilterExec>,
    /// The filter's input, text in views where that is of use.
    scan: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    takes_offers: bool,
    /// Of joins and sorts, which are right without them.
    offers: Vec<Arc<dyn PhysicalExpr>>,
    metrics: ExecutionPlanMetricsSet,
}

impl LakeFilterExec {
    /// The same as this filter, with offers if it takes them.
    pub(super) fn of(filter: FilterExec, takes_offers: bool) -> PlanResult<Self> {
        let plain = filter.input();
        let scan = match filter.predicate().eq(&lit(true)) {
            true => None,
            false => views::scan(plain)?,
        };
        Ok(LakeFilterExec {
            scan: scan.unwrap_or_else(|| plain.clone()),
            properties: filter.properties().clone(),
            filter: Arc::new(filter),
            takes_offers,
            offers: Vec::new(),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// The same with text in views above it as well, if there is any.
    pub(super) fn in_views(&self) -> PlanResult<Option<Self>> {
        let scan = match self.has_views() {
            true => Some(self.scan.clone()),
            false => views::scan(&self.scan)?,
        };
        let Some(scan) = scan else { return Ok(None) };
        let known = self.properties.equivalence_properties().eq_group().clone();
        let mut equal = EquivalenceProperties::new(views::with_views(&self.schema()));
        equal.add_equivalence_group(known)?;
        let properties = PlanProperties::new(
            equal,
            Partitioning::UnknownPartitioning(scan.output_partitioning().partition_count()),
            scan.pipeline_behavior(),
            scan.boundedness(),
        );
        Ok(Some(LakeFilterExec { scan, properties: Arc::new(properties), ..self.clone() }))
    }

    /// The filter's conditions, cheap ones first.
    fn conditions(&self) -> PlanResult<Vec<Arc<dyn PhysicalExpr>>> {
        let schema = self.filter.input().schema();
        let conditions = split_conjunction(self.filter.predicate()).into_iter().cloned();
        let mut conditions: Vec<_> =
            conditions.filter(|condition| !condition.eq(&lit(true))).collect();
        conditions.sort_by_key(|condition| !is_cheap(condition, &schema));
        conditions.into_iter().map(|condition| self.as_scanned(condition)).collect()
    }

    /// The offers among these filters on the output, as said of the input.
    fn own<'a>(
        &self,
        filters: impl IntoIterator<Item = &'a Arc<dyn PhysicalExpr>>,
    ) -> PlanResult<Vec<Arc<dyn PhysicalExpr>>> {
        let schema = self.filter.input().schema();
        let is_taken = |filter: &&Arc<_>| self.takes_offers && is_offer_of_columns(filter);
        let offers = filters.into_iter().filter(is_taken);
        offers.map(|offer| reassign_expr_columns(offer.clone(), &schema)).collect()
    }

    fn is_of_text(&self, expression: &Arc<dyn PhysicalExpr>) -> bool {
        let schema = self.filter.input().schema();
        let columns = collect_columns(expression);
        columns.iter().any(|column| views::is_text(schema.field(column.index())))
    }

    fn has_views(&self) -> bool {
        self.scan.schema() != self.filter.input().schema()
    }

    /// An expression on the filter's input as one on the scan.
    fn as_scanned(&self, expression: Arc<dyn PhysicalExpr>) -> PlanResult<Arc<dyn PhysicalExpr>> {
        match self.has_views() {
            true => views::on_views(expression, &self.filter.input().schema()),
            false => Ok(expression),
        }
    }
}

/// Whether this is offered, and asks for no more than columns: what is computed may fail on rows that never get
/// as far as where it was offered, or differ each time.
fn is_offer_of_columns(filter: &Arc<dyn PhysicalExpr>) -> bool {
    filter.as_any().is::<DynamicFilterPhysicalExpr>()
        && filter.children().into_iter().all(|asked| {
            let cast = asked.as_any().downcast_ref::<CastExpr>();
            let is_plain = cast.is_some_and(|cast| *cast.cast_type() == DataType::Utf8);
            // Of text in views.
            let asked = cast.filter(|_| is_plain).map_or(asked, CastExpr::expr);
            asked.as_any().is::<Column>()
        })
}

impl ExecutionPlan for LakeFilterExec {
    fn name(&self) -> &str {
        "LakeFilterExec"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.scan]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let Ok([scan]) = <[_; 1]>::try_from(children) else {
            return internal_err!("a filter has one input");
        };
        Ok(Arc::new(LakeFilterExec { scan, ..LakeFilterExec::clone(&self) }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> PlanResult<SendableRecordBatchStream> {
        let rows = self.scan.execute(partition, context.clone())?;
        let offers = self.offers.iter().map(|offer| self.as_scanned(offer.clone()));
        let offers = offers.collect::<PlanResult<Vec<_>>>()?;
        Ok(Box::pin(Filtering::new(
            rows,
            (self.schema(), self.filter.projection().clone()),
            self.conditions()?,
            offers,
            context.session_config().batch_size(),
            (&self.metrics, partition),
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn partition_statistics(&self, partition: Option<usize>) -> PlanResult<Statistics> {
        match self.filter.predicate().eq(&lit(true)) {
            true => self.filter.input().partition_statistics(partition),
            false => self.filter.partition_statistics(partition),
        }
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::LowerEqual
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        offered: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> PlanResult<FilterDescription> {
        // The scan may rule out row groups by them, if not by text that it has in views. One that has a limit
        // reads rows that were deleted where groups are ruled out (DataFusion 53).
        let is_limited = self.scan.fetch().is_some();
        let own = self.own(&offered)?.into_iter();
        let own = own.filter(|offer| !is_limited && (!self.has_views() || !self.is_of_text(offer)));
        let own = own.collect();
        let child = ChildFilterDescription::all_unsupported(&offered).with_self_filters(own);
        Ok(FilterDescription::new().with_child(child))
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        offered: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> PlanResult<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let offers = self.own(offered.parent_filters.iter().map(|offer| &offer.filter))?;
        let all_are_left = vec![PushedDown::No; offered.parent_filters.len()];
        let result = FilterPushdownPropagation::with_parent_pushdown_result(all_are_left);
        let is_needed = !offers.is_empty()
            || !self.conditions()?.is_empty()
            || self.filter.projection().is_some();
        Ok(result.with_updated_node(match is_needed {
            true => Arc::new(LakeFilterExec { offers, ..self.clone() }),
            false => self.scan.clone(),
        }))
    }
}

impl DisplayAs for LakeFilterExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !matches!(format, DisplayFormatType::TreeRender) {
            f.write_str("Lake")?;
        }
        self.filter.fmt_as(format, f)?;
        match self.offers.as_slice() {
            [] => Ok(()),
            offers if matches!(format, DisplayFormatType::TreeRender) => {
                writeln!(f, "offers={}", offers.len())
            }
            offers => write!(f, ", offers={}", offers.len()),
        }
    }
}
