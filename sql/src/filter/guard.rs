//! DataFusion's plans pass offers on by the names of columns. A guard keeps those back that a name takes to
//! another column.

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::union::UnionExec;

use super::Plan;
use super::stand_in::StandInExec;

/// The same plan with a guard over it, where names of its columns mislead.
pub(super) fn guarded(plan: &Plan) -> Option<Plan> {
    let schema = plan.schema();
    let join = plan.as_any().downcast_ref::<HashJoinExec>();
    // The names of a union are those of what it begins with.
    let is_union = plan.as_any().is::<UnionExec>();
    let column = |place: usize| {
        let name = schema.field(place).name();
        let is_unique = schema.fields().iter().filter(|field| field.name() == name).count() == 1;
        let is_right = is_unique
            && join.is_none_or(|join| !is_crossed(join, place))
            && (!is_union || inputs_have(plan, place, name));
        is_right.then(|| Column::new(name, place))
    };
    let columns: Vec<_> = (0..schema.fields().len()).map(column).collect();
    columns.contains(&None).then(|| StandInExec::over(plan, columns))
}

fn inputs_have(union: &Plan, place: usize, name: &str) -> bool {
    union.children().iter().all(|input| input.schema().field(place).name() == name)
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
