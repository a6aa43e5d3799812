//! A collection's rows, page by page, for `snapshot_then_stream`.

use bytes::Bytes;
use headwater_cdc::{EventKey, PageLimit, SnapshotRow, SnapshotRows, Store};
use headwater_primitives::rusqlite::types::Value as SqlValue;
use headwater_primitives::rusqlite::{Row, params_from_iter};
use headwater_primitives::{Answer, Error, Read, Result, Sequence, Snapshot};

use crate::catalog::Table;
use crate::cold;
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
            "SELECT id, version, body FROM {} WHERE (expires IS NULL OR expires > ?)",
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
        let (mut rows, mut bytes, mut archived) = (Vec::new(), 0, Vec::new());
        while bytes < limit.bytes.max(1)
            && archived.len() < ARCHIVED
            && let Some(row) = found.next()?
        {
            let (id, version, body) = parts(row)?;
            bytes += body.len();
            if cold::is_archived(&body) {
                archived.push((id.clone(), version));
            }
            let key = match id {
                DocumentId::Integer(id) => EventKey::Integer(id),
                DocumentId::Text(id) => EventKey::Text(id),
            };
            rows.push(SnapshotRow { key, row: body });
        }
        if !archived.is_empty() {
            let view = cold::View::of(self.namespace(), snapshot.sql(), self.name())?;
            let bodies = Read::answered(move || Answer::Later(view.fetch(archived))).wait()?;
            complete(&mut rows, bodies)?;
        }
        Ok(rows)
    }
}

/// At most so many documents of a page come from the lake.
const ARCHIVED: usize = 256;

fn parts(row: &Row<'_>) -> Result<(DocumentId, Sequence, Bytes)> {
    let id = DocumentId::from_sql(row.get_ref(0)?)?;
    let body = row.get_ref(2)?.as_blob().map_err(|_| Error::corrupt("a document is no blob"))?;
    Ok((id, Sequence(row.get::<_, i64>(1)? as u64), Bytes::copy_from_slice(body)))
}

/// Puts the bodies that came from the lake into the rows without one, in their order.
fn complete(rows: &mut [SnapshotRow], bodies: Vec<Option<Bytes>>) -> Result<()> {
    let empty = rows.iter_mut().filter(|row| cold::is_archived(&row.row));
    for (row, body) in empty.zip(bodies) {
        row.row = body.ok_or_else(|| {
            Error::corrupt(format!("document {:?} is not in the lake, where its row says", row.key))
        })?;
    }
    Ok(())
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
