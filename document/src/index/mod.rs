//! Secondary indexes: tables of our own, so that they can be built while writers go on.

mod build;
mod entries;

pub use build::{BuildProgress, IndexBuild};

pub(crate) use build::{Interrupted, drop_index};
pub(crate) use entries::{IndexChange, show};

use std::sync::Arc;

use headwater_primitives::filter::Path;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Error, Result};

use crate::document::Uniqueness;

/// One index of a collection.
///
/// Its table holds one entry per value and row. The value is the key codec's form of what is at the
/// path, so the table's order is the order of values; an array has an entry for each element and
/// one for itself.
pub(crate) struct Index {
    pub(crate) number: u32,
    pub(crate) path: Path,
    pub(crate) text: String,
    pub(crate) uniqueness: Uniqueness,
    /// Whether every row is in it.
    pub(crate) ready: bool,
    /// `document_index_N`.
    pub(crate) table: String,
    insert: String,
    remove: String,
    other: String,
}

impl Index {
    pub(crate) fn new(number: u32, path: &str, uniqueness: Uniqueness, ready: bool) -> Result<Self> {
        let table = format!("document_index_{number}");
        Ok(Index {
            number,
            path: Path::parse(path)?,
            text: path.to_owned(),
            uniqueness,
            ready,
            insert: format!("INSERT OR IGNORE INTO {table}(value, row) VALUES (?, ?)"),
            remove: format!("DELETE FROM {table} WHERE value = ? AND row = ?"),
            other: format!("SELECT row FROM {table} WHERE value = ? AND row IS NOT ? LIMIT 1"),
            table,
        })
    }

    /// The indexes of the collection `collection`, as `connection` sees them.
    pub(crate) fn load_all(connection: &Connection, collection: u32) -> Result<Vec<Arc<Index>>> {
        let mut statement = connection.prepare_cached(
            "SELECT id, path, is_unique, built_to IS NULL FROM document_indexes \
             WHERE collection = ? ORDER BY id",
        )?;
        let mut rows = statement.query([collection])?;
        let mut indexes = Vec::new();
        while let Some(row) = rows.next()? {
            let path: String = row.get(1)?;
            let uniqueness = if row.get(2)? { Uniqueness::Unique } else { Uniqueness::Many };
            let index = Index::new(row.get(0)?, &path, uniqueness, row.get(3)?)
                .map_err(|error| Error::corrupt(format!("catalog of indexes: {error}")))?;
            indexes.push(Arc::new(index));
        }
        Ok(indexes)
    }
}

/// What a user sees of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexInfo {
    /// The dotted path.
    pub path: String,
    /// Whether values are unique.
    pub uniqueness: Uniqueness,
    /// Whether it is complete; queries use it only then.
    pub ready: bool,
}
