//! Which vector stores a namespace has.

use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Namespace, Result};
use serde::Serialize;

use crate::options::VectorOptions;
use crate::table::Table;

/// What a user sees of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreInfo {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// What it was made with.
    pub options: VectorOptions,
}

/// The vector stores of `namespace`, by name.
///
/// # Errors
/// SQLite's errors.
pub fn stores(namespace: &Namespace) -> Result<Vec<StoreInfo>> {
    namespace.snapshot(|snapshot| {
        let sql = snapshot.sql();
        let mut infos = Vec::new();
        for table in tables(sql)? {
            let select = format!("SELECT count(*) FROM {}", table.sql.table);
            let rows: i64 = sql.query_row(&select, [], |row| row.get(0))?;
            let (name, options) = (table.name.to_string(), table.options);
            infos.push(StoreInfo { name, rows: rows as u64, options });
        }
        Ok(infos)
    })
}

/// The stores that `sql` sees, by name.
pub(crate) fn tables(sql: &Connection) -> Result<Vec<Table>> {
    let is_installed: bool = sql.query_row(
        "SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE name = 'vector_stores')",
        [],
        |row| row.get(0),
    )?;
    if !is_installed {
        return Ok(Vec::new());
    }
    let mut statement = sql.prepare_cached("SELECT name FROM vector_stores ORDER BY name")?;
    let names = statement.query_map([], |row| row.get(0))?;
    let names: Vec<String> = names.collect::<std::result::Result<_, _>>()?;
    let tables: Result<Vec<Option<Table>>> =
        names.iter().map(|name| Table::load(sql, name)).collect();
    Ok(tables?.into_iter().flatten().collect())
}
