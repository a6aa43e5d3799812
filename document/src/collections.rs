//! Which collections a namespace has.

use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Namespace, Result, Snapshot};
use serde::Serialize;

use crate::catalog::Catalog;

/// What a user sees of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CollectionInfo {
    /// Its name.
    pub name: String,
    /// Documents, those past their end and not yet swept included.
    pub documents: u64,
    /// The dotted paths of its indexes.
    pub indexes: Vec<String>,
}

/// The collections of `namespace`, by name.
///
/// # Errors
/// SQLite's errors.
pub fn collections(namespace: &Namespace) -> Result<Vec<CollectionInfo>> {
    namespace.snapshot(|snapshot| {
        let sql = snapshot.sql();
        if !is_installed(sql)? {
            return Ok(Vec::new());
        }
        let mut infos = Vec::new();
        for name in names(sql)? {
            let Some(table) = Catalog::of(namespace).find(namespace, &name)? else { continue };
            let select = format!("SELECT count(*) FROM {}", table.sql.table);
            let documents: i64 = sql.query_row(&select, [], |row| row.get(0))?;
            let indexes = table.indexes().iter().map(|index| index.text.clone()).collect();
            infos.push(CollectionInfo { name, documents: documents as u64, indexes });
        }
        Ok(infos)
    })
}

/// The names of the collections that `snapshot` sees, in their order: cheaper than [`collections`].
///
/// # Errors
/// SQLite's errors.
pub fn collection_names(snapshot: &Snapshot<'_>) -> Result<Vec<String>> {
    match is_installed(snapshot.sql())? {
        true => names(snapshot.sql()),
        false => Ok(Vec::new()),
    }
}

/// Whether `sql` sees the tables of the document store.
pub(crate) fn is_installed(sql: &Connection) -> Result<bool> {
    Ok(sql.query_row(
        "SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE name = 'document_collections')",
        [],
        |row| row.get(0),
    )?)
}

/// The names of the collections that `sql` sees.
pub(crate) fn names(sql: &Connection) -> Result<Vec<String>> {
    let mut statement =
        sql.prepare_cached("SELECT name FROM document_collections ORDER BY name")?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<std::result::Result<_, _>>()?)
}
