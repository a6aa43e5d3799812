//! Groups of rows of the lake: text in views until they are made, and what is offered for them offered for their
//! rows.

use std::any::Any;
use std::fmt;
use std::mem::discriminant;
use std::sync::Arc;

use arrow_schema::{DataType, Schema};
use datafusion::common::Statistics;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result as PlanResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateInputMode, AggregateMode};
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, ChildPushdownResult, FilterDescription, FilterPushdownPhase,
    FilterPushdownPropagation,
};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
};

use super::exec::LakeFilterExec;
use super::views::is_text;

/// The same groups, made of rows with text in views, and with plain text themselves; nothing where text is
/// more than what groups are made by.
pub(super) fn of_views(
    plan: &Arc<dyn ExecutionPlan>,
) -> PlanResult<Option<Arc<dyn ExecutionPlan>>> {
    let Some(aggregate) = plan.as_any().downcast_ref::<AggregateExec>() else { return Ok(None) };
    if *aggregate.mode() != AggregateMode::Partial
        || !aggregate.group_expr().is_single()
        || aggregate.limit_options().is_some()
        || !texts(&aggregate.input().schema()).all(|text| is_only_a_key(text, aggregate))
    {
        return Ok(None);
    }
    let Some(input) = in_views(aggregate.input())? else { return Ok(None) };
    let schema = input.schema();
    let views = AggregateExec::try_new(
        AggregateMode::Partial,
        aggregate.group_expr().clone(),
        aggregate.aggr_expr().to_vec(),
        aggregate.filter_expr().to_vec(),
        input,
        schema,
    )?;
    let fields = aggregate.schema();
    let columns = fields.fields().iter().enumerate().map(|(place, field)| {
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), place));
        let plain = match is_text(field) {
            true => Arc::new(CastExpr::new(column, DataType::Utf8, None)),
            false => column,
        };
        (plain, field.name().clone())
    });
    let columns: Vec<_> = columns.collect();
    let views = ProjectionExec::try_new(columns, Arc::new(views))?;
    // Parts above were planned for what was known of the groups.
    let (known, still) =
        (plan.equivalence_properties(), views.properties().equivalence_properties());
    let is_known = known.constants().iter().all(|one| {
        let found = still.is_expr_constant(&one.expr);
        found.is_some_and(|found| discriminant(&found) == discriminant(&one.across_partitions))
    });
    let order = plan.output_ordering().cloned().into_iter().flatten();
    let is_known = is_known && still.ordering_satisfy(order)?;
    Ok(is_known.then(|| Arc::new(views) as _))
}

/// The rows of a scan, or columns of them beside what is computed of others than text, with text in views.
fn in_views(input: &Arc<dyn ExecutionPlan>) -> PlanResult<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(scan) = input.as_any().downcast_ref::<LakeFilterExec>() {
        return Ok(scan.in_views()?.map(|views| Arc::new(views) as _));
    }
    let Some(projection) = input.as_any().downcast_ref::<ProjectionExec>() else { return Ok(None) };
    let rows = projection.input();
    let Some(scan) = rows.as_any().downcast_ref::<LakeFilterExec>() else { return Ok(None) };
    let text: Vec<usize> = texts(&rows.schema()).collect();
    let is_kept = |expression: &Arc<dyn PhysicalExpr>| {
        expression.as_any().is::<Column>()
            || collect_columns(expression).iter().all(|column| !text.contains(&column.index()))
    };
    if !projection.expr().iter().all(|column| is_kept(&column.expr)) {
        return Ok(None);
    }
    let Some(views) = scan.in_views()? else { return Ok(None) };
    let columns = projection.expr().to_vec();
    Ok(Some(Arc::new(ProjectionExec::try_new(columns, Arc::new(views))?)))
}

fn texts(schema: &Schema) -> impl Iterator<Item = usize> {
    let fields = schema.fields().iter().enumerate();
    fields.filter(|(_, field)| is_text(field)).map(|(place, _)| place)
}

