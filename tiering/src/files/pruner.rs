//! Deciding by bounds alone that a filter can match no row of a file.
//!
//! A filter says in which ranges of index keys every document that matches has an entry for a path
//! ([`Filter::bounds_with`]). Where columns hold all values at that path, the entries of all rows lie
//! between the keys of the column's bounds. If these do not meet, no row matches.
//!
//! When does a column hold all values? That of a top-level field does where `_rest` is null in all
//! rows: a value that the column does not give back exactly is in `_rest` as well. The copy of a path
//! does where it is null in no row: it has exact values only, and a value that is not null is all that
//! there is at the path, since it was reached through objects. A column of JSON text says nothing.

use std::ops::Bound;
use std::sync::Arc;

use headwater_primitives::filter::{Bounds, Entries, Filter, KeyRange};
use headwater_primitives::key;
use iceberg::spec::{Datum, PrimitiveLiteral};

use super::extent::{ColumnExtent, Extent};
use crate::rows::{date_text, decimal_to_f64, time_text};
use crate::schema::{ColumnType, Fraction, LakeSchema, Source};

/// Tells which files or row groups a filter cannot match. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pruner {
    demands: Arc<[Demand]>,
    rest: i32,
}

/// What a filter demands of one column.
#[derive(Debug)]
struct Demand {
    field_id: i32,
    /// Nothing for the id, whose kind the bounds tell.
    ty: Option<ColumnType>,
    is_copy: bool,
    bounds: Bounds,
}

impl Pruner {
    /// A pruner for a filter on documents of a table with this schema.
    pub fn new(filter: &Filter, schema: &LakeSchema) -> Self {
        // A dot in the name of the id's field would be read as a path.
        let id = schema.id_field().filter(|id| !id.name.contains('.'));
        let id = id.map(|id| (schema.system().id, None, false, id.name.clone()));
        let columns = schema.columns().iter().map(|column| {
            let (is_copy, path) = match column.source() {
                Source::Field(name) => (false, name.clone()),
                Source::Path(path) => (true, path.to_string()),
            };
            (column.field_id(), Some(column.ty()), is_copy, path)
        });
        let demand = |(field_id, ty, is_copy, path): (i32, Option<ColumnType>, bool, String)| {
            // A path of digits may lead into an array as well, but a column holds none.
            let bounds = filter.bounds_with(&path, Entries::One)?;
            (ty != Some(ColumnType::Json)).then_some(Demand { field_id, ty, is_copy, bounds })
        };
        let demands = id.into_iter().chain(columns).filter_map(demand).collect();
        Pruner { demands, rest: schema.system().rest }
    }

    /// Whether a row may match. `false` is certain, `true` is not.
    pub fn can_match(&self, extent: &Extent) -> bool {
        let rest = extent.columns.get(&self.rest).and_then(|rest| rest.nulls);
        let has_no_rest = rest == Some(extent.rows);
        self.demands.iter().all(|demand| {
            extent
                .columns
                .get(&demand.field_id)
                .is_none_or(|column| demand.can_be_met(column, extent.rows, has_no_rest))
        })
    }
}

impl Demand {
    fn can_be_met(&self, column: &ColumnExtent, rows: u64, has_no_rest: bool) -> bool {
        let holds_all = if self.is_copy { column.nulls == Some(0) } else { has_no_rest };
        if !holds_all {
            return true;
        }
        // A null in the column may be a null in the document, which has an entry too.
        let null = key::encode(&[key::Value::Null]);
        let has_nulls = column.nulls != Some(0);
        if has_nulls && self.bounds.ranges().iter().any(|range| range.contains(&null)) {
            return true;
        }
        if column.nulls == Some(rows) {
            return false;
        }
        match self.keys(column) {
            Some((lower, upper)) => {
                self.bounds.ranges().iter().any(|range| meets(range, &lower, &upper))
            }
            None => true,
        }
    }

    /// The keys between which all entries of the column's values lie.
    fn keys(&self, column: &ColumnExtent) -> Option<(Vec<u8>, Vec<u8>)> {
        let (lower, upper) = (column.lower.as_ref()?, column.upper.as_ref()?);
        let (lower, _) = values(lower, self.ty)?;
        let (_, upper) = values(upper, self.ty)?;
        Some((key::encode(&[lower]), key::encode(&[upper])))
    }
}

/// The least and the greatest entry that a value may have which the column holds as `datum`.
fn values(datum: &Datum, ty: Option<ColumnType>) -> Option<(key::Value, key::Value)> {
    let one = |value: key::Value| Some((value.clone(), value));
    match (datum.literal(), ty) {
        (PrimitiveLiteral::Boolean(value), Some(ColumnType::Bool)) => one(key::Value::Bool(*value)),
        (PrimitiveLiteral::Int(days), Some(ColumnType::Date)) => {
            one(key::Value::Text(date_text(*days)?))
        }
        (PrimitiveLiteral::Long(micros), Some(ColumnType::Timestamptz(_))) => times(*micros),
        (PrimitiveLiteral::Int(value), Some(ColumnType::Int | ColumnType::Long)) => {
            one(key::Value::Int((*value).into()))
        }
        (PrimitiveLiteral::Long(value), Some(ColumnType::Long) | None) => {
            one(key::Value::Int(*value))
        }
        (PrimitiveLiteral::Float(value), Some(ColumnType::Float | ColumnType::Double)) => {
            one(key::Value::Float(value.0.into()))
        }
        (PrimitiveLiteral::Double(value), Some(ColumnType::Double)) => {
            one(key::Value::Float(value.0))
        }
        (PrimitiveLiteral::Int128(unscaled), Some(ColumnType::Decimal { scale, .. })) => {
            // The nearest float may be on either side of the number.
            let near = decimal_to_f64(*unscaled, scale);
            Some((key::Value::Float(near.next_down()), key::Value::Float(near.next_up())))
        }
        (PrimitiveLiteral::String(text), Some(ColumnType::String) | None) => {
            one(key::Value::Text(text.clone()))
        }
        _ => None,
    }
}

/// Texts of one second do not sort as its fractions do: `00.5Z` is before `00Z`. All of them lie
/// between the text without its end and the text without a fraction.
fn times(micros: i64) -> Option<(key::Value, key::Value)> {
    let second = micros.div_euclid(1_000_000) * 1_000_000;
    let last = time_text(second, Fraction::Digits(0))?;
    let first = last.trim_end_matches('Z').to_owned();
    Some((key::Value::Text(first), key::Value::Text(last)))
}

fn meets(range: &KeyRange, lower: &[u8], upper: &[u8]) -> bool {
    let starts_in_time = match &range.start {
        Bound::Unbounded => true,
        Bound::Included(start) => start.as_slice() <= upper,
        Bound::Excluded(start) => start.as_slice() < upper,
    };
    let ends_late_enough = match &range.end {
        Bound::Unbounded => true,
        Bound::Included(end) => end.as_slice() >= lower,
        Bound::Excluded(end) => end.as_slice() > lower,
    };
    starts_in_time && ends_late_enough
}
