//! Groups of rows of the lake: text in views until they are made, and what is offered for them offered for their
//! rows.

use std::mem::discriminant;
use std::sync::Arc;

use arrow_schema::{DataType, Schema};
use datafusion::error::Result as PlanResult;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateInputMode, AggregateMode};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use super::Plan;
use super::exec::LakeFilterExec;
use super::stand_in::StandInExec;
use super::views::is_text;

/// The same groups, made of rows with text in views, and with plain text themselves; nothing where text is
/// more than what groups are made by.
pub(super) fn of_views(plan: &Plan) -> PlanResult<Option<Plan>> {
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
fn in_views(input: &Plan) -> PlanResult<Option<Plan>> {
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

/// What stands for this plan while filters are offered, if that makes groups of rows: DataFusion's own passes offers on
/// only where a group's column is at the same place in its input.
pub(super) fn offering(plan: &Plan) -> Option<Plan> {
    let aggregate = plan.as_any().downcast_ref::<AggregateExec>()?;
    let (groups, mode) = (aggregate.group_expr(), aggregate.mode().input_mode());
    let is_offering = mode == AggregateInputMode::Raw && groups.is_single() && !groups.is_empty();
    let key = |key: Arc<dyn PhysicalExpr>| key.as_any().downcast_ref::<Column>().cloned();
    is_offering
        .then(|| StandInExec::instead_of(plan, groups.input_exprs().into_iter().map(key).collect()))
}
