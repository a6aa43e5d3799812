//! JSONB bytes as a serde value, for writing them into any format without a tree in between.

use headwater_primitives::jsonb::{Kind, View};
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// JSONB bytes that serialize as the value that they hold.
pub(crate) struct Json<'a>(pub(crate) &'a [u8]);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value(View::parse(self.0).map_err(S::Error::custom)?).serialize(serializer)
    }
}

struct Value<'a>(View<'a>);

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = self.0;
        let damaged = || S::Error::custom("damaged JSONB");
        match view.kind() {
            Kind::Null => serializer.serialize_unit(),
            Kind::Bool => serializer.serialize_bool(view.as_bool().ok_or_else(damaged)?),
            Kind::Integer => match (view.as_i64(), view.as_u64()) {
                (Some(number), _) => serializer.serialize_i64(number),
                (None, Some(number)) => serializer.serialize_u64(number),
                (None, None) => serializer.serialize_f64(view.as_f64().ok_or_else(damaged)?),
            },
            Kind::Float => serializer.serialize_f64(view.as_f64().ok_or_else(damaged)?),
            Kind::Text => serializer.serialize_str(&view.as_str().ok_or_else(damaged)?),
            Kind::Array => {
                let mut array = serializer.serialize_seq(None)?;
                for element in view.elements() {
                    array.serialize_element(&Value(element))?;
                }
                array.end()
            }
            Kind::Object => {
                let mut object = serializer.serialize_map(None)?;
                for (name, value) in view.entries() {
                    object.serialize_entry(&name, &Value(value))?;
                }
                object.end()
            }
        }
    }
}
