//! CloudEvents 1.0 in structured JSON.

use std::fmt::Write;

use serde::Serialize;
use serde::ser::{Error as _, SerializeStruct, Serializer};

use crate::change::KeyRef;
use crate::event::UnifiedEvent;
use crate::json::Json;

/// An event as [CloudEvents 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md)
/// structured JSON (`application/cloudevents+json`).
///
/// - `source` is `urn:headwater:NAMESPACE`; `id` is unique in it.
/// - `subject` is `STORE/TABLE/KEY` for a store's change.
/// - `data` is what the application published, or `{before, after, changedFields}`.
/// - Extension attributes: `sequence` (as in CloudEvents' own extension, a text), `transactionid`,
///   `correlationid`, `causationid`, `actor`, `producer` (the event's own `source`), `op`, `store` and
///   `table`.
#[derive(Clone, Copy, Debug)]
pub struct CloudEvent<'a>(pub &'a UnifiedEvent);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'a> {
    before: Option<Json<'a>>,
    after: Option<Json<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_fields: Option<Vec<String>>,
}

impl Serialize for CloudEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        let mut out = serializer.serialize_struct("CloudEvent", 18)?;
        out.serialize_field("specversion", "1.0")?;
        out.serialize_field("id", &event.id())?;
        out.serialize_field("source", &source(event.ns()))?;
        out.serialize_field("type", event.event_type())?;
        out.serialize_field("time", &event.timestamp())?;
        attribute(&mut out, "subject", subject(event).as_deref())?;
        out.serialize_field("datacontenttype", "application/json")?;
        out.serialize_field("sequence", &event.sequence().to_string())?;
        let transaction = event.transaction().map(|transaction| transaction.id());
        attribute(&mut out, "transactionid", transaction.as_deref())?;
        attribute(&mut out, "correlationid", event.correlation_id())?;
        attribute(&mut out, "causationid", event.causation_id())?;
        attribute(&mut out, "actor", event.actor())?;
        attribute(&mut out, "producer", event.source())?;
        attribute(&mut out, "op", event.op().map(|op| op.letter()))?;
        attribute(&mut out, "store", event.store().map(|store| store.name()))?;
        attribute(&mut out, "table", event.table())?;
        match event.data_bytes() {
            Some(data) => out.serialize_field("data", &Json(data))?,
            None => out.serialize_field("data", &change(event).map_err(S::Error::custom)?)?,
        }
        out.end()
    }
}

fn change(event: &UnifiedEvent) -> headwater_primitives::Result<Change<'_>> {
    Ok(Change {
        before: event.before_bytes().map(|bytes| Json(bytes)),
        after: event.after_bytes().map(|bytes| Json(bytes)),
        changed_fields: event.changed_fields()?,
    })
}

/// Attributes must not be empty, so an empty one is left out.
fn attribute<S: SerializeStruct>(
    out: &mut S,
    name: &'static str,
    value: Option<&str>,
) -> Result<(), S::Error> {
    match value {
        Some("") | None => out.skip_field(name),
        Some(value) => out.serialize_field(name, value),
    }
}

fn subject(event: &UnifiedEvent) -> Option<String> {
    let (store, table, key) = (event.store()?, event.table()?, event.key()?);
    Some(match key {
        KeyRef::Json(bytes) => {
            let key = serde_json::to_string(&Json(bytes)).ok()?;
            format!("{store}/{table}/{key}")
        }
        key => format!("{store}/{table}/{key}"),
    })
}

/// A URI that names the namespace.
fn source(namespace: &str) -> String {
    let mut uri = String::from("urn:headwater:");
    for byte in namespace.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            uri.push(byte as char);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
