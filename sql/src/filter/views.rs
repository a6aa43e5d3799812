//! Text in Arrow's views, from the scan up to the filter: only what is let through is copied.
//!
//! Above the filter text is plain again. DataFusion 53 would write what a batch's views are of to temporary
//! files again for each batch, and count it against the memory as often.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, FileSource, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result as PlanResult;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, LikeExpr, Literal, in_list,
};
use datafusion::physical_plan::ExecutionPlan;

use super::condition::is_comparison;
use crate::table::parquet_source;

/// The scan with text in views, if it reads any and computes nothing.
pub(super) fn scan(plain: &Arc<dyn ExecutionPlan>) -> PlanResult<Option<Arc<dyn ExecutionPlan>>> {
    if !plain.schema().fields().iter().any(|field| is_text(field)) {
        return Ok(None);
    }
    let scan = plain.as_any().downcast_ref::<DataSourceExec>();
    let scan = scan.and_then(|scan| scan.downcast_to_file_source::<ParquetSource>());
    let Some((config, source)) = scan else { return Ok(None) };
    let (Some(reader), Some(projection)) =
        (source.parquet_file_reader_factory(), source.projection())
    else {
        return Ok(None);
    };
    if !projection.iter().all(|column| column.expr.as_any().is::<Column>()) {
        return Ok(None);
    }
    let mut views = parquet_source(with_views(config.file_schema()), reader.clone());
    if let Some(filter) = source.filter() {
        views = views.with_predicate(on_views(filter, config.file_schema())?);
    }
    let Some(views) = views.try_pushdown_projection(projection)? else { return Ok(None) };
    let config = FileScanConfigBuilder::from(config.clone()).with_source(views).build();
    Ok(Some(DataSourceExec::from_data_source(config)))
}

pub(super) fn with_views(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match is_text(field) {
        true => Arc::new(Field::clone(field).with_data_type(DataType::Utf8View)),
        false => field.clone(),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

pub(super) fn is_text(field: &Field) -> bool {
    *field.data_type() == DataType::Utf8
}

/// An expression on plain text, of the schema `plain`, as one on views.
pub(super) fn on_views(
    expression: Arc<dyn PhysicalExpr>,
    plain: &Schema,
) -> PlanResult<Arc<dyn PhysicalExpr>> {
    let views = with_views(plain);
    let rewritten = expression.transform_down(|part| {
        if let Some(rewritten) = of_text(&part, plain, &views)? {
            return Ok(Transformed::new(rewritten, true, TreeNodeRecursion::Jump));
        }
        match is_text_column(&part, plain) {
            true => {
                let text: Arc<dyn PhysicalExpr> =
                    Arc::new(CastExpr::new(part, DataType::Utf8, None));
                Ok(Transformed::new(text, true, TreeNodeRecursion::Jump))
            }
            false => Ok(Transformed::no(part)),
        }
    });
    rewritten.data()
}

/// What compares text columns with each other or with literals, as it is said of views.
fn of_text(
    part: &Arc<dyn PhysicalExpr>,
    plain: &Schema,
    views: &Schema,
) -> PlanResult<Option<Arc<dyn PhysicalExpr>>> {
    let any = part.as_any();
    let compares = any.is::<LikeExpr>()
        || any.is::<InListExpr>()
        || any.is::<IsNullExpr>()
        || any.is::<IsNotNullExpr>()
        || any.downcast_ref::<BinaryExpr>().is_some_and(|binary| is_comparison(*binary.op()));
    let has_column = part.children().into_iter().any(|child| is_text_column(child, plain));
    if !compares || !has_column {
        return Ok(None);
    }
    let children = part.children().into_iter();
    let children = children.map(|child| match is_text_column(child, plain) {
        true => Some(child.clone()),
        false => view_literal(child),
    });
    let Some(mut children) = children.collect::<Option<Vec<_>>>() else { return Ok(None) };
    match any.downcast_ref::<InListExpr>() {
        // It holds a set of what it lists.
        Some(list) => {
            let literals = children.split_off(1);
            in_list(children.remove(0), literals, &list.negated(), views).map(Some)
        }
        None => part.clone().with_new_children(children).map(Some),
    }
}

fn is_text_column(part: &Arc<dyn PhysicalExpr>, plain: &Schema) -> bool {
    let column = part.as_any().downcast_ref::<Column>();
    let field = column.and_then(|column| plain.fields().get(column.index()));
    field.is_some_and(|field| is_text(field))
}

fn view_literal(part: &Arc<dyn PhysicalExpr>) -> Option<Arc<dyn PhysicalExpr>> {
    match part.as_any().downcast_ref::<Literal>()?.value() {
        ScalarValue::Utf8(text) => {
            Some(Arc::new(Literal::new(ScalarValue::Utf8View(text.clone()))))
        }
        _ => None,
    }
}
