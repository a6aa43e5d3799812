//! The document store as a store whose rows can move to the lake.

use headwater_cdc::Store;
use headwater_primitives::rusqlite::{OptionalExtension, Row, params};
use headwater_primitives::{Error, Namespace, Result, Sequence, Snapshot, Transaction};
use headwater_tiering::{FrozenRow, HotShare, TieredTable, Versions};

use crate::document::Document;
use crate::id::{DocumentId, IdKind};
use crate::store::DocumentStore;

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
        let Some(table) = self.collection.table()? else { return Ok(None) };
        let row = table.sql.row;
        let mut statement = snapshot.sql().prepare_cached(&format!(
            "SELECT {row}, id, version, body FROM {} WHERE {row} >= ?1 AND version > ?2 \
             AND version <= ?3 AND expires IS NULL AND length(body) > 0 ORDER BY {row}",
            table.sql.table
        ))?;
        let (after, upto) = (versions.after.0 as i64, versions.upto.0 as i64);
        let mut rows = statement.query(params![from, after, upto])?;
        let mut given = 0;
        while let Some(row) = rows.next()? {
            if given >= bytes {
                return Ok(Some(row.get(0)?));
            }
            let row = frozen_row(row)?;
            given += row.body.len();
            each(row)?;
        }
        Ok(None)
    }

    fn boundary(&self, snapshot: &Snapshot<'_>, keep: HotShare) -> Result<Sequence> {
        let Some(table) = self.collection.table()? else { return Ok(Sequence(0)) };
        let hot = "length(body) > 0 AND expires IS NULL";
        let select = match keep {
            HotShare::Rows(_) => format!(
                "SELECT version FROM {} WHERE {hot} ORDER BY version DESC LIMIT 1 OFFSET ?",
                table.sql.table
            ),
            HotShare::Bytes(_) => format!(
                "SELECT version FROM (SELECT version, sum(length(body)) OVER \
                 (ORDER BY version DESC) AS total FROM {} WHERE {hot}) WHERE total > ? LIMIT 1",
                table.sql.table
            ),
        };
        let (HotShare::Rows(most) | HotShare::Bytes(most)) = keep;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let version: Option<i64> =
            snapshot.sql().query_row(&select, [most], |row| row.get(0)).optional()?;
        Ok(Sequence(version.unwrap_or_default() as u64))
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

fn frozen_row<'a>(row: &'a Row<'_>) -> Result<FrozenRow<'a>> {
    let body = row.get_ref(3)?.as_blob().map_err(|_| Error::corrupt("a document is no blob"))?;
    Ok(FrozenRow {
        id: DocumentId::from_sql(row.get_ref(1)?)?,
        version: Sequence(row.get::<_, i64>(2)? as u64),
        body,
    })
}
