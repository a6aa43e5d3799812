//! Versions in the lake that are over: noted by whoever writes over an archived row, and taken out of
//! the lake by the next hand-off.

use std::collections::HashSet;

use headwater_cdc::Store;
use headwater_primitives::rusqlite::{Connection, OptionalExtension, params};
use headwater_primitives::{Error, RecordId, Result, Sequence, Transaction, key};

/// Notes, inside the transaction that writes over or deletes an archived row, that the lake's copy at
/// `version` is over.
///
/// # Errors
/// `Corrupt` when the table was never handed off; SQLite's errors.
pub fn tombstone(
    tx: &Transaction<'_>,
    store: Store,
    table: &str,
    id: &RecordId,
    version: Sequence,
) -> Result<()> {
    let tiered = table_number(tx.sql(), store, table)?.ok_or_else(|| {
        Error::corrupt(format!("{store} {table:?} has a row in the lake, and was never handed off"))
    })?;
    add(tx, tiered, id, version)
}

/// Notes a version of the table numbered `tiered`.
pub(crate) fn add(
    tx: &Transaction<'_>,
    tiered: i64,
    id: &RecordId,
    version: Sequence,
) -> Result<()> {
    tx.sql()
        .prepare_cached(
            "INSERT OR IGNORE INTO tiering_tombstones(tiered, key, version) VALUES (?, ?, ?)",
        )?
        .execute(params![tiered, key_of(id), version.0 as i64])?;
    Ok(())
}

/// The versions that are over as `sql` sees them.
pub(crate) fn load(sql: &Connection, tiered: i64) -> Result<Tombstones> {
    let mut statement =
        sql.prepare_cached("SELECT key, version FROM tiering_tombstones WHERE tiered = ?")?;
    let mut rows = statement.query([tiered])?;
    let mut found = HashSet::new();
    while let Some(row) = rows.next()? {
        let id = id_of(row.get_ref(0)?.as_blob().unwrap_or_default())?;
        found.insert((id, Sequence(row.get::<_, i64>(1)? as u64)));
    }
    Ok(found)
}

/// Removes what the lake has taken up.
pub(crate) fn remove(tx: &Transaction<'_>, tiered: i64, taken: &Tombstones) -> Result<()> {
    let mut delete = tx.sql().prepare_cached(
        "DELETE FROM tiering_tombstones WHERE tiered = ? AND key = ? AND version = ?",
    )?;
    for (id, version) in taken {
        delete.execute(params![tiered, key_of(id), version.0 as i64])?;
    }
    Ok(())
}

/// Versions that are over.
pub(crate) type Tombstones = HashSet<(RecordId, Sequence)>;

/// The number of a table that was handed off.
pub(crate) fn table_number(sql: &Connection, store: Store, table: &str) -> Result<Option<i64>> {
    Ok(sql
        .prepare_cached("SELECT id FROM tiering_tables WHERE store = ? AND name = ?")?
        .query_row(params![store.to_string(), table], |row| row.get(0))
        .optional()?)
}

/// The same, of one that has its first rows in the lake perhaps.
pub(crate) fn number(tx: &Transaction<'_>, store: Store, table: &str) -> Result<i64> {
    tx.sql()
        .prepare_cached("INSERT OR IGNORE INTO tiering_tables(store, name) VALUES (?, ?)")?
        .execute(params![store.name(), table])?;
    table_number(tx.sql(), store, table)?
        .ok_or_else(|| Error::corrupt("a row that was just inserted is not there"))
}

fn key_of(id: &RecordId) -> Vec<u8> {
    key::encode(&[match id {
        RecordId::Integer(id) => key::Value::Int(*id),
        RecordId::Text(id) => key::Value::Text(id.to_string()),
    }])
}

fn id_of(key: &[u8]) -> Result<RecordId> {
    match key::decode(key)?.pop() {
        Some(key::Value::Int(id)) => Ok(RecordId::Integer(id)),
        Some(key::Value::Text(id)) => Ok(RecordId::Text(id.into())),
        other => Err(Error::corrupt(format!("a tombstone's key is {other:?}"))),
    }
}
