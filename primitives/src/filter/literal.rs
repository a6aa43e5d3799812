//! The values that stand in a filter, and how a document's value compares with them.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::jsonb::{Kind, View};
use crate::key;

/// A value in a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    /// From `i64::MIN` to `u64::MAX`.
    Int(i128),
    Float(f64),
    Text(String),
    /// An array or object. Two are equal when their keys are: the key has objects in one order.
    Composite {
        value: Value,
        key: Vec<u8>,
    },
}

impl Literal {
    pub(crate) fn new(value: &Value) -> Self {
        match value {
            Value::Null => Literal::Null,
            Value::Bool(truth) => Literal::Bool(*truth),
            Value::Number(number) => match number.as_i128() {
                Some(int) => Literal::Int(int),
                None => Literal::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Literal::Text(text.clone()),
            Value::Array(_) | Value::Object(_) => {
                let mut key = Vec::new();
                key::append_json(&mut key, value);
                Literal::Composite { value: value.clone(), key }
            }
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Literal::Null => Value::Null,
            Literal::Bool(truth) => Value::from(*truth),
            Literal::Int(int) => Number::from_i128(*int).map_or(Value::Null, Value::Number),
            Literal::Float(float) => Value::from(*float),
            Literal::Text(text) => Value::from(text.as_str()),
            Literal::Composite { value, .. } => value.clone(),
        }
    }

    /// The key codec's bytes: equal values have equal keys.
    pub(crate) fn key(&self) -> Vec<u8> {
        match self {
            Literal::Composite { key, .. } => key.clone(),
            scalar => {
                let mut key = Vec::new();
                key::append_json(&mut key, &scalar.to_value());
                key
            }
        }
    }

    /// Whether the document's value equals this one.
    pub(crate) fn equals(&self, value: View<'_>) -> bool {
        Probe::of(value).compare(self) == Some(Ordering::Equal)
    }

    /// How the document's value stands to this one; `None` when they are of different types.
    pub(crate) fn compared_by(&self, value: View<'_>) -> Option<Ordering> {
        Probe::of(value).compare(self)
    }

    fn rank(&self) -> u8 {
        match self {
            Literal::Null => 0,
            Literal::Bool(_) => 1,
            Literal::Int(_) | Literal::Float(_) => 2,
            Literal::Text(_) => 3,
            Literal::Composite { .. } => 4,
        }
    }

    fn order(&self, other: &Literal) -> Ordering {
        self.rank().cmp(&other.rank()).then_with(|| match (self, other) {
            (Literal::Bool(a), Literal::Bool(b)) => a.cmp(b),
            (Literal::Int(a), Literal::Int(b)) => a.cmp(b),
            (Literal::Int(a), Literal::Float(b)) => compare_int_float(*a, *b),
            (Literal::Float(a), Literal::Int(b)) => compare_int_float(*b, *a).reverse(),
            (Literal::Float(a), Literal::Float(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Literal::Text(a), Literal::Text(b)) => a.cmp(b),
            (Literal::Composite { key: a, .. }, Literal::Composite { key: b, .. }) => a.cmp(b),
            _ => Ordering::Equal,
        })
    }
}

/// The values of `$in` and `$nin`: sorted, without duplicates, searched in O(log n).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LiteralSet(Vec<Literal>);

impl LiteralSet {
    pub(crate) fn new(mut literals: Vec<Literal>) -> Self {
        literals.sort_by(Literal::order);
        literals.dedup_by(|a, b| a.order(b) == Ordering::Equal);
        LiteralSet(literals)
    }

    pub(crate) fn literals(&self) -> &[Literal] {
        &self.0
    }

    pub(crate) fn has_null(&self) -> bool {
        matches!(self.0.first(), Some(Literal::Null))
    }

    pub(crate) fn has_composites(&self) -> bool {
        matches!(self.0.last(), Some(Literal::Composite { .. }))
    }

    pub(crate) fn contains(&self, value: View<'_>) -> bool {
        let probe = Probe::of(value);
        match probe {
            Probe::Composite(view) => {
                self.has_composites()
                    && composite_key(view).is_some_and(|wanted| {
                        let order = |literal: &Literal| match literal {
                            Literal::Composite { key, .. } => key.as_slice().cmp(&wanted),
                            _ => Ordering::Less,
                        };
                        self.0.binary_search_by(order).is_ok()
                    })
            }
            scalar => {
                let order = |literal: &Literal| {
                    literal.rank().cmp(&scalar.rank()).then_with(|| {
                        scalar.compare(literal).map_or(Ordering::Less, Ordering::reverse)
                    })
                };
                self.0.binary_search_by(order).is_ok()
            }
        }
    }
}

/// A document's value, opened for comparison.
enum Probe<'a> {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Cow<'a, str>),
    Composite(View<'a>),
}

impl<'a> Probe<'a> {
    fn of(value: View<'a>) -> Self {
        match value.kind() {
            Kind::Null => Probe::Null,
            Kind::Bool => Probe::Bool(value.as_bool().unwrap_or_default()),
            Kind::Integer => match integer(value) {
                Some(int) => Probe::Int(int),
                // Beyond 64 bits.
                None => Probe::float(value),
            },
            Kind::Float => Probe::float(value),
            Kind::Text => Probe::Text(value.as_str().unwrap_or_default()),
            Kind::Array | Kind::Object => Probe::Composite(value),
        }
    }

