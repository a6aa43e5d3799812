//! A collection's rows, page by page, for `snapshot_then_stream`.

use bytes::Bytes;
use headwater_cdc::{EventKey, PageLimit, SnapshotRow, SnapshotRows, Store};
use headwater_primitives::rusqlite::types::Value as SqlValue;
use headwater_primitives::rusqlite::{Row, params_from_iter};
use headwater_primitives::{Error, Result, Snapshot};

use crate::catalog::Table;
use crate::document::Document;
use crate::id::{DocumentId, IdKind};
use crate::store::DocumentStore;

/// Documents past their end are left out, as everywhere.
impl<T: Document> SnapshotRows for DocumentStore<T> {
    fn store(&self) -> Store {
        Store::Document
    }

    fn table(&self) -> &str {
        self.name()
    }

    fn page(
        &self,
        snapshot: &Snapshot<'_>,
        after: Option<&EventKey>,
        limit: PageLimit,
    ) -> Result<Vec<SnapshotRow>> {
        // The collection as the snapshot sees it: it may have been made since.
        let Some(table) = Table::load(snapshot.sql(), self.name())? else { return Ok(Vec::new()) };
        let now = self.namespace().clock().now();
        let mut select = format!(
            "SELECT id, body FROM {} WHERE (expires IS NULL OR expires > ?)",
            table.sql.table
        );
        let mut params = vec![SqlValue::Integer(now.0)];
        if let Some(after) = after {
            select.push_str(" AND id > ?");
            params.push(key_value(&table, after)?);
        }
        select.push_str(" ORDER BY id LIMIT ?");
        params.push(SqlValue::Integer(i64::try_from(limit.rows).unwrap_or(i64::MAX)));
        let mut statement = snapshot.sql().prepare_cached(&select)?;
        let mut found = statement.query(params_from_iter(params))?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while bytes < limit.bytes.max(1)
            && let Some(row) = found.next()?
        {
            let row = snapshot_row(row)?;
            bytes += row.row.len();
            rows.push(row);
        }
        Ok(rows)
    }
}

fn snapshot_row(row: &Row<'_>) -> Result<SnapshotRow> {
    let key = match DocumentId::from_sql(row.get_ref(0)?)? {
        DocumentId::Integer(id) => EventKey::Integer(id),
        DocumentId::Text(id) => EventKey::Text(id),
    };
    let body = row.get_ref(1)?.as_blob().map_err(|_| Error::corrupt("a document is no blob"))?;
    Ok(SnapshotRow { key, row: Bytes::copy_from_slice(body) })
}

fn key_value(table: &Table, key: &EventKey) -> Result<SqlValue> {
    match (key, table.id_kind) {
        (EventKey::Integer(id), IdKind::Integer) => Ok(SqlValue::Integer(*id)),
        (EventKey::Text(id), IdKind::Text) => Ok(SqlValue::Text(id.to_string())),
        _ => Err(Error::invalid(format!(
            "collection {:?} has {} ids, and a page was asked after another key",
            table.name,
            table.id_kind.name()
        ))),
    }
}
