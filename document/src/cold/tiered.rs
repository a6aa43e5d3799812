//! The document store as a store whose rows can move to the lake.

use headwater_cdc::Store;
use headwater_primitives::rusqlite::{Row, params};
use headwater_primitives::{Error, Namespace, Result, Sequence, Snapshot, Transaction};
use headwater_tiering::{FrozenRow, TieredTable, Versions};

use crate::document::Document;
use crate::id::{DocumentId, IdKind};
use crate::store::DocumentStore;

/// The most rows looked at in one view.
const ROWS_SEEN: usize = 50_000;

/// Documents with an end of life stay in the hot tier: they are swept there before they are old.
impl<T: Document> TieredTable for DocumentStore<T> {
    fn namespace(&self) -> &Namespace {
        &self.collection.namespace
    }

    fn store(&self) -> Store {
        Store::Document
    }

    fn name(&self) -> &str {
        self.name()
    }

    fn id_kind(&self) -> Result<Option<IdKind>> {
        DocumentStore::id_kind(self)
    }

    fn id_field(&self) -> &str {
        self.collection.id_field
    }

    fn frozen(
        &self,
        snapshot: &Snapshot<'_>,
        versions: Versions,
        from: i64,
        bytes: usize,
        each: &mut dyn FnMut(FrozenRow<'_>) -> Result<()>,
    ) -> Result<Option<i64>> {
        let mut given = 0;
        self.page(snapshot, ", id, body", from, |row, version, size| {
            if size > 0 && version > versions.after && version <= versions.upto {
                let frozen = frozen_row(row, version)?;
                given += frozen.body.len();
                each(frozen)?;
            }
            Ok(given >= bytes)
        })
    }

    fn sizes(
        &self,
        snapshot: &Snapshot<'_>,
        from: i64,
        each: &mut dyn FnMut(Sequence, u64),
    ) -> Result<Option<i64>> {
        self.page(snapshot, "", from, |_, version, size| {
            if size > 0 {
                each(version, size);
            }
            Ok(false)
        })
    }

    fn begin_release(&self, tx: &Transaction<'_>) -> Result<()> {
        let table = self.collection.existing_table()?;
        tx.sql().execute(
            "UPDATE document_collections SET archived = 1 WHERE id = ? AND archived = 0",
            [table.number],
        )?;
        table.note_archived();
        Ok(())
    }

    fn release(
        &self,
        tx: &Transaction<'_>,
        rows: &[(DocumentId, Sequence)],
    ) -> Result<Vec<(DocumentId, Sequence)>> {
        let table = self.collection.existing_table()?;
        let mut strip = tx.sql().prepare_cached(&format!(
            "UPDATE {} SET body = x'' WHERE id = ? AND version = ?",
            table.sql.table
        ))?;
        let mut changed = Vec::new();
        for (id, version) in rows {
            if strip.execute(params![id, version.0 as i64])? == 0 {
                changed.push((id.clone(), *version));
            }
        }
        Ok(changed)
    }
}

impl<T: Document> DocumentStore<T> {
    /// Shows `each` the rows by number, from number `from` on, with their versions and the sizes of their
    /// bodies, zero for those that are stubs or may not move; until it has enough, or many were looked at.
    /// The number to go on from. `more` are columns that it reads too.
    fn page(
        &self,
        snapshot: &Snapshot<'_>,
        more: &str,
        from: i64,
        mut each: impl FnMut(&Row<'_>, Sequence, u64) -> Result<bool>,
    ) -> Result<Option<i64>> {
        let Some(table) = self.collection.table()? else { return Ok(None) };
        let (number, name) = (table.sql.row, &table.sql.table);
        // No other condition: SQLite would look for the next row through all stubs at once.
        let mut statement = snapshot.sql().prepare_cached(&format!(
            "SELECT {number}, version, length(body), expires IS NULL{more} FROM {name} \
             WHERE {number} >= ? ORDER BY {number}"
        ))?;
        let mut rows = statement.query([from])?;
        let (mut seen, mut has_enough) = (0, false);
        while let Some(row) = rows.next()? {
            if has_enough || seen == ROWS_SEEN {
                return Ok(Some(row.get(0)?));
            }
            seen += 1;
            let (version, size, may_move): (i64, i64, bool) =
                (row.get(1)?, row.get(2)?, row.get(3)?);
            let size = if may_move { size as u64 } else { 0 };
            has_enough = each(row, Sequence(version as u64), size)?;
        }
        Ok(None)
    }
}

fn frozen_row<'a>(row: &'a Row<'_>, version: Sequence) -> Result<FrozenRow<'a>> {
    let body = row.get_ref(5)?.as_blob().map_err(|_| Error::corrupt("a document is no blob"))?;
    Ok(FrozenRow { id: DocumentId::from_sql(row.get_ref(4)?)?, version, body })
}
