//! Schema versions: each part of the framework migrates its own tables.

use rusqlite::Connection;

use crate::error::{Error, ErrorKind, Result};
use crate::writer::Transaction;

/// A part of the framework, or an application, with tables of its own in the hot tier.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its name, unique in the namespace.
    pub name: &'static str,
    /// The SQL that leads from each version to the next; the version is their number.
    pub migrations: &'static [&'static str],
}

/// The namespace's own tables.
pub(super) const CORE: Part = Part { name: "primitives", migrations: &[crate::segment::SCHEMA] };

pub(super) const BASE: &str = "
CREATE TABLE headwater(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE parts(name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
";

impl Part {
    fn latest(&self) -> i64 {
        self.migrations.len() as i64
    }

    /// Whether `connection` shows this part at the version that this code knows.
    pub(super) fn is_current(&self, connection: &Connection) -> Result<bool> {
        let found = version(connection, self.name)?;
        if found > self.latest() {
            return Err(Error::new(
                ErrorKind::NewerVersion,
                format!(
                    "part {:?} of this namespace has schema version {found}, and this code knows \
                     versions up to {}: open it with a newer release",
                    self.name,
                    self.latest()
                ),
            ));
        }
        Ok(found == self.latest())
    }

    pub(super) fn migrate_in(&self, tx: &Transaction<'_>) -> Result<()> {
        self.migrate(tx.sql())
    }

    pub(super) fn migrate(&self, connection: &Connection) -> Result<()> {
        if self.is_current(connection)? {
            return Ok(());
        }
        let found = version(connection, self.name)?;
        for (index, sql) in self.migrations.iter().enumerate().skip(found as usize) {
            connection.execute_batch(sql).map_err(|error| {
                Error::from(error).context(format!(
                    "migration of part {:?} to version {}",
                    self.name,
                    index + 1
                ))
            })?;
            crate::fail::point("migration.step")?;
        }
        connection.execute(
            "INSERT OR REPLACE INTO parts(name, version) VALUES (?, ?)",
            (self.name, self.latest()),
        )?;
        Ok(())
    }
}

fn version(connection: &Connection, name: &str) -> Result<i64> {
    let mut statement = connection.prepare_cached("SELECT version FROM parts WHERE name = ?")?;
    let mut rows = statement.query([name])?;
    Ok(match rows.next()? {
        Some(row) => row.get(0)?,
        None => 0,
    })
}
