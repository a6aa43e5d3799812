//! The catalog's statements over its two tables.

use std::collections::HashSet;

use headwater_primitives::rusqlite::{Connection, OptionalExtension, params};
use iceberg::TableIdent;

use super::failure::{Failure, Outcome};
use super::names::{spell, spell_table};
use super::schema::CATALOG_NAME;

/// Rows of tables only: other engines put views into the same table.
const IS_TABLE: &str = "(iceberg_type = 'TABLE' OR iceberg_type IS NULL)";

/// Where the metadata of `table` is.
pub(super) fn pointer(connection: &Connection, table: &TableIdent) -> Outcome<String> {
    pointer_if_any(connection, table)?.ok_or_else(|| Failure::no_table(table))
}

/// The same; `None` when there is no such table.
pub(super) fn pointer_if_any(
    connection: &Connection,
    table: &TableIdent,
) -> Outcome<Option<String>> {
    let sql = format!(
        "SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? \
         AND table_namespace = ? AND table_name = ? AND {IS_TABLE}"
    );
    let found: Option<Option<String>> = connection
        .prepare_cached(&sql)?
        .query_row(params![CATALOG_NAME, spell_table(table)?, table.name()], |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}

/// Adds `table` at `location`.
pub(super) fn insert(connection: &Connection, table: &TableIdent, location: &str) -> Outcome<()> {
    if !namespace_exists(connection, &spell(table.namespace())?)? {
        return Err(Failure::no_namespace(table.namespace()));
    }
    let sql = "INSERT INTO iceberg_tables(catalog_name, table_namespace, table_name, \
               metadata_location, iceberg_type) VALUES (?, ?, ?, ?, 'TABLE') ON CONFLICT DO NOTHING";
    let added = connection.prepare_cached(sql)?.execute(params![
        CATALOG_NAME,
        spell_table(table)?,
        table.name(),
        location
    ])?;
    if added == 0 { Err(Failure::table_exists(table)) } else { Ok(()) }
}

/// Moves the pointer of `table` from `from` to `to`, if it is still there.
pub(super) fn swap(
    connection: &Connection,
    table: &TableIdent,
    from: &str,
    to: &str,
) -> Outcome<()> {
    let sql = format!(
        "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? \
         WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? \
         AND metadata_location = ? AND {IS_TABLE}"
    );
    let moved = connection.prepare_cached(&sql)?.execute(params![
        to,
        from,
        CATALOG_NAME,
        spell_table(table)?,
        table.name(),
        from
    ])?;
    if moved == 0 {
        pointer(connection, table)?;
        return Err(Failure::lost_race(table, from));
    }
    Ok(())
}

/// Notes that a catalog elsewhere is asked to commit a snapshot of `table`.
pub(super) fn add_pending(
    connection: &Connection,
    table: &TableIdent,
    snapshot: i64,
) -> Outcome<()> {
    let sql = "INSERT INTO tiering_pending(table_namespace, table_name, snapshot) VALUES (?, ?, ?)";
    change_pending(connection, sql, table, snapshot)
}

/// Forgets one that was refused.
pub(super) fn forget_pending(
    connection: &Connection,
    table: &TableIdent,
    snapshot: i64,
) -> Outcome<()> {
    let sql = "DELETE FROM tiering_pending \
               WHERE table_namespace = ? AND table_name = ? AND snapshot = ?";
    change_pending(connection, sql, table, snapshot)
}

fn change_pending(
    connection: &Connection,
    sql: &str,
    table: &TableIdent,
    snapshot: i64,
) -> Outcome<()> {
    let one = params![spell_table(table)?, table.name(), snapshot];
    connection.prepare_cached(sql)?.execute(one)?;
    Ok(())
}

/// The snapshots of `table` that a catalog elsewhere was asked to commit, and that are not settled.
pub(super) fn pending(connection: &Connection, table: &TableIdent) -> Outcome<HashSet<i64>> {
    let sql = "SELECT snapshot FROM tiering_pending WHERE table_namespace = ? AND table_name = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let found =
        statement.query_map(params![spell_table(table)?, table.name()], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Forgets them: they are noted, or can never come.
pub(super) fn settle(connection: &Connection, table: &TableIdent) -> Outcome<()> {
    let sql = "DELETE FROM tiering_pending WHERE table_namespace = ? AND table_name = ?";
    connection.prepare_cached(sql)?.execute(params![spell_table(table)?, table.name()])?;
    Ok(())
}

/// Takes `table` out.
pub(super) fn delete(connection: &Connection, table: &TableIdent) -> Outcome<()> {
    let sql = format!(
        "DELETE FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? \
         AND table_name = ? AND {IS_TABLE}"
    );
    let gone = connection.prepare_cached(&sql)?.execute(params![
        CATALOG_NAME,
        spell_table(table)?,
        table.name()
    ])?;
    if gone == 0 { Err(Failure::no_table(table)) } else { Ok(()) }
}

/// Gives `from` the name `to`.
pub(super) fn rename(connection: &Connection, from: &TableIdent, to: &TableIdent) -> Outcome<()> {
    pointer(connection, from)?;
    if from == to {
        return Ok(());
    }
    if !namespace_exists(connection, &spell(to.namespace())?)? {
        return Err(Failure::no_namespace(to.namespace()));
    }
    let sql = "UPDATE OR IGNORE iceberg_tables SET table_namespace = ?, table_name = ? \
               WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?";
    let moved = connection.prepare_cached(sql)?.execute(params![
        spell_table(to)?,
        to.name(),
        CATALOG_NAME,
        spell_table(from)?,
        from.name()
    ])?;
    if moved == 0 { Err(Failure::table_exists(to)) } else { Ok(()) }
}

/// The names of the tables right in the spelled namespace, in order.
pub(super) fn tables(connection: &Connection, namespace: &str) -> Outcome<Vec<String>> {
    let sql = format!(
        "SELECT table_name FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? \
         AND {IS_TABLE} ORDER BY table_name"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let names = statement.query_map(params![CATALOG_NAME, namespace], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// The spelled namespaces that are named anywhere, in order.
pub(super) fn namespaces(connection: &Connection) -> Outcome<Vec<String>> {
    let sql = "SELECT table_namespace FROM iceberg_tables WHERE catalog_name = ?1 \
               UNION SELECT namespace FROM iceberg_namespace_properties WHERE catalog_name = ?1 \
               ORDER BY 1";
    let mut statement = connection.prepare_cached(sql)?;
    let names = statement.query_map([CATALOG_NAME], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Whether the spelled namespace is there: named itself, or the parent of one that is.
pub(super) fn namespace_exists(connection: &Connection, namespace: &str) -> Outcome<bool> {
    let below = format!("{namespace}.");
    let names = namespaces(connection)?;
    Ok(names.iter().any(|name| name == namespace || name.starts_with(&below)))
}

/// The properties of the spelled namespace.
pub(super) fn properties(
    connection: &Connection,
    namespace: &str,
) -> Outcome<Vec<(String, String)>> {
    let sql = "SELECT property_key, property_value FROM iceberg_namespace_properties \
               WHERE catalog_name = ? AND namespace = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement
        .query_map(params![CATALOG_NAME, namespace], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Gives the spelled namespace these properties and no others.
pub(super) fn set_properties<'a>(
    connection: &Connection,
    namespace: &str,
    properties: impl Iterator<Item = (&'a str, &'a str)>,
) -> Outcome<()> {
    delete_properties(connection, namespace)?;
    let sql = "INSERT INTO iceberg_namespace_properties(catalog_name, namespace, property_key, \
               property_value) VALUES (?, ?, ?, ?)";
    let mut statement = connection.prepare_cached(sql)?;
    for (key, value) in properties {
        statement.execute(params![CATALOG_NAME, namespace, key, value])?;
    }
    Ok(())
}

/// Takes the properties of the spelled namespace away, and with them the namespace.
pub(super) fn delete_properties(connection: &Connection, namespace: &str) -> Outcome<()> {
    let sql = "DELETE FROM iceberg_namespace_properties WHERE catalog_name = ? AND namespace = ?";
    connection.prepare_cached(sql)?.execute(params![CATALOG_NAME, namespace])?;
    Ok(())
}
