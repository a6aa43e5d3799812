//! The unified event: one shape for every change of every store, and for what applications publish.

mod archived;
mod decode;
mod fields;
mod serial;

pub(crate) use decode::{Key, store_of};

use std::sync::Arc;

use bytes::Bytes;
use headwater_primitives::{Attributes, Error, Result, Sequence, Timestamp, derived_id, jsonb};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use crate::change::{KeyRef, Op, Store};
use crate::record::EVENT_TAG;
use decode::text;

/// One event of the change log. Cheap to clone: `before`, `after` and `data` are shared slices of the
/// segment that the event was read from, and are decoded only when they are asked for.
///
/// It serializes with the camelCase names of the event format; what an event does not have is left
/// out.
#[derive(Clone, Debug)]
pub struct UnifiedEvent {
    pub(crate) namespace: Arc<str>,
    pub(crate) epoch: u64,
    pub(crate) sequence: Sequence,
    pub(crate) timestamp: Timestamp,
    pub(crate) transaction: Option<EventTransaction>,
    pub(crate) attributes: Option<Arc<Attributes>>,
    /// Only where it cannot be derived: rows of a snapshot.
    pub(crate) id: Option<Uuid>,
    pub(crate) body: Body,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Change {
        op: Op,
        store: Store,
        /// `STORE/TABLE`, shared with the segment.
        tag: Arc<str>,
        key: Key,
        row: Option<i64>,
        before: Option<Bytes>,
        after: Option<Bytes>,
    },
    /// The type, which is UTF-8, and the data.
    Published { kind: Bytes, data: Bytes },
}

/// The commit that an event belongs to, and its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTransaction {
    /// The log epoch.
    pub epoch: u64,
    /// The sequence of the transaction's first event.
    pub first: Sequence,
    /// The event's place in the transaction, from 0.
    pub index: u32,
    /// How many events the transaction has.
    pub total: u32,
}

impl EventTransaction {
    /// Its stable id: `EPOCH-SEQUENCE`, the sequence being that of its first event.
    pub fn id(&self) -> String {
        format!("{}-{}", self.epoch, self.first)
    }
}

impl Serialize for EventTransaction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape {
            id: String,
            index: u32,
            total: u32,
        }
        Shape { id: self.id(), index: self.index, total: self.total }.serialize(serializer)
    }
}

impl UnifiedEvent {
    /// A UUIDv7 that is the same whenever the event is read. For rows of a snapshot it is new each
    /// time.
    pub fn id(&self) -> Uuid {
        self.id.unwrap_or_else(|| derived_id(self.timestamp, self.epoch, self.sequence.0))
    }

    /// Its type: `cdc.insert`, `cdc.update`, `cdc.delete` or `cdc.snapshot` for a store's change,
    /// else what the application called it.
    pub fn event_type(&self) -> &str {
        match &self.body {
            Body::Change { op, .. } => op.event_type(),
            Body::Published { kind, .. } => text(kind),
        }
    }

    /// When it was committed.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The namespace's name.
    pub fn ns(&self) -> &str {
        &self.namespace
    }

    /// Its place in the log. Rows of a snapshot have the sequence that the snapshot shows.
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// The commit that it belongs to; absent for rows of a snapshot.
    pub fn transaction(&self) -> Option<EventTransaction> {
        self.transaction
    }

    /// What the write belongs to, if its [`WriteOptions`](headwater_primitives::WriteOptions) said.
    pub fn correlation_id(&self) -> Option<&str> {
        self.attributes.as_ref()?.correlation_id.as_deref()
    }

    /// The event that made somebody write this, if its options said.
    pub fn causation_id(&self) -> Option<&str> {
        self.attributes.as_ref()?.causation_id.as_deref()
    }

    /// On whose behalf it was written, if its options said.
    pub fn actor(&self) -> Option<&str> {
        self.attributes.as_ref()?.actor.as_deref()
    }

    /// Which program or service wrote it, if its options said.
    pub fn source(&self) -> Option<&str> {
        self.attributes.as_ref()?.source.as_deref()
    }

    /// What happened to the row; absent for what an application published.
    pub fn op(&self) -> Option<Op> {
        match &self.body {
            Body::Change { op, .. } => Some(*op),
            Body::Published { .. } => None,
        }
    }

