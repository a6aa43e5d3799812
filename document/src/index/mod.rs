//! Secondary indexes: tables of our own, so that they can be built while writers go on.

mod build;
mod entries;

pub use build::{BuildProgress, IndexBuild};

pub(crate) use build::{Interrupted, create_within, drop_index_wait};
pub(crate) use entries::{IndexChange, show};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use headwater_primitives::filter::{Entries, Path};
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
    ready: AtomicBool,
    /// Whether a document ever had more than one entry, as far as anybody can see.
    multi: AtomicBool,
    /// Whether the catalog says so, committed.
    multi_stored: bool,
    /// `document_index_N`.
    pub(crate) table: String,
    insert: String,
    remove: String,
    other: String,
}

impl Index {
    pub(crate) fn new(
        number: u32,
        path: &str,
        uniqueness: Uniqueness,
        ready: bool,
    ) -> Result<Self> {
        let table = format!("document_index_{number}");
        Ok(Index {
            number,
            path: Path::parse(path)?,
            text: path.to_owned(),
            uniqueness,
            ready: AtomicBool::new(ready),
            multi: AtomicBool::new(false),
            multi_stored: false,
            insert: format!("INSERT OR IGNORE INTO {table}(value, row) VALUES (?, ?)"),
            remove: format!("DELETE FROM {table} WHERE value = ? AND row = ?"),
            other: format!("SELECT row FROM {table} WHERE value = ? AND row IS NOT ?"),
            table,
        })
    }

    /// Whether every row is in it, and that is committed.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }

    /// Lets queries use it.
    fn set_ready(&self) {
        self.ready.store(true, Ordering::SeqCst);
    }

    /// What a document has at most in this index: with one entry, ranges can be closed on both sides.
    pub(crate) fn entries(&self) -> Entries {
        if self.multi.load(Ordering::SeqCst) { Entries::Many } else { Entries::One }
    }

    /// Takes note that a document has several entries. Readers know at once, which is never wrong;
    /// the catalog knows with the commit.
    fn note_multi(&self, connection: &Connection) -> Result<()> {
        self.multi.store(true, Ordering::SeqCst);
        if !self.multi_stored {
            connection
                .prepare_cached(
                    "UPDATE document_indexes SET is_multi = 1 WHERE id = ? AND is_multi = 0",
                )?
                .execute([self.number])?;
        }
        Ok(())
    }

    /// The indexes of the collection `collection`, as `connection` sees them.
    pub(crate) fn load_all(connection: &Connection, collection: u32) -> Result<Vec<Arc<Index>>> {
        let mut statement = connection.prepare_cached(
            "SELECT id, path, is_unique, built_to IS NULL, is_multi FROM document_indexes \
             WHERE collection = ? ORDER BY id",
        )?;
        let mut rows = statement.query([collection])?;
        let mut indexes = Vec::new();
        while let Some(row) = rows.next()? {
            let path: String = row.get(1)?;
            let uniqueness = if row.get(2)? { Uniqueness::Unique } else { Uniqueness::Many };
            let mut index = Index::new(row.get(0)?, &path, uniqueness, row.get(3)?)
                .map_err(|error| Error::corrupt(format!("catalog of indexes: {error}")))?;
            index.multi_stored = row.get(4)?;
            index.multi = AtomicBool::new(index.multi_stored);
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
