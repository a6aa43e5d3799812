//! Plain SQLite: one write connection behind a mutex, a connection per reading thread.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ::rusqlite::{Connection, params};

use crate::Outcome;
use crate::engines::key_value::{EntryReader, KeyValue};
use crate::engines::missing;

/// The pragmas that our own hot tier sets, so that only the code above SQLite differs. Automatic
/// checkpoints stay as SQLite has them, since nothing here would make them otherwise.
const PAGE_BYTES: i64 = 4096;
const WRITER_CACHE_KIB: i64 = 64 << 10;
const READER_CACHE_KIB: i64 = 16 << 10;

pub(crate) struct Rusqlite {
    path: PathBuf,
    writer: Mutex<Connection>,
}

impl Rusqlite {
    pub(crate) fn open(folder: &Path) -> Outcome<Self> {
        let path = folder.join("documents.db");
        let writer = connect(&path, WRITER_CACHE_KIB)?;
        writer.execute_batch(
            "CREATE TABLE IF NOT EXISTS documents (id INTEGER PRIMARY KEY, body BLOB NOT NULL)",
        )?;
        Ok(Self { path, writer: Mutex::new(writer) })
    }
}

fn connect(path: &Path, cache_kib: i64) -> Outcome<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(format!("SQLite stays in journal mode {mode}").into());
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    Ok(connection)
}

impl KeyValue for Rusqlite {
    fn write(&self, entries: &mut dyn Iterator<Item = (u64, &[u8])>) -> Outcome<()> {
        let mut connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO documents (id, body) VALUES (?1, ?2)")?;
            for (id, body) in entries {
                insert.execute(params![id as i64, body])?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn reader(&self) -> Outcome<Box<dyn EntryReader + '_>> {
        Ok(Box::new(Own(connect(&self.path, READER_CACHE_KIB)?)))
    }

    fn settle(&self) -> Outcome<()> {
        let connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy == 0 { Ok(()) } else { Err("the WAL could not be checkpointed".into()) }
    }

    fn bytes_on_disk(&self) -> Outcome<u64> {
        Ok(self.path.metadata()?.len())
    }
}

/// A reader with its own connection, as SQLite wants it for reads in parallel.
struct Own(Connection);

impl EntryReader for Own {
    fn get_each(&mut self, keys: &[u64], show: &mut dyn FnMut(&[u8])) -> Outcome<()> {
        let mut get = self.0.prepare_cached("SELECT body FROM documents WHERE id = ?1")?;
        for key in keys {
            let mut rows = get.query([*key as i64])?;
            let row = rows.next()?.ok_or_else(|| missing(*key))?;
            show(row.get_ref(0)?.as_bytes()?);
        }
        Ok(())
    }

    fn scan_after(
        &mut self,
        key: u64,
        limit: usize,
        show: &mut dyn FnMut(u64, &[u8]) -> Outcome<()>,
    ) -> Outcome<()> {
        let mut scan = self
            .0
            .prepare_cached("SELECT id, body FROM documents WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let mut rows = scan.query([key as i64, limit as i64])?;
        while let Some(row) = rows.next()? {
            show(row.get::<_, i64>(0)? as u64, row.get_ref(1)?.as_bytes()?)?;
        }
        Ok(())
    }
}
