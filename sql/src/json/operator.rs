//! `json -> step` and `json ->> step`.

use datafusion::common::DFSchema;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::{JsonFunction, Kind};

/// `->` gives the JSON text of a part, `->>` the part as text.
#[derive(Debug)]
pub(super) struct JsonOperators;

impl ExprPlanner for JsonOperators {
    fn plan_binary_op(
        &self,
        expression: RawBinaryExpr,
        _: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let kind = match expression.op {
            BinaryOperator::Arrow => Kind::Json,
            BinaryOperator::LongArrow => Kind::Text,
            _ => return Ok(PlannerResult::Original(expression)),
        };
        let function = ScalarUDF::from(JsonFunction::new(kind));
        Ok(PlannerResult::Planned(function.call(vec![expression.left, expression.right])))
    }
}
