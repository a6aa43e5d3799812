//! The event's JSON form.

use serde::ser::{Error as _, SerializeStruct};
use serde::{Serialize, Serializer};

use super::UnifiedEvent;
use crate::json::Json;

impl Serialize for UnifiedEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("UnifiedEvent", 18)?;
        out.serialize_field("id", &self.id())?;
        out.serialize_field("type", self.event_type())?;
        out.serialize_field("timestamp", &self.timestamp)?;
        out.serialize_field("ns", self.ns())?;
        out.serialize_field("sequence", &self.sequence)?;
        field(&mut out, "transaction", self.transaction)?;
        field(&mut out, "correlationId", self.correlation_id())?;
        field(&mut out, "causationId", self.causation_id())?;
        field(&mut out, "actor", self.actor())?;
        field(&mut out, "source", self.source())?;
        field(&mut out, "op", self.op())?;
        field(&mut out, "store", self.store())?;
        field(&mut out, "table", self.table())?;
        field(&mut out, "key", self.key())?;
        field(&mut out, "before", self.before_bytes().map(|bytes| Json(bytes)))?;
        field(&mut out, "after", self.after_bytes().map(|bytes| Json(bytes)))?;
        field(&mut out, "changedFields", self.changed_fields().map_err(S::Error::custom)?)?;
        field(&mut out, "data", self.data_bytes().map(|bytes| Json(bytes)))?;
        out.end()
    }
}

fn field<S: SerializeStruct, T: Serialize>(
    out: &mut S,
    name: &'static str,
    value: Option<T>,
) -> Result<(), S::Error> {
    match value {
        Some(value) => out.serialize_field(name, &value),
        None => out.skip_field(name),
    }
}
