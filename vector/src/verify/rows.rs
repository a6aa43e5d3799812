//! Rows: each has metadata, and an embedding and a text that the store could have taken.

use headwater_primitives::rusqlite::Row;
use headwater_primitives::{Error, RecordId, Result, jsonb};

use super::Check;
use crate::embedding;
use crate::encoded::check_metadata;
use crate::rows::StoredRow;
use crate::table::{COLUMNS, Table};

impl Check<'_> {
    pub(super) fn rows(&mut self, found: &mut Vec<String>) -> Result<()> {
        let select = format!("SELECT {COLUMNS} FROM {} NOT INDEXED", self.table.sql.table);
        let mut statement = self.sql.prepare(&select)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Err(error) = sound(&self.table, row) {
                let id = RecordId::from_sql(row.get_ref(1)?);
                let id = id.unwrap_or_else(|_| RecordId::Text("of no kind".into()));
                found.push(format!("{}: it is damaged: {error}", self.row_named(&id)));
                self.damaged.insert(row.get(0)?);
            }
        }
        Ok(())
    }
}

fn sound(table: &Table, row: &Row<'_>) -> Result<()> {
    let row = StoredRow::read(row)?;
    jsonb::validate(&row.metadata)?;
    check_metadata(&row.metadata)?;
    if let Some(values) = row.embedding.values() {
        embedding::check(&table.options, values)?;
    }
    match table.known_kind() {
        Some(kind) if kind == row.id.kind() => Ok(()),
        Some(kind) => Err(Error::corrupt(format!(
            "its id is {}, and the ids of this store are {}",
            row.id.kind().name(),
            kind.name()
        ))),
        None => Err(Error::corrupt("the store does not know what ids it has")),
    }
}
