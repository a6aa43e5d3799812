//! The Arrow builder of one column, and what it takes of a JSON value.

use arrow_array::ArrayRef;
use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
    Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use headwater_primitives::jsonb::{self, Kind, View};
use headwater_primitives::{Error, Result, Timestamp};

use super::fit::Fit;
use super::restore::is_restored_as_integer;
use super::{civil, decimal};
use crate::schema::{Column, ColumnType, Fraction, WholeNumbers};

/// Values of one column, padded with nulls where rows had none.
pub(super) struct Values {
    builder: Builder,
    whole: WholeNumbers,
    text: String,
}

enum Builder {
    Bool(BooleanBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Decimal(Decimal128Builder, u8, u8),
    Date(Date32Builder),
    Time(TimestampMicrosecondBuilder, Fraction),
    Text(StringBuilder),
    Json(StringBuilder),
}

/// Does the same with whichever builder it is.
macro_rules! each {
    ($builder:expr, $inner:ident => $body:expr) => {
        match $builder {
            Builder::Bool($inner) => $body,
            Builder::Int($inner) => $body,
            Builder::Long($inner) => $body,
            Builder::Float($inner) => $body,
            Builder::Double($inner) => $body,
            Builder::Decimal($inner, _, _) => $body,
            Builder::Date($inner) => $body,
            Builder::Time($inner, _) => $body,
            Builder::Text($inner) | Builder::Json($inner) => $body,
        }
    };
}

impl Values {
    pub(super) fn new(column: &Column) -> Result<Self> {
        let builder = match column.ty() {
            ColumnType::Bool => Builder::Bool(BooleanBuilder::new()),
            ColumnType::Int => Builder::Int(Int32Builder::new()),
            ColumnType::Long => Builder::Long(Int64Builder::new()),
            ColumnType::Float => Builder::Float(Float32Builder::new()),
            ColumnType::Double => Builder::Double(Float64Builder::new()),
            ColumnType::Decimal { precision, scale } => {
                let builder = Decimal128Builder::new();
                let builder = builder
                    .with_precision_and_scale(precision, scale as i8)
                    .map_err(|error| Error::invalid(format!("{}: {error}", column.name())))?;
                Builder::Decimal(builder, precision, scale)
            }
            ColumnType::Date => Builder::Date(Date32Builder::new()),
            ColumnType::Timestamptz(fraction) => {
                Builder::Time(TimestampMicrosecondBuilder::new().with_timezone("+00:00"), fraction)
            }
            ColumnType::String => Builder::Text(StringBuilder::new()),
            ColumnType::Json => Builder::Json(StringBuilder::new()),
        };
        Ok(Values { builder, whole: column.whole(), text: String::new() })
    }

    /// How many rows have a value or a null.
    pub(super) fn len(&self) -> usize {
        each!(&self.builder, inner => inner.len())
    }

    /// Nulls up to row `rows`.
    pub(super) fn pad(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.len());
        if missing > 0 {
            each!(&mut self.builder, inner => inner.append_nulls(missing));
        }
    }

    pub(super) fn finish(&mut self, rows: usize) -> ArrayRef {
        self.pad(rows);
        each!(&mut self.builder, inner => std::sync::Arc::new(inner.finish()))
    }

    /// Appends the value, if the column can hold it; if it cannot, nothing is appended.
    pub(super) fn append(&mut self, value: View<'_>) -> Fit {
        let whole = self.whole;
        match (&mut self.builder, value.kind()) {
            (Builder::Json(json), _) => {
                self.text.clear();
                if jsonb::write_json(value.bytes(), &mut self.text).is_err() {
                    return Fit::Not;
                }
                json.append_value(&self.text);
                Fit::Exact
            }
            (Builder::Bool(bools), Kind::Bool) => {
                bools.append_option(value.as_bool());
                Fit::Exact
            }
            (Builder::Int(ints), Kind::Integer) => {
                append(value.as_i64().and_then(|value| i32::try_from(value).ok()), |value| {
                    ints.append_value(value);
                    Fit::Exact
                })
            }
            (Builder::Long(longs), Kind::Integer) => append(value.as_i64(), |value| {
                longs.append_value(value);
                Fit::Exact
            }),
            (Builder::Float(floats), Kind::Integer | Kind::Float) => {
                append_f32(floats, value, whole)
            }
            (Builder::Double(doubles), Kind::Integer | Kind::Float) => {
                append_f64(doubles, value, whole)
            }
            (Builder::Decimal(decimals, precision, scale), Kind::Integer | Kind::Float) => {
                let parsed = decimal::parse(digits_of(value), *precision, *scale);
                append(parsed, |parsed| {
                    decimals.append_value(parsed.unscaled);
                    let is_integer = value.kind() == Kind::Integer;
                    let comes_back_as_integer = parsed.is_whole && whole == WholeNumbers::Integers;
                    let is_same_kind = is_integer == comes_back_as_integer;
                    Fit::exact_if(is_same_kind && !parsed.is_negative_zero)
                })
            }
            (Builder::Date(dates), Kind::Text) => {
                append(value.as_str().and_then(|text| civil::parse_date(text.as_bytes())), |days| {
                    dates.append_value(days);
                    Fit::Exact
                })
            }
            (Builder::Time(times, fraction), Kind::Text) => append(value.as_str(), |text| {
                if let Some(micros) = civil::parse_time(text.as_bytes(), *fraction) {
                    times.append_value(micros);
                    return Fit::Exact;
                }
                append(Timestamp::parse(&text).ok(), |time| {
                    times.append_value(time.0);
                    Fit::Similar
                })
            }),
            (Builder::Text(texts), Kind::Text) => append(value.as_str(), |text| {
                texts.append_value(text);
                Fit::Exact
            }),
            _ => Fit::Not,
        }
    }

    /// Appends the value if the column gives it back exactly; no row has a value that is similar.
    pub(super) fn append_exact(&mut self, value: View<'_>, scratch: &mut Values) {
        // The scratch column, of the same type, shows what would be; it is emptied at once.
        if scratch.append(value) == Fit::Exact {
            self.append(value);
        }
        each!(&mut scratch.builder, inner => drop(inner.finish()));
    }
}

fn append<T>(value: Option<T>, append: impl FnOnce(T) -> Fit) -> Fit {
    value.map_or(Fit::Not, append)
}

fn append_f64(doubles: &mut Float64Builder, value: View<'_>, whole: WholeNumbers) -> Fit {
    append(value.as_f64().filter(|value| value.is_finite()), |float| {
        doubles.append_value(float);
        comes_back(float, value, whole)
    })
}

fn append_f32(floats: &mut Float32Builder, value: View<'_>, whole: WholeNumbers) -> Fit {
    let single = value.as_f64().map(|double| double as f32);
    append(single.filter(|single| single.is_finite()), |single| {
        floats.append_value(single);
        comes_back(single.into(), value, whole)
    })
}

/// Whether a column that holds `held` gives `value` back.
fn comes_back(held: f64, value: View<'_>, whole: WholeNumbers) -> Fit {
    let as_integer = is_restored_as_integer(held, whole);
    Fit::exact_if(match value.kind() {
        Kind::Integer => as_integer && value.as_i64() == Some(held as i64),
        _ => !as_integer && value.as_f64() == Some(held),
    })
}

/// The digits of a number as they are stored.
fn digits_of(value: View<'_>) -> &[u8] {
    let bytes = value.bytes();
    let header = match bytes.first().map_or(0, |first| first >> 4) {
        0..=11 => 1,
        12 => 2,
        13 => 3,
        14 => 5,
        _ => 9,
    };
    bytes.get(header..).unwrap_or_default()
}