    /// The store whose row changed.
    pub fn store(&self) -> Option<Store> {
        match &self.body {
            Body::Change { store, .. } => Some(*store),
            Body::Published { .. } => None,
        }
    }

    /// The table, collection or graph whose row changed.
    pub fn table(&self) -> Option<&str> {
        match &self.body {
            Body::Change { store, tag, .. } => tag.get(store.name().len() + 1..),
            Body::Published { .. } => None,
        }
    }

    /// What it is filed under in the log.
    pub(crate) fn tag(&self) -> &str {
        match &self.body {
            Body::Change { tag, .. } => tag,
            Body::Published { .. } => EVENT_TAG,
        }
    }

    /// The key of the row that changed.
    pub fn key(&self) -> Option<KeyRef<'_>> {
        match &self.body {
            Body::Change { key, .. } => Some(key.as_ref()),
            Body::Published { .. } => None,
        }
    }

    /// The store's own number of the row, where the store gives one: the same as long as the row is
    /// there, and never used again. It is for indexes of the store, and in no JSON form.
    pub fn row(&self) -> Option<i64> {
        match &self.body {
            Body::Change { row, .. } => *row,
            Body::Published { .. } => None,
        }
    }

    /// The row as it was, as JSONB.
    pub fn before_bytes(&self) -> Option<&Bytes> {
        match &self.body {
            Body::Change { before, .. } => before.as_ref(),
            Body::Published { .. } => None,
        }
    }

    /// The row as it was written, as JSONB.
    pub fn after_bytes(&self) -> Option<&Bytes> {
        match &self.body {
            Body::Change { after, .. } => after.as_ref(),
            Body::Published { .. } => None,
        }
    }

    /// What an application published, as JSONB.
    pub fn data_bytes(&self) -> Option<&Bytes> {
        match &self.body {
            Body::Change { .. } => None,
            Body::Published { data, .. } => Some(data),
        }
    }

    /// The row as it was; `None` where there was none.
    ///
    /// # Errors
    /// `InvalidInput` with the field's path when the row is no `T`; `Corrupt`.
    pub fn before<'a, T: Deserialize<'a>>(&'a self) -> Result<Option<T>> {
        self.decode("before", self.before_bytes())
    }

    /// The row as it was written; `None` where it was deleted.
    ///
    /// # Errors
    /// As [`before`](Self::before).
    pub fn after<'a, T: Deserialize<'a>>(&'a self) -> Result<Option<T>> {
        self.decode("after", self.after_bytes())
    }

    /// What an application published; `None` for a store's change.
    ///
    /// # Errors
    /// As [`before`](Self::before).
    pub fn data<'a, T: Deserialize<'a>>(&'a self) -> Result<Option<T>> {
        self.decode("data", self.data_bytes())
    }

    /// [`before`](Self::before) as any JSON value.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn before_value(&self) -> Result<Option<Value>> {
        self.before()
    }

    /// [`after`](Self::after) as any JSON value.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn after_value(&self) -> Result<Option<Value>> {
        self.after()
    }

    /// [`data`](Self::data) as any JSON value.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn data_value(&self) -> Result<Option<Value>> {
        self.data()
    }

    /// The names of the top-level fields in which `after` differs from `before`, new and removed ones
    /// included; `None` unless the event has both. Derived each time.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn changed_fields(&self) -> Result<Option<Vec<String>>> {
        match (self.before_bytes(), self.after_bytes()) {
            (Some(before), Some(after)) => fields::changed(before, after).map(Some),
            _ => Ok(None),
        }
    }

    /// The event's rows: the event itself, unless it carries a batch.
    pub fn records(&self) -> impl Iterator<Item = Result<UnifiedEvent>> + '_ {
        std::iter::once_with(|| Ok(self.clone()))
    }

    /// The event as one line of JSON.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| self.damaged(Error::corrupt(error.to_string())))
    }

    fn decode<'a, T: Deserialize<'a>>(
        &self,
        what: &str,
        bytes: Option<&'a Bytes>,
    ) -> Result<Option<T>> {
        let Some(bytes) = bytes else { return Ok(None) };
        jsonb::from_slice(bytes).map(Some).map_err(|error| self.damaged(error.context(what)))
    }

    fn damaged(&self, error: Error) -> Error {
        error.context(format!("event {}", self.sequence))
    }
}

/// What all events of one log share.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) namespace: Arc<str>,
    pub(crate) epoch: u64,
}
