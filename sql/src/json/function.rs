//! `json_get(json, step…)` and those like it.

use std::any::Any;
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use datafusion::common::{ScalarValue, exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use headwater_primitives::jsonb::{self, View};

/// What a function gives of the value that it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Its JSON text.
    Json,
    /// Text as it is; other values as their JSON text.
    Text,
    /// Text, if it is one.
    Str,
    /// A whole number, if it is one.
    Int,
    /// A number, if it is one.
    Float,
    /// True or false, if it is one.
    Bool,
}

/// A function of JSON text and the steps to a value in it: names of fields, numbers of elements from 0.
/// Where the text is null or no JSON, where there is no such value, and where that is null, it is null.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct JsonFunction {
    kind: Kind,
    signature: Signature,
}

impl Kind {
    pub(super) const ALL: [Kind; 6] =
        [Kind::Json, Kind::Text, Kind::Str, Kind::Int, Kind::Float, Kind::Bool];

    fn name(self) -> &'static str {
        match self {
            Kind::Json => "json_get",
            Kind::Text => "json_get_text",
            Kind::Str => "json_get_str",
            Kind::Int => "json_get_int",
            Kind::Float => "json_get_float",
            Kind::Bool => "json_get_bool",
        }
    }
}

impl JsonFunction {
    pub(crate) fn new(kind: Kind) -> JsonFunction {
        JsonFunction { kind, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for JsonFunction {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn name(&self) -> &str {
        self.kind.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.kind {
            Kind::Json | Kind::Text | Kind::Str => DataType::Utf8,
            Kind::Int => DataType::Int64,
            Kind::Float => DataType::Float64,
            Kind::Bool => DataType::Boolean,
        })
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let name = self.name();
        let Some((json, steps)) = types.split_first() else {
            return plan_err!("{name} takes JSON text and the steps into it: names and numbers");
        };
        if !is_text(json) {
            return plan_err!("{name} takes JSON text first, and this is {json}");
        }
        let step = |step: &DataType| match step {
            step if is_text(step) => Ok(DataType::Utf8),
            step if step.is_integer() => Ok(DataType::Int64),
            other => {
                plan_err!(
                    "{name} takes names of fields and numbers of elements, and this is {other}"
                )
            }
        };
        let steps: Vec<DataType> = steps.iter().map(step).collect::<Result<_>>()?;
        Ok(std::iter::once(DataType::Utf8).chain(steps).collect())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_scalar { 1 } else { args.number_rows };
        let Some((json, steps)) = args.args.split_first() else {
            return exec_err!("{} without arguments", self.name());
        };
        let json = json.to_array(rows)?;
        let steps: Vec<Steps> =
            steps.iter().map(|step| Steps::of(step, rows)).collect::<Result<_>>()?;
        let found = self.find(&json, &steps)?;
        Ok(match is_scalar {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&found, 0)?),
            false => ColumnarValue::Array(found),
        })
    }
}

fn is_text(ty: &DataType) -> bool {
    matches!(ty, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null)
}

/// One step for each row.
enum Steps {
    Name(String),
    Element(i64),
    Nowhere,
    Names(ArrayRef),
    Elements(ArrayRef),
}

impl Steps {
    fn of(step: &ColumnarValue, rows: usize) -> Result<Steps> {
        Ok(match step {
            ColumnarValue::Scalar(ScalarValue::Utf8(Some(name))) => Steps::Name(name.clone()),
            ColumnarValue::Scalar(ScalarValue::Int64(Some(element))) => Steps::Element(*element),
            ColumnarValue::Scalar(_) => Steps::Nowhere,
            array => match array.to_array(rows)? {
                names if names.data_type() == &DataType::Utf8 => Steps::Names(names),
                elements => Steps::Elements(elements),
            },
        })
    }

    fn take<'a>(&self, value: View<'a>, row: usize) -> Option<View<'a>> {
        match self {
            Steps::Name(name) => value.get(name),
            Steps::Element(element) => value.index(usize::try_from(*element).ok()?),
            Steps::Nowhere => None,
            Steps::Names(names) if names.is_valid(row) => {
                value.get(names.as_string::<i32>().value(row))
            }
            Steps::Elements(elements) if elements.is_valid(row) => {
                let element = elements.as_primitive::<Int64Type>().value(row);
                value.index(usize::try_from(element).ok()?)
            }
            Steps::Names(_) | Steps::Elements(_) => None,
        }
    }
}

impl JsonFunction {
    fn find(&self, json: &ArrayRef, steps: &[Steps]) -> Result<ArrayRef> {
        let texts = json.as_string::<i32>();
        let mut found = Found::new(self.kind);
        for row in 0..texts.len() {
            let json = texts.is_valid(row).then(|| jsonb::from_json_str(texts.value(row)));
            let json = json.and_then(std::result::Result::ok);
            let value = json.as_deref().and_then(|json| View::parse(json).ok());
            let value = value.and_then(|value| {
                steps.iter().try_fold(value, |value, steps| steps.take(value, row))
            });
            found.append(value.filter(|value| !value.is_null()));
        }
        Ok(found.finish())
    }
}

/// The values that were found.
enum Found {
    Json(StringBuilder),
    Text(StringBuilder),
    Str(StringBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
}

impl Found {
    fn new(kind: Kind) -> Found {
        match kind {
            Kind::Json => Found::Json(StringBuilder::new()),
            Kind::Text => Found::Text(StringBuilder::new()),
            Kind::Str => Found::Str(StringBuilder::new()),
            Kind::Int => Found::Int(Int64Builder::new()),
            Kind::Float => Found::Float(Float64Builder::new()),
            Kind::Bool => Found::Bool(BooleanBuilder::new()),
        }
    }

    fn append(&mut self, value: Option<View<'_>>) {
        let text = |value: View<'_>| jsonb::to_json(value.bytes()).ok();
        match self {
            Found::Json(found) => found.append_option(value.and_then(text)),
            Found::Text(found) => match value.and_then(|value| value.as_str()) {
                Some(value) => found.append_value(value),
                None => found.append_option(value.and_then(text)),
            },
            Found::Str(found) => found.append_option(value.and_then(|value| value.as_str())),
            Found::Int(found) => found.append_option(value.and_then(|value| value.as_i64())),
            Found::Float(found) => found.append_option(value.and_then(|value| value.as_f64())),
            Found::Bool(found) => found.append_option(value.and_then(|value| value.as_bool())),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Found::Json(mut found) | Found::Text(mut found) | Found::Str(mut found) => {
                Arc::new(found.finish())
            }
            Found::Int(mut found) => Arc::new(found.finish()),
            Found::Float(mut found) => Arc::new(found.finish()),
            Found::Bool(mut found) => Arc::new(found.finish()),
        }
    }
}
