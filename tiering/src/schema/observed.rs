//! What was seen of one field, and the type that it makes.

use headwater_primitives::jsonb::{Kind, View};

use super::{ColumnType, WholeNumbers};

/// Up to here every integer is a float of its own.
const EXACT_IN_FLOATS: u64 = 1 << 53;

/// How often a field had which sort of value.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    pub(super) name: Box<str>,
    /// The name as it was stored when it was first seen.
    pub(super) stored: Box<[u8]>,
    pub(super) seen: u64,
    bools: u64,
    /// Integers that a `long` holds.
    integers: u64,
    /// Those of them that a `double` does not hold.
    wide: u64,
    /// Integers beyond `long`.
    beyond: u64,
    whole_floats: u64,
    fractions: u64,
    texts: u64,
    composites: u64,
    /// The largest number without its sign.
    magnitude: f64,
}

impl Observed {
    pub(super) fn new(name: &str, stored: &[u8]) -> Self {
        Observed { name: name.into(), stored: stored.into(), ..Observed::default() }
    }

    pub(super) fn add(&mut self, value: View<'_>) {
        self.seen += 1;
        match value.kind() {
            Kind::Null => {}
            Kind::Bool => self.bools += 1,
            Kind::Text => self.texts += 1,
            Kind::Array | Kind::Object => self.composites += 1,
            Kind::Integer => match value.as_i64() {
                Some(integer) => {
                    self.integers += 1;
                    self.wide += u64::from(integer.unsigned_abs() > EXACT_IN_FLOATS);
                    self.note(integer as f64);
                }
                None => self.beyond += 1,
            },
            Kind::Float => {
                let float = value.as_f64().unwrap_or(f64::INFINITY);
                match float.trunc() == float {
                    true => self.whole_floats += 1,
                    false => self.fractions += 1,
                }
                self.note(float);
            }
        }
    }

    fn note(&mut self, number: f64) {
        self.magnitude = self.magnitude.max(number.abs());
    }

    /// The type that holds most values, with as few exceptions as can be; none if all were null.
    ///
    /// Where more than one value in twenty would be an exception, the column holds JSON text.
    pub(super) fn ty(&self) -> Option<(ColumnType, WholeNumbers)> {
        let floats = self.whole_floats + self.fractions;
        let all = self.bools + self.integers + self.beyond + floats + self.texts + self.composites;
        let whole = match self.integers > self.whole_floats {
            true => WholeNumbers::Integers,
            false => WholeNumbers::Floats,
        };
        let odd = self.integers.min(self.whole_floats);
        // Both ways to hold numbers, with what each holds exactly.
        let double = (self.integers - self.wide.min(self.integers) + floats).saturating_sub(odd);
        let number = match floats > 0 && double > self.integers {
            true => (double, ColumnType::Double, whole),
            false => (self.integers, ColumnType::Long, WholeNumbers::Floats),
        };
        let plain = WholeNumbers::Floats;
        let (fitting, ty, whole) = [
            number,
            (self.bools, ColumnType::Bool, plain),
            (self.texts, ColumnType::String, plain),
            (self.composites, ColumnType::Json, plain),
        ]
        .into_iter()
        .max_by_key(|(fitting, _, _)| *fitting)?;
        match all {
            0 => None,
            _ if (all - fitting) * 20 > all => Some((ColumnType::Json, plain)),
            _ => Some((ty, whole)),
        }
    }

    /// The type that the column needs to hold these values too, if Iceberg lets it have that.
    pub(super) fn widened(&self, from: ColumnType) -> Option<ColumnType> {
        let is_wider = match from {
            ColumnType::Int => self.magnitude > f64::from(i32::MAX),
            ColumnType::Float => self.fractions > 0,
            ColumnType::Decimal { precision, scale } => {
                let digits = digits_before_point(self.magnitude);
                let precision_needed = digits.saturating_add(scale).min(38);
                return (precision_needed > precision)
                    .then_some(ColumnType::Decimal { precision: precision_needed, scale });
            }
            _ => false,
        };
        match from {
            ColumnType::Int if is_wider => Some(ColumnType::Long),
            ColumnType::Float if is_wider => Some(ColumnType::Double),
            _ => None,
        }
    }
}

fn digits_before_point(magnitude: f64) -> u8 {
    match magnitude < 1.0 {
        true => 0,
        // At most 309; the comparison above leaves NaN out, which no JSON holds.
        false => (magnitude.log10().floor() as u32 + 1).min(u32::from(u8::MAX)) as u8,
    }
}
