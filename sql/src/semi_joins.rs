//! Semi-joins with groups that a condition chose, such as `IN (SELECT … GROUP BY … HAVING …)`: few groups are
//! left of many, so rows without one are dropped before they are joined with anything else.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::{Expr, Join, JoinType, LogicalPlan};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

/// Puts a semi-join with chosen groups below the inner joins that it is on, next to the table that has its
/// keys. Of a semi-join with anything else nobody knows whether it drops much.
#[derive(Debug)]
pub(crate) struct PushDownSemiJoin;

impl OptimizerRule for PushDownSemiJoin {
    fn name(&self) -> &str {
        "push_down_semi_join"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _: &dyn OptimizerConfig,
    ) -> PlanResult<Transformed<LogicalPlan>> {
        let LogicalPlan::Join(semi) = &plan else { return Ok(Transformed::no(plan)) };
        let is_semi = semi.join_type == JoinType::LeftSemi && semi.filter.is_none();
        if !is_semi || !is_chosen_groups(&semi.right) {
            return Ok(Transformed::no(plan));
        }
        Ok(match pushed(semi, &semi.left)? {
            Some(pushed) => Transformed::yes(pushed),
            None => Transformed::no(plan),
        })
    }
}

/// Whether the plan is groups of which a condition on their aggregates keeps some.
fn is_chosen_groups(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => is_chosen_groups(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_chosen_groups(&alias.input),
        LogicalPlan::Filter(filter) => matches!(*filter.input, LogicalPlan::Aggregate(_)),
        _ => false,
    }
}

/// `over`, with the semi-join on the side of its join that has the keys; nothing if it is no inner join, or
/// neither side has all of them.
fn pushed(semi: &Join, over: &LogicalPlan) -> PlanResult<Option<LogicalPlan>> {
    match over {
        LogicalPlan::Projection(projection) => {
            let passes_on = semi.on.iter().all(|(key, _)| projection.expr.contains(key));
            let input = if passes_on { pushed(semi, &projection.input)? } else { None };
            input.map(|input| with_inputs(over, vec![input])).transpose()
        }
        LogicalPlan::Join(join) if join.join_type == JoinType::Inner => {
            let (left, right) = (&join.left, &join.right);
            let inputs = if has_keys(semi, left) {
                vec![joined(semi, left)?, LogicalPlan::clone(right)]
            } else if has_keys(semi, right) {
                vec![LogicalPlan::clone(left), joined(semi, right)?]
            } else {
                return Ok(None);
            };
            with_inputs(over, inputs).map(Some)
        }
        _ => Ok(None),
    }
}

/// Whether the semi-join's keys are columns of the plan.
fn has_keys(semi: &Join, plan: &LogicalPlan) -> bool {
    semi.on.iter().all(|(key, _)| match key {
        Expr::Column(column) if column.relation.is_some() => plan.schema().has_column(column),
        _ => false,
    })
}

/// The semi-join of this plan.
fn joined(semi: &Join, left: &Arc<LogicalPlan>) -> PlanResult<LogicalPlan> {
    Join::try_new(
        left.clone(),
        semi.right.clone(),
        semi.on.clone(),
        None,
        JoinType::LeftSemi,
        semi.join_constraint,
        semi.null_equality,
        false,
    )
    .map(LogicalPlan::Join)
}

fn with_inputs(plan: &LogicalPlan, inputs: Vec<LogicalPlan>) -> PlanResult<LogicalPlan> {
    plan.with_new_exprs(plan.expressions(), inputs)
}
