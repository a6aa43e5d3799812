//! How connections to the hot tier are set up, and the few things rusqlite has no word for.

use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

use crate::durability::Durability;
use crate::error::{Error, Result};

/// Statements kept prepared per connection.
const STATEMENTS: usize = 256;

/// How long a connection waits for a lock.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a connection with our functions and settings.
pub(crate) fn open(path: &Path, vfs: Option<&str>, flags: OpenFlags) -> Result<Connection> {
    MEMORY_STATISTICS_OFF.call_once(switch_memory_statistics_off);
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        None => Connection::open_with_flags(path, flags)?,
    };
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;",
    )?;
    crate::filter::register_functions(&connection)?;
    Ok(connection)
}

static MEMORY_STATISTICS_OFF: Once = Once::new();

/// Takes SQLite's one global lock out of every allocation, so that readers scale with cores.
fn switch_memory_statistics_off() {
    // SAFETY: the call takes one int. SQLite refuses it, and changes nothing, when the process has
    // used SQLite before; then allocations stay as they were.
    #[allow(unsafe_code)]
    unsafe {
        rusqlite::ffi::sqlite3_config(rusqlite::ffi::SQLITE_CONFIG_MEMSTATUS, 0 as std::ffi::c_int);
    }
}

/// Whether the last connection folds the write-ahead log into the database, and removes it, when it
/// closes. It must not where the file was refused, or where the log cannot be trusted.
pub(crate) fn checkpoint_on_close(connection: &Connection, does: bool) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !does)?;
    Ok(())
}

/// Sets what COMMIT waits for on this connection. Outside transactions only.
pub(crate) fn set_synchronous(connection: &Connection, durability: Durability) -> Result<()> {
    connection.execute_batch(match durability {
        Durability::Sync => "PRAGMA synchronous = FULL",
        Durability::Os => "PRAGMA synchronous = NORMAL",
    })?;
    Ok(())
}

/// A number kept under `key` in the namespace's own table.
pub(crate) fn meta(connection: &Connection, key: &str) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT value FROM headwater WHERE key = ?")?;
    let mut rows = statement.query([key])?;
    Ok(match rows.next()? {
        Some(row) => Some(row.get(0)?),
        None => None,
    })
}

pub(crate) fn set_meta(connection: &Connection, key: &str, value: i64) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO headwater(key, value) VALUES (?, ?)")?
        .execute((key, value))?;
    Ok(())
}

/// Whether `error` is SQLite's word that a sync failed. What was written since the sync before may be
/// gone then, and no later sync shows it.
pub(crate) fn is_sync_failure(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    source.and_then(|source| source.downcast_ref::<rusqlite::Error>()).is_some_and(|error| {
        let code = error.sqlite_error().map(|failure| failure.extended_code);
        matches!(code, Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC))
    })
}

/// Whether what SQLite last refused on `connection` broke a constraint.
pub(crate) fn broke_constraint(connection: &Connection) -> bool {
    // SAFETY: the handle is valid while `connection` is borrowed.
    #[allow(unsafe_code)]
    let code = unsafe { ffi::sqlite3_extended_errcode(connection.handle()) };
    // The commit hook refuses what comes after a rollback, whatever its cause was.
    code & 0xff == ffi::SQLITE_CONSTRAINT && code != ffi::SQLITE_CONSTRAINT_COMMITHOOK
}

/// Whether the open transaction violates a deferred foreign key.
pub(crate) fn has_deferred_violations(connection: &Connection) -> bool {
    let (mut current, mut highest) = (0, 0);
    // SAFETY: the handle is valid while `connection` is borrowed, and both out-pointers are to
    // locals that outlive the call.
    #[allow(unsafe_code)]
    let result = unsafe {
        ffi::sqlite3_db_status(
            connection.handle(),
            ffi::SQLITE_DBSTATUS_DEFERRED_FKS,
            &raw mut current,
            &raw mut highest,
            0,
        )
    };
    result == ffi::SQLITE_OK && current != 0
}
