//! Filters next to the files of the lake.
//!
//! DataFusion's own filter evaluates one expression on all rows of a batch. Its joins tell the scans below them
//! which keys can match, once their smaller side is read, and a scan of Parquet asks that of whole row groups only,
//! of which it seldom rules one out. A [`LakeFilterExec`] evaluates cheap conditions first, others on the rows
//! that are left, and what joins and sorts offer on each row; text is in views until then.

mod condition;
mod estimate;
mod exec;
mod groups;
mod guard;
mod stand_in;
mod stream;
mod views;

use std::sync::Arc;

use datafusion::common::NullEquality;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result as PlanResult;
use datafusion::physical_expr::expressions::lit;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::recursive_query::RecursiveQueryExec;

use estimate::EstimateFilters;
use exec::LakeFilterExec;

/// DataFusion's rules, and before the last ones, by which joins offer their keys, that of this module.
pub(crate) fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    let offers = rules.iter().rposition(|rule| rule.name().starts_with("FilterPushdown"));
    rules.insert(offers.unwrap_or(rules.len()), Arc::new(FilterLake));
    rules.insert(0, Arc::new(EstimateFilters));
    rules
}

/// Puts a [`LakeFilterExec`] over every scan of files, in the place of a filter that is there.
#[derive(Debug)]
struct FilterLake;

impl PhysicalOptimizerRule for FilterLake {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let takes_offers = !plan.exists(|part| Ok(offers_mislead(part)))?;
        let plan = plan.transform_down(|part| filtered(part, takes_offers)).data()?;
        let plan = plan.transform_up(|part| replaced(groups::of_views(&part)?, part)).data()?;
        let plan = plan.transform_up(|part| replaced(groups::offering(&part), part)).data()?;
        plan.transform_up(|part| replaced(guard::guarded(&part), part)).data()
    }

    fn name(&self) -> &str {
        "FilterLake"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether joins may offer less than can match (DataFusion 53): one in which nulls meet leaves them out, and
/// what is executed again and again keeps what was offered at first.
fn offers_mislead(part: &Plan) -> bool {
    let part = part.as_any();
    let join = part.downcast_ref::<HashJoinExec>();
    part.is::<RecursiveQueryExec>()
        || join.is_some_and(|join| join.null_equality() == NullEquality::NullEqualsNull)
}

type Plan = Arc<dyn ExecutionPlan>;

fn filtered(plan: Plan, takes_offers: bool) -> PlanResult<Transformed<Plan>> {
    let is_scan = |plan: &Plan| plan.as_any().is::<DataSourceExec>();
    let filter = match plan.as_any().downcast_ref::<FilterExec>() {
        Some(filter) if is_scan(filter.input()) && filter.fetch().is_none() => filter.clone(),
        None if is_scan(&plan) => FilterExecBuilder::new(lit(true), plan).build()?,
        _ => return Ok(Transformed::no(plan)),
    };
    let filter = LakeFilterExec::of(filter, takes_offers)?;
    Ok(Transformed::new(Arc::new(filter), true, TreeNodeRecursion::Jump))
}

fn replaced(by: Option<Plan>, plan: Plan) -> PlanResult<Transformed<Plan>> {
    Ok(by.map_or_else(|| Transformed::no(plan), Transformed::yes))
}
