//! From a record of the log to an event, without a copy.

use std::sync::Arc;

use bytes::Bytes;
use headwater_primitives::{Attributes, Error, Record, Result, Segment};

use super::{Body, EventTransaction, Origin, UnifiedEvent};
use crate::change::{EventKey, KeyRef, Store};
use crate::record::Payload;

#[derive(Clone, Debug)]
pub(crate) enum Key {
    Integer(i64),
    /// UTF-8, as was checked when the record was parsed.
    Text(Bytes),
    Json(Bytes),
}

impl UnifiedEvent {
    /// The event of `record`, which must be one of `segment`'s.
    pub(crate) fn of(
        origin: &Origin,
        segment: &Segment,
        record: &Record<'_>,
        attributes: Option<Arc<Attributes>>,
    ) -> Result<UnifiedEvent> {
        let share = |part: &[u8]| segment.share(part);
        let body = match Payload::parse(record.payload)? {
            Payload::Event { kind, data } => {
                Body::Published { kind: share(kind.as_bytes()), data: share(data) }
            }
            Payload::Change { op, key, row, before, after } => Body::Change {
                op,
                store: store_of(record.tag)?,
                tag: record.tag.clone(),
                key: match key {
                    KeyRef::Integer(key) => Key::Integer(key),
                    KeyRef::Text(key) => Key::Text(share(key.as_bytes())),
                    KeyRef::Json(key) => Key::Json(share(key)),
                },
                row,
                before: before.map(share),
                after: after.map(share),
            },
        };
        let unit = record.unit;
        Ok(UnifiedEvent {
            namespace: origin.namespace.clone(),
            epoch: origin.epoch,
            sequence: record.sequence,
            timestamp: record.timestamp,
            transaction: Some(EventTransaction {
                epoch: origin.epoch,
                first: unit.first,
                index: unit.index,
                total: unit.total,
            }),
            attributes,
            id: None,
            body,
        })
    }
}

impl Key {
    pub(super) fn as_ref(&self) -> KeyRef<'_> {
        match self {
            Key::Integer(key) => KeyRef::Integer(*key),
            Key::Text(key) => KeyRef::Text(text(key)),
            Key::Json(key) => KeyRef::Json(key),
        }
    }
}

impl From<EventKey> for Key {
    fn from(key: EventKey) -> Key {
        match key {
            EventKey::Integer(key) => Key::Integer(key),
            EventKey::Text(key) => Key::Text(String::from(key).into()),
            EventKey::Json(key) => Key::Json(Vec::from(key).into()),
        }
    }
}

/// The store that a tag names.
pub(crate) fn store_of(tag: &str) -> Result<Store> {
    let store = tag.split_once('/').and_then(|(store, _)| Store::named(store));
    store.ok_or_else(|| {
        Error::corrupt(format!("a record is filed under {tag:?}, which is no store"))
    })
}

pub(super) fn text(bytes: &[u8]) -> &str {
    // Only bytes that were `str` before come here.
    std::str::from_utf8(bytes).unwrap_or_default()
}