    fn float(value: View<'_>) -> Self {
        Probe::Float(value.as_f64().unwrap_or(f64::NAN))
    }

    fn rank(&self) -> u8 {
        match self {
            Probe::Null => 0,
            Probe::Bool(_) => 1,
            Probe::Int(_) | Probe::Float(_) => 2,
            Probe::Text(_) => 3,
            Probe::Composite(_) => 4,
        }
    }

    fn compare(&self, literal: &Literal) -> Option<Ordering> {
        match (self, literal) {
            (Probe::Null, Literal::Null) => Some(Ordering::Equal),
            (Probe::Bool(a), Literal::Bool(b)) => Some(a.cmp(b)),
            (Probe::Int(a), Literal::Int(b)) => Some(a.cmp(b)),
            (Probe::Int(a), Literal::Float(b)) => Some(compare_int_float(*a, *b)),
            (Probe::Float(a), Literal::Int(b)) => Some(compare_int_float(*b, *a).reverse()),
            (Probe::Float(a), Literal::Float(b)) => a.partial_cmp(b),
            (Probe::Text(a), Literal::Text(b)) => Some((**a).cmp(b.as_str())),
            (Probe::Composite(view), Literal::Composite { value, key }) => {
                let same_kind = (view.kind() == Kind::Array) == value.is_array();
                if same_kind { Some(composite_key(*view)?.cmp(key)) } else { None }
            }
            _ => None,
        }
    }
}

fn integer(value: View<'_>) -> Option<i128> {
    match value.as_i64() {
        Some(int) => Some(int.into()),
        None => value.as_u64().map(i128::from),
    }
}

fn composite_key(view: View<'_>) -> Option<Vec<u8>> {
    let mut key = Vec::with_capacity(view.bytes().len() + 8);
    key::append_jsonb(&mut key, view).ok()?;
    Some(key)
}

/// Compares without rounding either side. A NaN counts as greater than everything.
fn compare_int_float(int: i128, float: f64) -> Ordering {
    const BEYOND_EVERY_INT: f64 = 1e38;
    if float < -BEYOND_EVERY_INT {
        return Ordering::Greater;
    }
    if float > BEYOND_EVERY_INT || float.is_nan() {
        return Ordering::Less;
    }
    let whole = float.trunc();
    let fraction = float - whole;
    int.cmp(&(whole as i128))
        .then_with(|| 0.0_f64.partial_cmp(&fraction).unwrap_or(Ordering::Equal))
}