/// Whether groups are made by this column of the input, and nothing else is done with it.
fn is_only_a_key(column: usize, aggregate: &AggregateExec) -> bool {
    let uses = |expression: &Arc<dyn PhysicalExpr>| {
        collect_columns(expression).iter().any(|used| used.index() == column)
    };
    let computed = aggregate.aggr_expr().iter().any(|function| {
        let all = function.all_expressions();
        all.args.iter().chain(&all.order_by_exprs).any(uses)
    });
    let filtered = aggregate.filter_expr().iter().flatten().any(uses);
    let keys = aggregate.group_expr().input_exprs();
    let by = keys.iter().filter(|key| uses(key)).all(|key| key.as_any().is::<Column>());
    !computed && !filtered && by
}

/// What stands for this plan while filters are offered, if that makes groups of rows.
pub(super) fn offering(plan: &Arc<dyn ExecutionPlan>) -> Option<Arc<dyn ExecutionPlan>> {
    let aggregate = plan.as_any().downcast_ref::<AggregateExec>()?;
    let (groups, mode) = (aggregate.group_expr(), aggregate.mode().input_mode());
    let is_offering = mode == AggregateInputMode::Raw && groups.is_single() && !groups.is_empty();
    is_offering.then(|| Arc::new(OfferingExec(plan.clone())) as _)
}

/// Stands for an aggregate: DataFusion's own passes offers on only where a group's column is at the same place in its
/// input.
#[derive(Clone, Debug)]
struct OfferingExec(Arc<dyn ExecutionPlan>);

impl OfferingExec {
    /// The columns of the input that groups have, in the order of the output.
    fn keys(&self) -> Vec<Option<Column>> {
        let aggregate = self.0.as_any().downcast_ref::<AggregateExec>();
        let keys = aggregate.map(|aggregate| aggregate.group_expr().input_exprs());
        let column = |key: Arc<dyn PhysicalExpr>| key.as_any().downcast_ref::<Column>().cloned();
        keys.unwrap_or_default().into_iter().map(column).collect()
    }
}

/// The filter on the rows of which `keys` make groups, if it is about nothing else.
fn on_rows(
    filter: &Arc<dyn PhysicalExpr>,
    keys: &[Option<Column>],
) -> Option<Arc<dyn PhysicalExpr>> {
    let key = |column: &Column| keys.get(column.index())?.clone();
    if !collect_columns(filter).iter().all(|column| key(column).is_some()) {
        return None;
    }
    let rewritten = filter.clone().transform(|part| {
        let key = part.as_any().downcast_ref::<Column>().and_then(key);
        Ok(match key {
            Some(key) => Transformed::yes(Arc::new(key) as Arc<dyn PhysicalExpr>),
            None => Transformed::no(part),
        })
    });
    rewritten.data().ok()
}

impl ExecutionPlan for OfferingExec {
    fn name(&self) -> &str {
        "OfferingExec"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.0.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.0.children()
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(OfferingExec(self.0.clone().with_new_children(children)?)))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> PlanResult<SendableRecordBatchStream> {
        self.0.execute(partition, context)
    }

    fn partition_statistics(&self, partition: Option<usize>) -> PlanResult<Statistics> {
        self.0.partition_statistics(partition)
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        offered: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> PlanResult<FilterDescription> {
        let keys = self.keys();
        let on_rows = offered.iter().filter_map(|filter| on_rows(filter, &keys)).collect();
        let child = ChildFilterDescription::all_unsupported(&offered).with_self_filters(on_rows);
        Ok(FilterDescription::new().with_child(child))
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        offered: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> PlanResult<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let result = FilterPushdownPropagation::all_unsupported(offered);
        Ok(result.with_updated_node(self.0.clone()))
    }
}

impl DisplayAs for OfferingExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as(format, f)
    }
}
