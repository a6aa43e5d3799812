//! Filters of SQL in the store's filter language, as far as that can say them: hot rows that cannot match
//! are not even encoded.
//!
//! What comes out may match more than SQL's filter does, never less: DataFusion filters again. So a part
//! that cannot be said is left out of an AND, and makes an OR unsayable. A filter of the store looks at a
//! document's field, one of SQL at the column; where both are the same value is decided here, by type.

use std::fmt;
use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use headwater_document::DocumentId;
use headwater_primitives::IdKind;
use headwater_primitives::filter::{Filter, field};
use headwater_tiering::schema::{Column, ColumnType, Source};

use crate::table::Columns;

/// Integers beyond this are not what a column of floats holds of them.
const EXACT_IN_FLOATS: f64 = 9_007_199_254_740_992.0;

/// Past this many values a list is not worth a filter.
const MAX_VALUES: usize = 500;

/// Which hot rows a statement may want.
#[derive(Clone)]
pub(crate) struct Wanted {
    filter: Filter,
    ids: Option<Arc<[DocumentId]>>,
}

impl Wanted {
    /// The rows that all of `filters` may let through.
    pub(crate) fn of(filters: &[Expr], columns: &Columns) -> Wanted {
        let said = filters.iter().filter_map(|filter| said(filter, columns));
        let ids = filters.iter().find_map(|filter| ids(filter, columns));
        Wanted { filter: Filter::all_of(said), ids: ids.map(Into::into) }
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    pub(crate) fn ids(&self) -> Option<&[DocumentId]> {
        self.ids.as_deref()
    }

    /// Whether no row is left out.
    pub(crate) fn is_all(&self) -> bool {
        self.filter.is_all() && self.ids.is_none()
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(ids) = &self.ids {
            write!(f, "ids={}, ", ids.len())?;
        }
        write!(f, "filter={}", self.filter.to_value())
    }
}

/// The filter in the store's language; `None` when it cannot be said.
fn said(filter: &Expr, columns: &Columns) -> Option<Filter> {
    let said = match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            return match (said(left, columns), said(right, columns)) {
                (Some(left), Some(right)) => Some(left.and(right)),
                (one, other) => one.or(other),
            };
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            said(left, columns)?.or(said(right, columns)?)
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (&**left, &**right) {
            (Expr::Column(column), Expr::Literal(value, _)) => {
                compared(column_of(&column.name, columns)?, *op, value)?
            }
            (Expr::Literal(value, _), Expr::Column(column)) => {
                compared(column_of(&column.name, columns)?, op.swap()?, value)?
            }
            _ => return None,
        },
        Expr::Between(between) if !between.negated => {
            let Expr::Column(column) = &*between.expr else { return None };
            let column = column_of(&column.name, columns)?;
            let bound = |bound: &Expr, op| match bound {
                Expr::Literal(value, _) => compared(column, op, value),
                _ => None,
            };
            let (low, high) = (Operator::GtEq, Operator::LtEq);
            bound(&between.low, low)?.and(bound(&between.high, high)?)
        }
        Expr::InList(list) if !list.negated && list.list.len() <= MAX_VALUES => {
            let Expr::Column(column) = &*list.expr else { return None };
            let column = column_of(&column.name, columns)?;
            let values = list.list.iter().map(|value| match value {
                Expr::Literal(value, _) => compared(column, Operator::Eq, value),
                _ => None,
            });
            Filter::any_of(values.collect::<Option<Vec<_>>>()?)
        }
        Expr::IsNotNull(value) => match &**value {
            Expr::Column(column) => field(&path_of(column_of(&column.name, columns)?)).exists(),
            _ => return None,
        },
        Expr::Column(column) => {
            compared(column_of(&column.name, columns)?, Operator::Eq, &true.into())?
        }
        Expr::Not(value) => match &**value {
            Expr::Column(column) => {
                compared(column_of(&column.name, columns)?, Operator::Eq, &false.into())?
            }
            _ => return None,
        },
        _ => return None,
    };
    said.check().is_ok().then_some(said)
}

/// The column of a document's own field.
fn column_of<'c>(name: &str, columns: &'c Columns) -> Option<&'c Column> {
    columns.lake().columns().iter().find(|column| column.name() == name)
}

fn path_of(column: &Column) -> String {
    match column.source() {
        Source::Field(name) => name.clone(),
        Source::Path(path) => path.to_string(),
    }
}

/// A value as the document has it that the column was made of.
enum Value {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// A number that the document's may be a little off.
    About(f64),
}

fn compared(column: &Column, op: Operator, value: &ScalarValue) -> Option<Filter> {
    let at = || field(&path_of(column));
    let value = value_of(column.ty(), value)?;
    Some(match (op, value) {
        (Operator::Eq, Value::Bool(value)) => at().eq(value),
        (op, Value::Integer(value)) => ordered(column, op, value)?,
        (op, Value::Float(value)) => ordered(column, op, value)?,
        (op, Value::Text(value)) => ordered(column, op, value)?,
        (Operator::Eq, Value::About(value)) => {
            let off = off(value);
            at().gte(value - off).and(at().lte(value + off))
        }
        (Operator::Gt | Operator::GtEq, Value::About(value)) => at().gte(value - off(value)),
        (Operator::Lt | Operator::LtEq, Value::About(value)) => at().lte(value + off(value)),
        _ => return None,
    })
}

