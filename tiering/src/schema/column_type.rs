//! The types that a column may have, and how they are written.

use std::fmt;
use std::str::FromStr;

use headwater_primitives::{Error, Result};
use iceberg::spec::PrimitiveType;

/// The most digits of a decimal.
const MAX_PRECISION: u8 = 38;

/// The type of a column.
///
/// As text: `bool`, `int`, `long`, `float`, `double`, `decimal(15,2)`, `date`, `timestamptz`,
/// `timestamptz(3)`, `string`, `json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// `true` and `false`.
    Bool,
    /// Integers of 32 bits.
    Int,
    /// Integers of 64 bits.
    Long,
    /// Floating-point numbers of 32 bits.
    Float,
    /// Floating-point numbers of 64 bits.
    Double,
    /// Numbers with a fixed number of places after the point.
    Decimal {
        /// How many digits in all, at most 38.
        precision: u8,
        /// How many of them stand after the point.
        scale: u8,
    },
    /// Text such as `2026-01-31`.
    Date,
    /// Text such as `2026-01-31T12:00:00Z`: a time in UTC, exact to the microsecond.
    Timestamptz(Fraction),
    /// Text.
    String,
    /// Any JSON value, as a string column that holds its text.
    Json,
}

/// How the fraction of a second stands in a text with a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fraction {
    /// As many digits as are needed; no point where none are.
    #[default]
    Shortest,
    /// Always this many digits, 0 to 6.
    Digits(u8),
}

/// How whole numbers of a floating-point or decimal column stand in a document. Those that stand
/// otherwise are kept in `_rest` as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WholeNumbers {
    /// `5.0`, as most languages write a float.
    #[default]
    Floats,
    /// `5`, as JavaScript writes it.
    Integers,
}

impl ColumnType {
    pub(crate) fn to_iceberg(self) -> PrimitiveType {
        match self {
            ColumnType::Bool => PrimitiveType::Boolean,
            ColumnType::Int => PrimitiveType::Int,
            ColumnType::Long => PrimitiveType::Long,
            ColumnType::Float => PrimitiveType::Float,
            ColumnType::Double => PrimitiveType::Double,
            ColumnType::Decimal { precision, scale } => {
                PrimitiveType::Decimal { precision: precision.into(), scale: scale.into() }
            }
            ColumnType::Date => PrimitiveType::Date,
            ColumnType::Timestamptz(_) => PrimitiveType::Timestamptz,
            ColumnType::String | ColumnType::Json => PrimitiveType::String,
        }
    }

    /// The plainest type that Iceberg knows under `ty`.
    pub(crate) fn from_iceberg(ty: &PrimitiveType) -> Option<Self> {
        Some(match ty {
            PrimitiveType::Boolean => ColumnType::Bool,
            PrimitiveType::Int => ColumnType::Int,
            PrimitiveType::Long => ColumnType::Long,
            PrimitiveType::Float => ColumnType::Float,
            PrimitiveType::Double => ColumnType::Double,
            PrimitiveType::Decimal { precision, scale } => ColumnType::Decimal {
                precision: u8::try_from(*precision).ok()?,
                scale: u8::try_from(*scale).ok()?,
            },
            PrimitiveType::Date => ColumnType::Date,
            PrimitiveType::Timestamptz => ColumnType::Timestamptz(Fraction::Shortest),
            PrimitiveType::String => ColumnType::String,
            _ => return None,
        })
    }

    /// Whether Iceberg lets a column of this type become one of `wider`, with all values kept.
    pub fn widens_to(self, wider: ColumnType) -> bool {
        match (self, wider) {
            (ColumnType::Int, ColumnType::Long) | (ColumnType::Float, ColumnType::Double) => true,
            (
                ColumnType::Decimal { precision: from, scale },
                ColumnType::Decimal { precision: to, scale: kept },
            ) => scale == kept && from < to,
            _ => false,
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColumnType::Bool => "bool",
            ColumnType::Int => "int",
            ColumnType::Long => "long",
            ColumnType::Float => "float",
            ColumnType::Double => "double",
            ColumnType::Decimal { precision, scale } => {
                return write!(f, "decimal({precision},{scale})");
            }
            ColumnType::Date => "date",
            ColumnType::Timestamptz(Fraction::Shortest) => "timestamptz",
            ColumnType::Timestamptz(Fraction::Digits(digits)) => {
                return write!(f, "timestamptz({digits})");
            }
            ColumnType::String => "string",
            ColumnType::Json => "json",
        })
    }
}

impl FromStr for ColumnType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| {
            Error::invalid(format!(
                "unknown column type {text:?}: bool, int, long, float, double, decimal(15,2) with at \
                 most {MAX_PRECISION} digits, date, timestamptz, timestamptz(0) to timestamptz(6), \
                 string and json are known"
            ))
        })
    }
}

fn parse(text: &str) -> Option<ColumnType> {
    Some(match text {
        "bool" => ColumnType::Bool,
        "int" => ColumnType::Int,
        "long" => ColumnType::Long,
        "float" => ColumnType::Float,
        "double" => ColumnType::Double,
        "date" => ColumnType::Date,
        "timestamptz" => ColumnType::Timestamptz(Fraction::Shortest),
        "string" => ColumnType::String,
        "json" => ColumnType::Json,
        _ => return parse_with_arguments(text),
    })
}

fn parse_with_arguments(text: &str) -> Option<ColumnType> {
    let (name, arguments) = text.strip_suffix(')')?.split_once('(')?;
    match name {
        "decimal" => {
            let (precision, scale) = arguments.split_once(',')?;
            let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
            let is_valid = (1..=MAX_PRECISION).contains(&precision) && scale <= precision;
            is_valid.then_some(ColumnType::Decimal { precision, scale })
        }
        "timestamptz" => {
            let digits = arguments.trim().parse().ok().filter(|digits| *digits <= 6)?;
            Some(ColumnType::Timestamptz(Fraction::Digits(digits)))
        }
        _ => None,
    }
}
