//! What a store says when it changes a row: operation, store, table, key, and both images.

use std::fmt;

use headwater_primitives::{Error, RecordId, Result, jsonb};
use serde::{Deserialize, Serialize, Serializer};

use crate::json::Json;

/// What happened to a row. Serialized as Debezium's letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Op {
    /// It was made (`c`).
    #[serde(rename = "c")]
    Create,
    /// It was changed or replaced (`u`).
    #[serde(rename = "u")]
    Update,
    /// It was removed (`d`).
    #[serde(rename = "d")]
    Delete,
    /// It was there when a snapshot was taken (`r`). Never written to the log.
    #[serde(rename = "r")]
    Read,
}

impl Op {
    /// All of them.
    pub const ALL: [Op; 4] = [Op::Create, Op::Update, Op::Delete, Op::Read];

    /// Its letter: `c`, `u`, `d` or `r`.
    pub fn letter(self) -> &'static str {
        match self {
            Op::Create => "c",
            Op::Update => "u",
            Op::Delete => "d",
            Op::Read => "r",
        }
    }

    /// The `type` of its events: `cdc.insert`, `cdc.update`, `cdc.delete` or `cdc.snapshot`.
    pub fn event_type(self) -> &'static str {
        match self {
            Op::Create => "cdc.insert",
            Op::Update => "cdc.update",
            Op::Delete => "cdc.delete",
            Op::Read => "cdc.snapshot",
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letter())
    }
}

impl std::str::FromStr for Op {
    type Err = Error;

    fn from_str(text: &str) -> Result<Op> {
        let found = Op::ALL.into_iter().find(|op| op.letter() == text);
        found.ok_or_else(|| Error::invalid(format!("operation {text:?} is none of c, u, d, r")))
    }
}

/// Which store a change comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Store {
    /// Documents.
    Document,
    /// Nodes and edges.
    Graph,
    /// SQL tables of the application's own.
    Relational,
    /// Batches of columns.
    Columnar,
    /// Points in time.
    Timeseries,
    /// Embeddings.
    Vector,
    /// Large objects.
    Blob,
    /// Topics.
    Stream,
    /// Durable executions.
    Workflow,
}

impl Store {
    /// All of them.
    pub const ALL: [Store; 9] = [
        Store::Document,
        Store::Graph,
        Store::Relational,
        Store::Columnar,
        Store::Timeseries,
        Store::Vector,
        Store::Blob,
        Store::Stream,
        Store::Workflow,
    ];

    /// Its name in events, such as `document`.
    pub fn name(self) -> &'static str {
        match self {
            Store::Document => "document",
            Store::Graph => "graph",
            Store::Relational => "relational",
            Store::Columnar => "columnar",
            Store::Timeseries => "timeseries",
            Store::Vector => "vector",
            Store::Blob => "blob",
            Store::Stream => "stream",
            Store::Workflow => "workflow",
        }
    }

    /// The store whose name is `name`.
    pub(crate) fn named(name: &str) -> Option<Store> {
        Store::ALL.into_iter().find(|store| store.name() == name)
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Store {
    type Err = Error;

    fn from_str(text: &str) -> Result<Store> {
        Store::named(text).ok_or_else(|| {
            let names = Store::ALL.map(Store::name).join(", ");
            Error::invalid(format!("store {text:?} is none of {names}"))
        })
    }
}

/// The key of a changed row, borrowed. Serialized as the JSON value that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRef<'a> {
    /// A number.
    Integer(i64),
    /// A text.
    Text(&'a str),
    /// Anything else, as JSONB: a tuple is an array.
    Json(&'a [u8]),
}

impl KeyRef<'_> {
    /// The key with bytes of its own.
    pub fn to_owned(self) -> EventKey {
        match self {
            KeyRef::Integer(key) => EventKey::Integer(key),
            KeyRef::Text(key) => EventKey::Text(key.into()),
            KeyRef::Json(key) => EventKey::Json(key.into()),
        }
    }
}

impl<'a> From<&'a RecordId> for KeyRef<'a> {
    fn from(id: &'a RecordId) -> Self {
        match id {
            RecordId::Integer(id) => KeyRef::Integer(*id),
            RecordId::Text(id) => KeyRef::Text(id),
        }
    }
}

