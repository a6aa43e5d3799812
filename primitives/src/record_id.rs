//! Document ids: integers or text, one kind per collection.

use std::fmt;

use headwater_cdc::KeyRef;
use headwater_primitives::rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use headwater_primitives::{Error, Result, RowKey};
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// Which ids a collection has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdKind {
    /// 64-bit signed integers; the fastest.
    Integer,
    /// Text, compared by its bytes.
    Text,
}

impl IdKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            IdKind::Integer => "integer",
            IdKind::Text => "text",
        }
    }

    pub(crate) fn from_name(name: &str) -> Result<Self> {
        match name {
            "integer" => Ok(IdKind::Integer),
            "text" => Ok(IdKind::Text),
            other => Err(Error::corrupt(format!("unknown id kind {other:?} in the catalog"))),
        }
    }
}

/// The id of a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentId {
    /// An integer.
    Integer(i64),
    /// Text.
    Text(Box<str>),
}

impl DocumentId {
    /// Its kind.
    pub fn kind(&self) -> IdKind {
        match self {
            DocumentId::Integer(_) => IdKind::Integer,
            DocumentId::Text(_) => IdKind::Text,
        }
    }

    pub(crate) fn row_key(&self) -> RowKey<'_> {
        match self {
            DocumentId::Integer(id) => RowKey::Integer(*id),
            DocumentId::Text(id) => RowKey::Text(id),
        }
    }

    pub(crate) fn event_key(&self) -> KeyRef<'_> {
        match self {
            DocumentId::Integer(id) => KeyRef::Integer(*id),
            DocumentId::Text(id) => KeyRef::Text(id),
        }
    }

    pub(crate) fn from_sql(value: ValueRef<'_>) -> Result<Self> {
        match value {
            ValueRef::Integer(id) => Ok(DocumentId::Integer(id)),
            ValueRef::Text(id) => std::str::from_utf8(id)
                .map(|id| DocumentId::Text(id.into()))
                .map_err(|_| Error::corrupt("a document's id is not UTF-8")),
            other => Err(Error::corrupt(format!("a document's id is {}", other.data_type()))),
        }
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DocumentId::Integer(id) => id.fmt(f),
            DocumentId::Text(id) => write!(f, "{id:?}"),
        }
    }
}

impl Serialize for DocumentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            DocumentId::Integer(id) => serializer.serialize_i64(*id),
            DocumentId::Text(id) => serializer.serialize_str(id),
        }
    }
}

impl ToSql for DocumentId {
    fn to_sql(&self) -> headwater_primitives::rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            DocumentId::Integer(id) => ToSqlOutput::Borrowed(ValueRef::Integer(*id)),
            DocumentId::Text(id) => ToSqlOutput::Borrowed(ValueRef::Text(id.as_bytes())),
        })
    }
}

/// What can be a document's id.
pub trait ToId {
    /// The kind of all ids of this type; `None` when a value decides.
    const KIND: Option<IdKind>;

    /// The id.
    ///
    /// # Errors
    /// `InvalidInput` when the value cannot be an id, such as an integer above `i64::MAX`.
    fn to_id(&self) -> Result<DocumentId>;
}

impl<T: ToId + ?Sized> ToId for &T {
    const KIND: Option<IdKind> = T::KIND;

    fn to_id(&self) -> Result<DocumentId> {
        (**self).to_id()
    }
}

impl ToId for DocumentId {
    const KIND: Option<IdKind> = None;

    fn to_id(&self) -> Result<DocumentId> {
        Ok(self.clone())
    }
}

impl ToId for str {
    const KIND: Option<IdKind> = Some(IdKind::Text);

    fn to_id(&self) -> Result<DocumentId> {
        if self.len() > MAX_TEXT {
            return Err(Error::invalid(format!(
                "document id of {} bytes: ids have at most {MAX_TEXT}",
                self.len()
            )));
        }
        Ok(DocumentId::Text(self.into()))
    }
}

impl ToId for String {
    const KIND: Option<IdKind> = Some(IdKind::Text);

    fn to_id(&self) -> Result<DocumentId> {
        self.as_str().to_id()
    }
}

impl ToId for Uuid {
    const KIND: Option<IdKind> = Some(IdKind::Text);

    fn to_id(&self) -> Result<DocumentId> {
        Ok(DocumentId::Text(self.hyphenated().to_string().into()))
    }
}

/// The longest text id, in bytes.
const MAX_TEXT: usize = 1024;

macro_rules! integer_ids {
    ($($integer:ty),*) => {$(
        impl ToId for $integer {
            const KIND: Option<IdKind> = Some(IdKind::Integer);

            fn to_id(&self) -> Result<DocumentId> {
                i64::try_from(*self).map(DocumentId::Integer).map_err(|_| {
                    Error::invalid(format!("document id {self}: integer ids end at {}", i64::MAX))
                })
            }
        }
    )*};
}

integer_ids!(i8, i16, i32, i64, u8, u16, u32, u64, isize, usize);

impl ToId for serde_json::Value {
    const KIND: Option<IdKind> = None;

    fn to_id(&self) -> Result<DocumentId> {
        match self {
            serde_json::Value::String(id) => id.to_id(),
            serde_json::Value::Number(id) => match (id.as_i64(), id.as_u64()) {
                (Some(id), _) => id.to_id(),
                (None, Some(id)) => id.to_id(),
                (None, None) => {
                    Err(Error::invalid(format!("document id {id}: ids are integers or text")))
                }
            },
            other => Err(Error::invalid(format!("document id {other}: ids are integers or text"))),
        }
    }
}
