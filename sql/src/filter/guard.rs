//! DataFusion's plans pass offers on by the names of columns. A guard keeps those back that a name takes to
//! another column.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::{JoinType, Statistics, internal_err};
use datafusion::error::Result as PlanResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, ChildPushdownResult, FilterDescription, FilterPushdownPhase,
    FilterPushdownPropagation,
};
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};

use super::Plan;

/// The same plan with a guard over it, where names of its columns mislead.
pub(super) fn guarded(plan: &Plan) -> Option<Plan> {
    let passing = passing(plan);
    let is_needed = passing.contains(&false);
    is_needed.then(|| Arc::new(GuardExec { plan: plan.clone(), passing: passing.into() }) as _)
}

/// For each column of a plan whether what is offered of it reaches the right column further down.
fn passing(plan: &Plan) -> Vec<bool> {
    let schema = plan.schema();
    let is_unique = |place: usize| {
        let name = schema.field(place).name();
        schema.fields().iter().filter(|field| field.name() == name).count() == 1
    };
    let join = plan.as_any().downcast_ref::<HashJoinExec>();
    // The names of a union are those of what it begins with.
    let is_united = plan.as_any().is::<UnionExec>();
    let has_the_name = |part: &&Plan, place: usize| {
        part.schema().field(place).name() == schema.field(place).name()
    };
    let is_everywhere = |place| plan.children().iter().all(|part| has_the_name(part, place));
    (0..schema.fields().len())
        .map(|place| {
            is_unique(place)
                && join.is_none_or(|join| !is_crossed(join, place))
                && (!is_united || is_everywhere(place))
        })
        .collect()
}

/// Whether a join that lets rows of one side through takes an offer of this column to one of the other side that
/// is not compared with it. Where nulls matter, the other side must have all its rows.
fn is_crossed(join: &HashJoinExec, place: usize) -> bool {
    let is_left = match join.join_type() {
        JoinType::LeftSemi | JoinType::LeftAnti => true,
        JoinType::RightSemi | JoinType::RightAnti => false,
        _ => return false,
    };
    let column = join.projection.as_ref().map_or(place, |projection| projection[place]);
    let at = |key: &Arc<dyn PhysicalExpr>| Some(key.as_any().downcast_ref::<Column>()?.index());
    let pairs = join.on().iter().map(|(left, right)| (at(left), at(right)));
    let pairs = pairs.map(|(left, right)| if is_left { (left, right) } else { (right, left) });
    let mut pairs = pairs.filter(|(own, _)| *own == Some(column)).peekable();
    if pairs.peek().is_none() {
        return false;
    }
    let (side, other) =
        if is_left { (join.left(), join.right()) } else { (join.right(), join.left()) };
    let found = other.schema().index_of(side.schema().field(column).name()).ok();
    join.null_aware || found.is_some() && pairs.all(|(_, paired)| paired != found)
}

/// Stands over a plan while offers are made.
#[derive(Clone, Debug)]
struct GuardExec {
    plan: Plan,
    /// For each column whether it may be in what is offered.
    passing: Arc<[bool]>,
}

impl GuardExec {
    fn passes(&self, offer: &Arc<dyn PhysicalExpr>) -> bool {
        collect_columns(offer).iter().all(|column| self.passing[column.index()])
    }
}

impl ExecutionPlan for GuardExec {
    fn name(&self) -> &str {
        "GuardExec"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.plan.properties()
    }

    fn children(&self) -> Vec<&Plan> {
        vec![&self.plan]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Plan>) -> PlanResult<Plan> {
        let Ok([plan]) = <[_; 1]>::try_from(children) else {
            return internal_err!("a guard stands over one plan");
        };
        Ok(Arc::new(GuardExec { plan, passing: self.passing.clone() }))
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
        let passing = offered.iter().filter(|offer| self.passes(offer)).cloned().collect();
        let child = ChildFilterDescription::all_unsupported(&offered).with_self_filters(passing);
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

impl DisplayAs for GuardExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.plan.fmt_as(format, f)
    }
}