/// How far the float of a decimal may be from the decimal, with room to spare.
fn off(value: f64) -> f64 {
    value.abs() * 4.0 * f64::EPSILON
}

fn ordered<T: Into<headwater_primitives::filter::Operand>>(
    column: &Column,
    op: Operator,
    value: T,
) -> Option<Filter> {
    let at = field(&path_of(column));
    Some(match op {
        Operator::Eq => at.eq(value),
        Operator::Gt => at.gt(value),
        Operator::GtEq => at.gte(value),
        Operator::Lt => at.lt(value),
        Operator::LtEq => at.lte(value),
        _ => return None,
    })
}

/// What in a document corresponds to a value of the column.
fn value_of(ty: ColumnType, value: &ScalarValue) -> Option<Value> {
    Some(match ty {
        ColumnType::Bool => match value {
            ScalarValue::Boolean(Some(value)) => Value::Bool(*value),
            _ => return None,
        },
        ColumnType::Int | ColumnType::Long => Value::Integer(integer(value)?),
        ColumnType::Double => {
            let value = match value {
                ScalarValue::Float64(Some(value)) => *value,
                ScalarValue::Float32(Some(value)) => f64::from(*value),
                value => integer(value)? as f64,
            };
            // An integer that no float holds was rounded when it came into the column.
            (value.abs() < EXACT_IN_FLOATS).then_some(Value::Float(value))?
        }
        ColumnType::Decimal { .. } => match value {
            ScalarValue::Decimal128(Some(unscaled), _, scale) => {
                let value = *unscaled as f64 / 10_f64.powi(i32::from(*scale));
                (value.abs() < EXACT_IN_FLOATS).then_some(Value::About(value))?
            }
            _ => return None,
        },
        ColumnType::Date => match value {
            ScalarValue::Date32(Some(_)) => Value::Text(date(value)?),
            _ => return None,
        },
        ColumnType::String => match value {
            ScalarValue::Utf8(Some(text))
            | ScalarValue::LargeUtf8(Some(text))
            | ScalarValue::Utf8View(Some(text)) => Value::Text(text.clone()),
            _ => return None,
        },
        // Rounded, written in several ways, or only text of a value.
        ColumnType::Float | ColumnType::Timestamptz(_) | ColumnType::Json => return None,
    })
}

fn integer(value: &ScalarValue) -> Option<i64> {
    Some(match value {
        ScalarValue::Int8(Some(value)) => i64::from(*value),
        ScalarValue::Int16(Some(value)) => i64::from(*value),
        ScalarValue::Int32(Some(value)) => i64::from(*value),
        ScalarValue::Int64(Some(value)) => *value,
        ScalarValue::UInt8(Some(value)) => i64::from(*value),
        ScalarValue::UInt16(Some(value)) => i64::from(*value),
        ScalarValue::UInt32(Some(value)) => i64::from(*value),
        ScalarValue::UInt64(Some(value)) => i64::try_from(*value).ok()?,
        _ => return None,
    })
}

/// A date of the years that text of ten letters can say, and sorts as.
fn date(value: &ScalarValue) -> Option<String> {
    let text = value.to_string();
    (text.len() == 10 && text.as_bytes()[0].is_ascii_digit()).then_some(text)
}

/// The ids that alone can match, where a filter names them.
fn ids(filter: &Expr, columns: &Columns) -> Option<Vec<DocumentId>> {
    let kind = columns.lake().id_kind();
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            ids(left, columns).or_else(|| ids(right, columns))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let (mut one, other) = (ids(left, columns)?, ids(right, columns)?);
            one.extend(other);
            (one.len() <= MAX_VALUES).then_some(one)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            match (&**left, &**right) {
                (Expr::Column(column), Expr::Literal(value, _))
                | (Expr::Literal(value, _), Expr::Column(column))
                    if columns.is_id(&column.name) =>
                {
                    Some(vec![id_of(kind, value)?])
                }
                _ => None,
            }
        }
        Expr::InList(list) if !list.negated && list.list.len() <= MAX_VALUES => {
            let Expr::Column(column) = &*list.expr else { return None };
            let ids = list.list.iter().map(|value| match value {
                Expr::Literal(value, _) => id_of(kind, value),
                _ => None,
            });
            columns.is_id(&column.name).then(|| ids.collect::<Option<Vec<_>>>())?
        }
        _ => None,
    }
}

fn id_of(kind: IdKind, value: &ScalarValue) -> Option<DocumentId> {
    match (kind, value) {
        (IdKind::Integer, value) => integer(value).map(DocumentId::Integer),
        (IdKind::Text, ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text))) => {
            Some(DocumentId::Text(text.as_str().into()))
        }
        _ => None,
    }
}
