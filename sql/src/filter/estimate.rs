//! How many rows a filter lets through, where DataFusion would take it to be one in five: it knows what
//! bounds of numbers mean, not those of dates and decimals. Joins hold the side that is smaller.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{ScalarValue, Statistics};
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, split_conjunction};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};

/// What a condition is taken to let through of which nothing is known, as by DataFusion.
const UNKNOWN: f64 = 0.2;

/// Tells filters what part of their rows they let through by the bounds of columns.
#[derive(Debug)]
pub(super) struct EstimateFilters;

impl PhysicalOptimizerRule for EstimateFilters {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        plan.transform_up(estimated).data()
    }

    fn name(&self) -> &str {
        "EstimateFilters"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn estimated(plan: Arc<dyn ExecutionPlan>) -> PlanResult<Transformed<Arc<dyn ExecutionPlan>>> {
    let Some(filter) = plan.as_any().downcast_ref::<FilterExec>() else {
        return Ok(Transformed::no(plan));
    };
    let statistics = filter.input().partition_statistics(None)?;
    let percent = (100.0 * part(filter.predicate(), &statistics)).ceil().max(1.0) as u8;
    let filter = FilterExecBuilder::from(filter).with_default_selectivity(percent).build()?;
    Ok(Transformed::yes(Arc::new(filter)))
}

/// The part of the rows that meet a condition, from 0 to 1.
fn part(condition: &Arc<dyn PhysicalExpr>, statistics: &Statistics) -> f64 {
    let mut ranges: HashMap<usize, Range> = HashMap::new();
    let mut others = 1.0;
    for condition in split_conjunction(condition) {
        match bound(condition) {
            Some((_, Operator::NotEq, _)) => {}
            Some((column, operator, value)) if let Some(whole) = Range::of(column, statistics) => {
                ranges.entry(column).or_insert(whole).narrow(operator, value);
            }
            _ => others = UNKNOWN,
        }
    }
    ranges.values().map(Range::part).product::<f64>() * others
}

/// The column, the comparison and the literal's place, where a condition is such a bound.
fn bound(condition: &Arc<dyn PhysicalExpr>) -> Option<(usize, Operator, f64)> {
    let binary = condition.as_any().downcast_ref::<BinaryExpr>()?;
    let column =
        |side: &Arc<dyn PhysicalExpr>| Some(side.as_any().downcast_ref::<Column>()?.index());
    let value =
        |side: &Arc<dyn PhysicalExpr>| place(side.as_any().downcast_ref::<Literal>()?.value());
    let (left, right) = (binary.left(), binary.right());
    match (column(left), value(right)) {
        (Some(column), Some(value)) => Some((column, *binary.op(), value)),
        _ => Some((column(right)?, binary.op().swap()?, value(left)?)),
    }
}

/// Where a value is among others of its type.
fn place(value: &ScalarValue) -> Option<f64> {
    match value {
        ScalarValue::Int32(value) | ScalarValue::Date32(value) => value.map(f64::from),
        ScalarValue::Int64(value) | ScalarValue::TimestampMicrosecond(value, _) => {
            value.map(|value| value as f64)
        }
        ScalarValue::Float32(value) => value.map(f64::from),
        ScalarValue::Float64(value) => *value,
        ScalarValue::Decimal128(value, _, _) => value.map(|value| value as f64),
        _ => None,
    }
}

/// What is left of a column's values.
struct Range {
    whole: f64,
    low: f64,
    high: f64,
}

impl Range {
    fn of(column: usize, statistics: &Statistics) -> Option<Range> {
        let column = statistics.column_statistics.get(column)?;
        let low = place(column.min_value.get_value()?)?;
        let high = place(column.max_value.get_value()?)?;
        Some(Range { whole: high - low, low, high })
    }

    fn narrow(&mut self, operator: Operator, value: f64) {
        if matches!(operator, Operator::Lt | Operator::LtEq | Operator::Eq) {
            self.high = self.high.min(value);
        }
        if matches!(operator, Operator::Gt | Operator::GtEq | Operator::Eq) {
            self.low = self.low.max(value);
        }
    }

    fn part(&self) -> f64 {
        match self.whole > 0.0 {
            true => ((self.high - self.low) / self.whole).clamp(0.0, 1.0),
            false => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::common::ColumnStatistics;
    use datafusion::common::stats::Precision;
    use datafusion::physical_expr::expressions::{binary, col, lit};

    use super::*;

    /// The part of rows with a day from 0 to 1000 and a name that a condition on them lets through.
    fn part_of(bounds: &[(&str, Operator, ScalarValue)]) -> f64 {
        use arrow_schema::{DataType, Field, Schema};
        let fields = [("day", DataType::Date32), ("name", DataType::Utf8)];
        let fields = fields.map(|(name, ty)| Field::new(name, ty, true));
        let schema = Schema::new(fields.to_vec());
        let mut statistics = Statistics::new_unknown(&schema);
        let bound = |day| Precision::Inexact(ScalarValue::Date32(Some(day)));
        statistics.column_statistics[0] =
            ColumnStatistics { min_value: bound(0), max_value: bound(1000), ..Default::default() };
        let conditions = bounds.iter().map(|(column, operator, value)| {
            let column = col(column, &schema).unwrap();
            binary(column, *operator, lit(value.clone()), &schema).unwrap()
        });
        let all = |one, other| binary(one, Operator::And, other, &schema).unwrap();
        part(&conditions.reduce(all).unwrap(), &statistics)
    }

    #[test]
    fn bounds_of_dates_count_by_how_far_apart_they_are() {
        let day = |operator, day| ("day", operator, ScalarValue::Date32(Some(day)));
        let name = ("name", Operator::Eq, ScalarValue::from("x"));
        assert_eq!(part_of(&[day(Operator::Lt, 250)]), 0.25);
        assert_eq!(part_of(&[day(Operator::GtEq, 900), day(Operator::LtEq, 950)]), 0.05);
        assert_eq!(part_of(&[day(Operator::Gt, 500), name.clone()]), 0.1);
        assert_eq!(part_of(&[name]), UNKNOWN);
        assert_eq!(part_of(&[day(Operator::Eq, 7)]), 0.0);
        assert_eq!(part_of(&[day(Operator::Gt, 2000)]), 0.0);
        assert_eq!(part_of(&[day(Operator::NotEq, 7)]), 1.0);
    }
}
