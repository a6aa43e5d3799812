//! Comparing a dataset with the rows that say that their embeddings are in it.

use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{ErrorKind, Namespace, RecordId, Result};

use super::super::{Pointer, generation_of, rows_after};
use super::Tier;
use super::columns::{CHECKSUM, GENERATION, ROW, VECTOR};
use super::scan::Scan;
use crate::row_set::RowSet;
use crate::table::Table;

impl Tier {
    /// One line for each row whose embedding is not in the dataset exactly once, and whole.
    pub(crate) fn verify(
        &self,
        namespace: &Namespace,
        sql: &Connection,
        table: &Table,
        pointer: &Pointer,
        found: &mut Vec<String>,
    ) -> Result<()> {
        let mut seen = RowSet::default();
        match self.look_at_all(namespace, sql, table, pointer, &mut seen, found) {
            Err(error) if is_damage(error.kind()) => {
                found.push(format!("warm tier of {:?}: {error}", table.name));
                return Ok(());
            }
            looked => looked?,
        }
        let mut after = 0;
        loop {
            let page = rows_after(sql, table, after)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = *last;
            for (row, generation) in page.iter().filter(|(row, _)| !seen.contains(*row as u64)) {
                found.push(format!(
                    "{}: its embedding of version {} is not in the warm tier",
                    named(sql, table, *row)?,
                    generation.0
                ));
            }
        }
    }

    fn look_at_all(
        &self,
        namespace: &Namespace,
        sql: &Connection,
        table: &Table,
        pointer: &Pointer,
        seen: &mut RowSet,
        found: &mut Vec<String>,
    ) -> Result<()> {
        let dataset = self.dataset_of(namespace, table, pointer)?;
        let columns = [ROW, GENERATION, CHECKSUM, VECTOR];
        let mut scan = Scan::begin(namespace, &dataset, &columns, |_| Ok(()))?;
        while let Some(entries) = scan.next()? {
            for at in 0..entries.len() {
                let row = entries.row(at);
                if generation_of(sql, table, row)? != Some(entries.generation(at)) {
                    continue;
                }
                if !seen.insert(row as u64) {
                    let row = named(sql, table, row)?;
                    found.push(format!("{row}: its embedding is in the warm tier twice"));
                } else if !entries.is_whole(at) {
                    let row = named(sql, table, row)?;
                    found.push(format!("{row}: its embedding in the warm tier is damaged"));
                }
            }
        }
        Ok(())
    }
}

/// Whether it says that the dataset is not what it should be.
fn is_damage(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Corrupt | ErrorKind::NotFound | ErrorKind::Io)
}

/// How a defect calls the row with the number `row`.
fn named(sql: &Connection, table: &Table, row: i64) -> Result<String> {
    let select = format!("SELECT id FROM {} WHERE row = ?", table.sql.table);
    let mut select = sql.prepare_cached(&select)?;
    let mut rows = select.query([row])?;
    let Some(found) = rows.next()? else { return Ok(format!("row number {row}")) };
    Ok(format!("row {:?}/{}", table.name, RecordId::from_sql(found.get_ref(0)?)?))
}
