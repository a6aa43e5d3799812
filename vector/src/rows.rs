//! Rows as they are stored: by id, by number, and in the order of their numbers.

use headwater_primitives::rusqlite::{Connection, OptionalExtension, Row as SqlRow};
use headwater_primitives::{Error, RecordId, Result, Sequence};

use crate::embedding::Embedding;
use crate::table::{COLUMNS, Table};
use crate::warm::Held;

/// A row as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredRow {
    /// Its number: the same as long as it is there, and never used again.
    pub(crate) row: i64,
    pub(crate) id: RecordId,
    pub(crate) version: Sequence,
    pub(crate) embedding: Held,
    pub(crate) text: Option<String>,
    /// A JSONB object.
    pub(crate) metadata: Vec<u8>,
}

impl StoredRow {
    /// Reads [`COLUMNS`].
    pub(crate) fn read(row: &SqlRow<'_>) -> Result<StoredRow> {
        let metadata =
            row.get_ref(4)?.as_blob().map_err(|_| Error::corrupt("a row's metadata is no blob"))?;
        Ok(StoredRow {
            row: row.get(0)?,
            id: RecordId::from_sql(row.get_ref(1)?)?,
            version: Sequence(row.get::<_, i64>(2)? as u64),
            text: text_of(row, 3)?.map(str::to_owned),
            metadata: metadata.to_vec(),
            embedding: Held::read(row.get_ref(5)?)?,
        })
    }

    /// Whether its numbers are here and those of `embedding`.
    pub(crate) fn has(&self, embedding: &Embedding) -> bool {
        self.embedding.values().is_some_and(|values| embedding.is(values))
    }

    /// Bytes that it takes in memory, nearly.
    pub(crate) fn bytes(&self) -> usize {
        let embedding = self.embedding.values().map_or(0, |values| values.len() * 4);
        embedding + self.text.as_ref().map_or(0, String::len) + self.metadata.len() + 64
    }
}

fn text_of<'r>(row: &'r SqlRow<'_>, column: usize) -> Result<Option<&'r str>> {
    let text = row.get_ref(column)?.as_str_or_null();
    text.map_err(|_| Error::corrupt("a row's text is not UTF-8 text"))
}

/// The row under `id`.
pub(crate) fn find(sql: &Connection, table: &Table, id: &RecordId) -> Result<Option<StoredRow>> {
    let mut statement = sql.prepare_cached(&table.sql.by_id)?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(StoredRow::read).transpose()
}

/// The row with the number `row`.
pub(crate) fn fetch(sql: &Connection, table: &Table, row: i64) -> Result<Option<StoredRow>> {
    let mut statement = sql.prepare_cached(&table.sql.by_row)?;
    let mut rows = statement.query([row])?;
    rows.next()?.map(StoredRow::read).transpose()
}

/// Rows with numbers above `after`, in their order: at most `limit_rows`, and no more once they
/// have `limit_bytes`.
pub(crate) fn scan_after(
    sql: &Connection,
    table: &Table,
    after: i64,
    limit_rows: usize,
    limit_bytes: usize,
) -> Result<Vec<StoredRow>> {
    let mut statement = sql.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {} WHERE row > ? ORDER BY row",
        table.sql.table
    ))?;
    let mut rows = statement.query([after])?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while found.len() < limit_rows
        && bytes < limit_bytes.max(1)
        && let Some(row) = rows.next()?
    {
        let row = StoredRow::read(row)?;
        bytes += row.bytes();
        found.push(row);
    }
    Ok(found)
}

/// The ids of the rows with these numbers, each at its place; `None` where there is no such row.
pub(crate) fn ids(sql: &Connection, table: &Table, rows: &[i64]) -> Result<Vec<Option<RecordId>>> {
    let mut statement =
        sql.prepare_cached(&format!("SELECT id FROM {} WHERE row = ?", table.sql.table))?;
    let id = |row: &i64| {
        let id = statement.query_row([row], |row| Ok(RecordId::from_sql(row.get_ref(0)?)));
        id.optional()?.transpose()
    };
    rows.iter().map(id).collect()
}

/// The text of the row with the number `row`.
pub(crate) fn text(sql: &Connection, table: &Table, row: i64) -> Result<Option<String>> {
    let select = format!("SELECT text FROM {} WHERE row = ?", table.sql.table);
    let mut statement = sql.prepare_cached(&select)?;
    let mut rows = statement.query([row])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(text_of(row, 0)?.map(str::to_owned))
}