impl fmt::Display for KeyRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyRef::Integer(key) => key.fmt(f),
            KeyRef::Text(key) => key.fmt(f),
            KeyRef::Json(key) => f.write_str(&jsonb::to_json(key).map_err(|_| fmt::Error)?),
        }
    }
}

impl Serialize for KeyRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            KeyRef::Integer(key) => serializer.serialize_i64(*key),
            KeyRef::Text(key) => serializer.serialize_str(key),
            KeyRef::Json(key) => Json(key).serialize(serializer),
        }
    }
}

/// The key of a row, owned. Ordered as a store pages through its rows: integers before texts before
/// other values; integers by number, the rest by bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKey {
    /// A number.
    Integer(i64),
    /// A text.
    Text(Box<str>),
    /// Anything else, as JSONB.
    Json(Box<[u8]>),
}

impl EventKey {
    /// The key, borrowed.
    pub fn as_ref(&self) -> KeyRef<'_> {
        match self {
            EventKey::Integer(key) => KeyRef::Integer(*key),
            EventKey::Text(key) => KeyRef::Text(key),
            EventKey::Json(key) => KeyRef::Json(key),
        }
    }

    /// Bytes that are ordered as the keys are.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let (sort, bytes) = match self {
            EventKey::Integer(key) => (0, &((*key ^ i64::MIN) as u64).to_be_bytes()[..]),
            EventKey::Text(key) => (1, key.as_bytes()),
            EventKey::Json(key) => (2, &**key),
        };
        [&[sort], bytes].concat()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<EventKey> {
        let damaged = || Error::corrupt("a cursor's snapshot key is damaged");
        match bytes.split_first().ok_or_else(damaged)? {
            (0, key) => {
                let key = u64::from_be_bytes(key.try_into().map_err(|_| damaged())?);
                Ok(EventKey::Integer(key as i64 ^ i64::MIN))
            }
            (1, key) => Ok(EventKey::Text(std::str::from_utf8(key).map_err(|_| damaged())?.into())),
            (2, key) => Ok(EventKey::Json(key.into())),
            _ => Err(damaged()),
        }
    }
}

/// One changed row, as a store tells it to [`ChangeLog::record`](crate::ChangeLog::record).
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// What happened.
    pub op: Op,
    /// Which store.
    pub store: Store,
    /// Which of the store's collections, graphs or tables.
    pub table: &'a str,
    /// Which row.
    pub key: KeyRef<'a>,
    /// The store's own number of the row, for indexes of the store that address rows by it.
    pub row: Option<i64>,
    /// The row as it was, as JSONB; absent for [`Op::Create`].
    pub before: Option<&'a [u8]>,
    /// The row as it is now, as JSONB; absent for [`Op::Delete`].
    pub after: Option<&'a [u8]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_key_come_back_and_are_ordered_as_the_keys_are() {
        let texts = ["", "a", "ab", "b"].map(|key| EventKey::Text(key.into()));
        let mut keys = [i64::MIN, -1, 0, 1, i64::MAX].map(EventKey::Integer).to_vec();
        keys.extend(texts);
        keys.push(EventKey::Json(vec![0x0b].into()));
        assert!(keys.is_sorted());
        assert!(keys.iter().map(EventKey::to_bytes).is_sorted());
        for key in keys {
            assert_eq!(EventKey::from_bytes(&key.to_bytes()).unwrap(), key);
        }
        assert!(EventKey::from_bytes(&[]).is_err());
        assert!(EventKey::from_bytes(&[0, 1]).is_err());
    }
}
