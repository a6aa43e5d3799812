//! Where a row's embedding is.

use headwater_primitives::rusqlite::ToSql;
use headwater_primitives::rusqlite::types::{ToSqlOutput, ValueRef};
use headwater_primitives::{Error, Result};

use crate::embedding;

/// Which of the embeddings that a row ever had: the version of the row when that one was moved to the
/// warm tier. Entries of the warm tier carry it, so what was written since makes them stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Generation(pub(crate) i64);

/// The embedding of a row, as its column says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Held {
    /// NULL: the row has none.
    Nothing,
    /// A blob: it is here.
    Hot(Vec<f32>),
    /// A number: it is in the warm tier, under the row's number and this generation.
    Warm(Generation),
    /// The same, and it was fetched from there.
    #[cfg_attr(not(feature = "lance"), allow(dead_code))]
    Fetched(Vec<f32>, Generation),
}

impl Held {
    /// Reads the column.
    pub(crate) fn read(column: ValueRef<'_>) -> Result<Held> {
        match column {
            ValueRef::Null => Ok(Held::Nothing),
            ValueRef::Blob(blob) => embedding::decode(blob).map(Held::Hot),
            ValueRef::Integer(generation) => Ok(Held::Warm(Generation(generation))),
            _ => Err(Error::corrupt("a row's embedding is neither a blob nor a generation")),
        }
    }

    /// The numbers, where they are here.
    pub(crate) fn values(&self) -> Option<&[f32]> {
        match self {
            Held::Hot(values) | Held::Fetched(values, _) => Some(values),
            Held::Nothing | Held::Warm(_) => None,
        }
    }

    /// The generation of an embedding in the warm tier.
    pub(crate) fn generation(&self) -> Option<Generation> {
        match self {
            Held::Warm(generation) | Held::Fetched(_, generation) => Some(*generation),
            Held::Nothing | Held::Hot(_) => None,
        }
    }

    /// Whether there is an embedding whose numbers are not here.
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(self, Held::Warm(_))
    }
}

impl ToSql for Generation {
    fn to_sql(&self) -> headwater_primitives::rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}
