//! One store's table: its statements, and what they do on a connection.

use rusqlite::{Connection, Row, params};

use crate::error::{Error, Result};
use crate::kv::pages::{PAGE_BYTES, Page};
use crate::kv::{Batch, Direction, KeyRange, Operation};

/// The statements of the table of one store. They are the same text each time, so that every
/// connection prepares each of them once.
pub(super) struct Table {
    get: String,
    put: String,
    delete: String,
    /// By direction, then by whether the range has an end.
    scans: [[String; 2]; 2],
}

impl Table {
    /// The statements of the store with this number in the catalog.
    pub(super) fn new(id: i64) -> Self {
        let table = format!("kv_{id}");
        let scan = |end: &str, order: &str| {
            format!("SELECT key, value FROM {table} WHERE key >= ?1{end} ORDER BY key{order}")
        };
        Table {
            get: format!("SELECT value FROM {table} WHERE key = ?1"),
            put: format!(
                "INSERT INTO {table}(key, value) VALUES (?1, ?2) \
                 ON CONFLICT(key) DO UPDATE SET value = excluded.value"
            ),
            delete: format!("DELETE FROM {table} WHERE key = ?1"),
            scans: [
                [scan("", ""), scan(" AND key < ?2", "")],
                [scan("", " DESC"), scan(" AND key < ?2", " DESC")],
            ],
        }
    }

    /// The statement that makes the table.
    pub(super) fn create(id: i64) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS kv_{id}\
             (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID"
        )
    }

    pub(super) fn get(&self, sql: &Connection, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut statement = sql.prepare_cached(&self.get)?;
        let mut rows = statement.query(params![key])?;
        rows.next()?.map(|row| blob(row, 0)).transpose()
    }

    pub(super) fn put(&self, sql: &Connection, key: &[u8], value: &[u8]) -> Result<()> {
        sql.prepare_cached(&self.put)?.execute(params![key, value])?;
        Ok(())
    }

    pub(super) fn delete(&self, sql: &Connection, key: &[u8]) -> Result<()> {
        sql.prepare_cached(&self.delete)?.execute(params![key])?;
        Ok(())
    }

    pub(super) fn apply(&self, sql: &Connection, batch: &Batch) -> Result<()> {
        batch.operations().iter().try_for_each(|operation| match operation {
            Operation::Put { key, value } => self.put(sql, key, value),
            Operation::Delete { key } => self.delete(sql, key),
        })
    }

    /// At most `limit` entries of `range`, and not many more bytes than a page may hold.
    pub(super) fn page(
        &self,
        sql: &Connection,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Page> {
        let by_end = &self.scans[usize::from(direction == Direction::Backward)];
        let mut statement = sql.prepare_cached(&by_end[usize::from(range.end().is_some())])?;
        let mut rows = match range.end() {
            Some(end) => statement.query(params![range.start(), end])?,
            None => statement.query(params![range.start()])?,
        };
        let mut entries = Vec::with_capacity(limit);
        let mut bytes = 0;
        while entries.len() < limit && bytes < PAGE_BYTES {
            let Some(row) = rows.next()? else {
                return Ok(Page { entries, more: false });
            };
            let entry = (blob(row, 0)?, blob(row, 1)?);
            bytes += entry.0.len() + entry.1.len();
            entries.push(entry);
        }
        Ok(Page { entries, more: true })
    }
}

fn blob(row: &Row<'_>, column: usize) -> Result<Vec<u8>> {
    match row.get_ref(column)?.as_blob() {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(error) => {
            let table = "a key-value table of hot.db holds something other than a blob";
            Err(Error::corrupt(format!("{table}: {error}")).with_source(error))
        }
    }
}
