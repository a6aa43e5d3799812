//! Ids of rows in the stores: integers or text, one kind per collection.

use std::fmt;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::cache::RowKey;
use crate::error::{Error, Result};

/// Which ids a collection has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// 64-bit signed integers; the fastest.
    Integer,
    /// Text, compared by its bytes.
    Text,
}

impl IdKind {
    /// Its name, as catalogs and messages have it: `integer` or `text`.
    pub fn name(self) -> &'static str {
        match self {
            IdKind::Integer => "integer",
            IdKind::Text => "text",
        }
    }

    /// The kind of that name.
    ///
    /// # Errors
    /// `Corrupt` when there is none.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "integer" => Ok(IdKind::Integer),
            "text" => Ok(IdKind::Text),
            other => Err(Error::corrupt(format!("unknown id kind {other:?} in the catalog"))),
        }
    }
}

/// The id of a row, such as a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordId {
    /// An integer.
    Integer(i64),
    /// Text.
    Text(Box<str>),
}

impl RecordId {
    /// Its kind.
    pub fn kind(&self) -> IdKind {
        match self {
            RecordId::Integer(_) => IdKind::Integer,
            RecordId::Text(_) => IdKind::Text,
        }
    }

    /// The id as a key of the row cache.
    pub fn row_key(&self) -> RowKey<'_> {
        match self {
            RecordId::Integer(id) => RowKey::Integer(*id),
            RecordId::Text(id) => RowKey::Text(id),
        }
    }

    /// Reads an id as it is stored.
    ///
    /// # Errors
    /// `Corrupt` when the value is neither an integer nor text.
    pub fn from_sql(value: ValueRef<'_>) -> Result<Self> {
        match value {
            ValueRef::Integer(id) => Ok(RecordId::Integer(id)),
            ValueRef::Text(id) => std::str::from_utf8(id)
                .map(|id| RecordId::Text(id.into()))
                .map_err(|_| Error::corrupt("an id is not UTF-8")),
            other => Err(Error::corrupt(format!("an id is {}", other.data_type()))),
        }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordId::Integer(id) => id.fmt(f),
            RecordId::Text(id) => write!(f, "{id:?}"),
        }
    }
}

impl From<i64> for RecordId {
    fn from(id: i64) -> Self {
        RecordId::Integer(id)
    }
}

impl From<&str> for RecordId {
    fn from(id: &str) -> Self {
        RecordId::Text(id.into())
    }
}

impl From<String> for RecordId {
    fn from(id: String) -> Self {
        RecordId::Text(id.into())
    }
}

impl Serialize for RecordId {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            RecordId::Integer(id) => serializer.serialize_i64(*id),
            RecordId::Text(id) => serializer.serialize_str(id),
        }
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = RecordId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id: an integer or text")
    }

    fn visit_i64<E: de::Error>(self, id: i64) -> std::result::Result<RecordId, E> {
        Ok(RecordId::Integer(id))
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> std::result::Result<RecordId, E> {
        id.to_id().map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, id: &str) -> std::result::Result<RecordId, E> {
        id.to_id().map_err(E::custom)
    }
}

impl ToSql for RecordId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            RecordId::Integer(id) => ToSqlOutput::Borrowed(ValueRef::Integer(*id)),
            RecordId::Text(id) => ToSqlOutput::Borrowed(ValueRef::Text(id.as_bytes())),
        })
    }
}

/// What can be the id of a row.
pub trait ToId {
    /// The kind of all ids of this type; `None` when a value decides.
    const KIND: Option<IdKind>;

    /// The id.
    ///
    /// # Errors
    /// `InvalidInput` when the value cannot be an id, such as an integer above `i64::MAX`.
    fn to_id(&self) -> Result<RecordId>;
}

impl<T: ToId + ?Sized> ToId for &T {
    const KIND: Option<IdKind> = T::KIND;

    fn to_id(&self) -> Result<RecordId> {
        (**self).to_id()
    }
}

impl ToId for RecordId {
    const KIND: Option<IdKind> = None;

    fn to_id(&self) -> Result<RecordId> {
        Ok(self.clone())
    }
}

impl ToId for str {
    const KIND: Option<IdKind> = Some(IdKind::Text);

    fn to_id(&self) -> Result<RecordId> {
        if self.len() > MAX_TEXT {
            return Err(Error::invalid(format!(
                "id of {} bytes: ids have at most {MAX_TEXT}",
                self.len()
            )));
        }
        Ok(RecordId::Text(self.into()))
    }
}

impl ToId for String {
    const KIND: Option<IdKind> = Some(IdKind::Text);

    fn to_id(&self) -> Result<RecordId> {
        self.as_str().to_id()
    }
}

impl ToId for Uuid {
    const KIND: Option<IdKind> = Some(IdKind::Text);

    fn to_id(&self) -> Result<RecordId> {
        Ok(RecordId::Text(self.hyphenated().to_string().into()))
    }
}

/// The longest text id, in bytes.
const MAX_TEXT: usize = 1024;

macro_rules! integer_ids {
    ($($integer:ty),*) => {$(
        impl ToId for $integer {
            const KIND: Option<IdKind> = Some(IdKind::Integer);

            fn to_id(&self) -> Result<RecordId> {
                i64::try_from(*self).map(RecordId::Integer).map_err(|_| {
                    Error::invalid(format!("id {self}: integer ids end at {}", i64::MAX))
                })
            }
        }
    )*};
}

integer_ids!(i8, i16, i32, i64, u8, u16, u32, u64, isize, usize);

impl ToId for serde_json::Value {
    const KIND: Option<IdKind> = None;

    fn to_id(&self) -> Result<RecordId> {
        match self {
            serde_json::Value::String(id) => id.to_id(),
            serde_json::Value::Number(id) => match (id.as_i64(), id.as_u64()) {
                (Some(id), _) => id.to_id(),
                (None, Some(id)) => id.to_id(),
                (None, None) => Err(Error::invalid(format!("id {id}: ids are integers or text"))),
            },
            other => Err(Error::invalid(format!("id {other}: ids are integers or text"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written_and_nothing_else_is_an_id() {
        for id in [RecordId::Integer(-3), RecordId::Text("a".into())] {
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<RecordId>(&json).unwrap(), id);
        }
        for json in ["18446744073709551615", "1.5", "null", "[1]", "true"] {
            assert!(serde_json::from_str::<RecordId>(json).is_err(), "{json}");
        }
    }
}
