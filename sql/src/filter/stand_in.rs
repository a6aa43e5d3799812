//! What stands in a plan while filters are offered, so that they go where they are right, and nowhere else.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Statistics, internal_err};
use datafusion::error::Result as PlanResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, ChildPushdownResult, FilterDescription, FilterPushdownPhase,
    FilterPushdownPropagation,
};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};

use super::Plan;

/// Stands over a plan, or in its place, and is gone once offers were made.
#[derive(Clone, Debug)]
pub(super) struct StandInExec {
    plan: Plan,
    is_over: bool,
    /// For each column of the output the one below that it is, if what is offered of it is right there.
    columns: Arc<[Option<Column>]>,
}

impl StandInExec {
    /// Passes on to the plan itself what is offered of these columns alone.
    pub(super) fn over(plan: &Plan, columns: Vec<Option<Column>>) -> Plan {
        Arc::new(StandInExec { plan: plan.clone(), is_over: true, columns: columns.into() })
    }

    /// Passes it on to the plan's one input.
    pub(super) fn instead_of(plan: &Plan, columns: Vec<Option<Column>>) -> Plan {
        Arc::new(StandInExec { plan: plan.clone(), is_over: false, columns: columns.into() })
    }

    /// What is offered as said of the columns below, if it is about nothing else.
    fn passed_on(&self, offer: &Arc<dyn PhysicalExpr>) -> Option<Arc<dyn PhysicalExpr>> {
        let below = |column: &Column| self.columns.get(column.index())?.clone();
        if !collect_columns(offer).iter().all(|column| below(column).is_some()) {
            return None;
        }
        let rewritten = offer.clone().transform(|part| {
            let below = part.as_any().downcast_ref::<Column>().and_then(below);
            Ok(match below {
                Some(below) => Transformed::yes(Arc::new(below) as Arc<dyn PhysicalExpr>),
                None => Transformed::no(part),
            })
        });
        rewritten.data().ok()
    }
}

impl ExecutionPlan for StandInExec {
    fn name(&self) -> &str {
        "StandInExec"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.plan.properties()
    }

    fn children(&self) -> Vec<&Plan> {
        if self.is_over { vec![&self.plan] } else { self.plan.children() }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Plan>) -> PlanResult<Plan> {
        let plan = match (self.is_over, children.as_slice()) {
            (false, _) => self.plan.clone().with_new_children(children)?,
            (true, [plan]) => plan.clone(),
            (true, _) => return internal_err!("what stands over a plan has one input"),
        };
        Ok(Arc::new(StandInExec { plan, ..StandInExec::clone(&self) }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> PlanResult<SendableRecordBatchStream> {
        self.plan.execute(partition, context)
    }

    fn partition_statistics(&self, partition: Option<usize>) -> PlanResult<Statistics> {
        self.plan.partition_statistics(partition)
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        offered: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> PlanResult<FilterDescription> {
        let passed_on = offered.iter().filter_map(|offer| self.passed_on(offer)).collect();
        let child = ChildFilterDescription::all_unsupported(&offered).with_self_filters(passed_on);
        Ok(FilterDescription::new().with_child(child))
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        offered: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> PlanResult<FilterPushdownPropagation<Plan>> {
        let result = FilterPushdownPropagation::all_unsupported(offered);
        Ok(result.with_updated_node(self.plan.clone()))
    }
}

impl DisplayAs for StandInExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.plan.fmt_as(format, f)
    }
}
