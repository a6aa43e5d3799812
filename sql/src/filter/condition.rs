//! Conditions that rows must meet.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::common::ScalarValue;
use datafusion::common::cast::as_boolean_array;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::{ColumnarValue, Operator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, CaseExpr, Column, Literal, lit};
use datafusion::physical_expr_common::physical_expr::{
    snapshot_generation, snapshot_physical_expr,
};

/// Rows that are looked at before a join's keys are judged.
const JUDGED_ROWS: usize = 32 << 10;

/// Whether this compares columns and literals of fixed width: cheap, and it cannot fail.
pub(super) fn is_cheap(condition: &Arc<dyn PhysicalExpr>, schema: &Schema) -> bool {
    let mut cheap = true;
    let visited = condition.apply(|part| {
        cheap &= match part.as_any().downcast_ref::<BinaryExpr>() {
            Some(binary) => {
                is_comparison(*binary.op()) || matches!(binary.op(), Operator::And | Operator::Or)
            }
            None => {
                let is_leaf = part.as_any().is::<Column>() || part.as_any().is::<Literal>();
                let ty = part.data_type(schema)?;
                is_leaf && (ty.primitive_width().is_some() || ty == DataType::Boolean)
            }
        };
        Ok(if cheap { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    visited.is_ok() && cheap
}

pub(super) fn is_comparison(operator: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

/// The rows that meet a condition.
pub(super) fn meeting(
    condition: &Arc<dyn PhysicalExpr>,
    batch: &RecordBatch,
) -> PlanResult<BooleanBuffer> {
    let array = match condition.evaluate(batch)? {
        ColumnarValue::Scalar(ScalarValue::Boolean(value)) => {
            let rows = batch.num_rows();
            return Ok(match value {
                Some(true) => BooleanBuffer::new_set(rows),
                _ => BooleanBuffer::new_unset(rows),
            });
        }
        other => other.into_array(batch.num_rows())?,
    };
    let (values, nulls) = as_boolean_array(&array)?.clone().into_parts();
    Ok(match nulls {
        Some(nulls) => &values & nulls.inner(),
        None => values,
    })
}

/// What a join in parts says of rows of any of its parts, where these are few. Which part a row belongs to
/// costs more to find out than to ask each of two.
fn of_any_part(offer: Arc<dyn PhysicalExpr>) -> Arc<dyn PhysicalExpr> {
    let Some(parts) = offer.as_any().downcast_ref::<CaseExpr>() else { return offer };
    let says_no = parts.else_expr().is_none_or(|other| other.eq(&lit(false)));
    match parts.when_then_expr() {
        [(_, one), (_, other)] if says_no => {
            Arc::new(BinaryExpr::new(one.clone(), Operator::Or, other.clone()))
        }
        _ => offer,
    }
}

/// What a join or a sort says of rows that it can use, as long as that rules out most.
pub(super) struct Offer {
    offered: Arc<dyn PhysicalExpr>,
    generation: u64,
    /// What it says now, unless that is nothing or not worth it.
    current: Option<Arc<dyn PhysicalExpr>>,
    seen: usize,
    kept: usize,
}

impl Offer {
    pub(super) fn new(offered: Arc<dyn PhysicalExpr>) -> Self {
        Offer { offered, generation: 0, current: None, seen: 0, kept: 0 }
    }

    /// The rows that can be used, where that is known.
    pub(super) fn meeting(&mut self, batch: &RecordBatch) -> PlanResult<Option<BooleanBuffer>> {
        let generation = snapshot_generation(&self.offered);
        if generation != self.generation {
            let now = of_any_part(snapshot_physical_expr(self.offered.clone())?);
            let is_known = !now.eq(&lit(true));
            *self = Offer {
                generation,
                current: is_known.then_some(now),
                ..Offer::new(self.offered.clone())
            };
        }
        let Some(current) = &self.current else { return Ok(None) };
        let met = meeting(current, batch)?;
        self.seen += batch.num_rows();
        self.kept += met.count_set_bits();
        if self.seen >= JUDGED_ROWS && self.kept > self.seen / 2 {
            self.current = None;
        }
        Ok(Some(met))
    }
}
