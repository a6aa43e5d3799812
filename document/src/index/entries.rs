//! Keeping index entries in step with rows.

use std::sync::{Arc, LazyLock};

use headwater_primitives::filter::index_entries;
use headwater_primitives::jsonb::View;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Error, ErrorKind, Result, Transaction, key};

use super::Index;
use crate::catalog::Table;
use crate::document::Uniqueness;
use crate::id::DocumentId;

/// The key codec's null: not a value that unique indexes compare.
static NULL_VALUE: LazyLock<Vec<u8>> = LazyLock::new(|| key::encode(&[key::Value::Null]));

/// What a write changes in the indexes of its table, found out and checked before the row is
/// touched, so that a refused write has changed nothing.
pub(crate) struct IndexChange {
    changed: Vec<Changed>,
}

struct Changed {
    index: Arc<Index>,
    gone: Vec<Vec<u8>>,
    new: Vec<Vec<u8>>,
    several: bool,
}

impl IndexChange {
    /// The way from `before` to `after`, either of which may be absent. `row` is that of `before`.
    ///
    /// # Errors
    /// `AlreadyExists` when a unique value is that of another row, one that is not past its end.
    pub(crate) fn between(
        tx: &Transaction<'_>,
        table: &Table,
        row: Option<i64>,
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> Result<IndexChange> {
        let indexes = table.indexes();
        let mut changed = Vec::with_capacity(indexes.len());
        for index in indexes.iter() {
            let mut gone = before.map_or_else(|| Ok(Vec::new()), |body| index.entries_of(body))?;
            let mut new = after.map_or_else(|| Ok(Vec::new()), |body| index.entries_of(body))?;
            let several = new.len() > 1;
            let kept: Vec<_> = gone.iter().filter(|value| new.contains(value)).cloned().collect();
            gone.retain(|value| !kept.contains(value));
            new.retain(|value| !kept.contains(value));
            for value in &new {
                index.check_free(tx, table, value, row)?;
            }
            changed.push(Changed { index: index.clone(), gone, new, several });
        }
        Ok(IndexChange { changed })
    }

    /// Makes the change for the row `row`.
    pub(crate) fn apply(&self, connection: &Connection, row: i64) -> Result<()> {
        for Changed { index, gone, new, several } in &self.changed {
            if *several {
                index.note_multi(connection)?;
            }
            for value in gone {
                connection.prepare_cached(&index.remove)?.execute((value, row))?;
            }
            for value in new {
                index.add(connection, value, row)?;
            }
        }
        Ok(())
    }
}

impl Index {
    /// The entries that a document has in this index.
    pub(crate) fn entries_of(&self, body: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut entries = Vec::new();
        index_entries(View::parse(body)?, &self.path, &mut entries)?;
        Ok(entries)
    }

    /// Adds one entry.
    pub(crate) fn add(&self, connection: &Connection, value: &[u8], row: i64) -> Result<()> {
        connection.prepare_cached(&self.insert)?.execute((value, row))?;
        Ok(())
    }

    /// Refuses a value that another row than `row` has, if the index is unique.
    pub(crate) fn check_free(
        &self,
        tx: &Transaction<'_>,
        table: &Table,
        value: &[u8],
        row: Option<i64>,
    ) -> Result<()> {
        if self.uniqueness == Uniqueness::Many || value == NULL_VALUE.as_slice() {
            return Ok(());
        }
        let mut statement = tx.sql().prepare_cached(&self.other)?;
        let mut others = statement.query((value, row))?;
        while let Some(other) = others.next()? {
            let other = other.get(0)?;
            // One that is past its end no longer counts, though the sweep has not come yet.
            if table.is_live(tx.sql(), other, tx.now())? {
                return Err(self.taken(tx.sql(), table, value, other));
            }
        }
        Ok(())
    }

    fn taken(&self, connection: &Connection, table: &Table, value: &[u8], other: i64) -> Error {
        let select = format!("SELECT id FROM {} WHERE {} = ?", table.sql.table, table.sql.row);
        let owner = connection
            .query_row(&select, [other], |row| Ok(DocumentId::from_sql(row.get_ref(0)?)))
            .ok()
            .and_then(Result::ok)
            .map_or_else(|| "another document".to_owned(), |id| format!("document {id}"));
        Error::new(
            ErrorKind::AlreadyExists,
            format!(
                "collection {:?}: {} at {:?} is taken by {owner}, and the index is unique",
                table.name,
                show(value),
                self.text
            ),
        )
    }
}

/// An index value as people write it.
pub(crate) fn show(value: &[u8]) -> String {
    match key::decode(value).ok().and_then(|mut parts| parts.pop()) {
        Some(key::Value::Text(text)) => format!("{text:?}"),
        Some(key::Value::Int(number)) => number.to_string(),
        Some(key::Value::Float(number)) => number.to_string(),
        Some(key::Value::Bool(value)) => value.to_string(),
        Some(key::Value::Null) => "null".to_owned(),
        _ => "this value".to_owned(),
    }
}
