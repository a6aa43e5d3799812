//! A store's rows, page by page, for `snapshot_then_stream`.

use bytes::Bytes;
use headwater_cdc::{EventKey, PageLimit, SnapshotRow, SnapshotRows, Store};
use headwater_primitives::rusqlite::params_from_iter;
use headwater_primitives::rusqlite::types::Value as SqlValue;
use headwater_primitives::{Error, RecordId, Result, Snapshot};

use crate::record::Embedded;
use crate::rows::StoredRow;
use crate::store::VectorStore;
use crate::table::{COLUMNS, Table, place};

impl<T: Embedded> SnapshotRows for VectorStore<T> {
    fn store(&self) -> Store {
        Store::Vector
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
        // The store as the snapshot sees it: it may have been made since.
        let Some(table) = Table::load(snapshot.sql(), self.name())? else { return Ok(Vec::new()) };
        let mut select = format!("SELECT {COLUMNS} FROM {}", table.sql.table);
        let mut params = Vec::new();
        if let Some(after) = after {
            select.push_str(" WHERE id > ?");
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
            let row = StoredRow::read(row)?;
            // An embedding takes about as much in the image as its numbers do printed.
            let missing = if row.embedding.is_elsewhere() { table.options.dimensions } else { 0 };
            bytes += row.bytes() + missing * size_of::<f32>();
            rows.push(row);
        }
        self.inner.fill_at(snapshot.sql(), &mut rows)?;
        rows.into_iter().map(|row| snapshot_row(&table, row)).collect()
    }
}

fn snapshot_row(table: &Table, row: StoredRow) -> Result<SnapshotRow> {
    let image = Bytes::from(row.image(&table.fields)?);
    let key = match row.id {
        RecordId::Integer(id) => EventKey::Integer(id),
        RecordId::Text(id) => EventKey::Text(id),
    };
    Ok(SnapshotRow { key, row: image })
}

fn key_value(table: &Table, key: &EventKey) -> Result<SqlValue> {
    match key {
        EventKey::Integer(id) => Ok(SqlValue::Integer(*id)),
        EventKey::Text(id) => Ok(SqlValue::Text(id.to_string())),
        EventKey::Json(_) => Err(Error::invalid(format!(
            "{}: ids are integers or text, and a page was asked after another key",
            place(&table.name)
        ))),
    }
}
