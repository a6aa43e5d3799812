//! Which collections there are, and where each one's rows are.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use headwater_primitives::rusqlite::{Connection, OptionalExtension};
use headwater_primitives::{
    Error, ErrorKind, Namespace, Part, Result, TableId, Timestamp, Transaction,
};

use crate::id::IdKind;
use crate::index::Index;

/// The document store's own tables.
pub(crate) const PART: Part = Part {
    name: "document",
    migrations: &[
        "
CREATE TABLE document_collections(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    id_kind TEXT NOT NULL
);
CREATE TABLE document_indexes(
    -- Never used again: a query that was planned on a dropped index must not find another one.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL REFERENCES document_collections(id),
    path TEXT NOT NULL,
    is_unique INTEGER NOT NULL,
    -- Whether a document ever had more than one entry.
    is_multi INTEGER NOT NULL DEFAULT 0,
    -- Rows before this one are in the index; NULL once all are.
    built_to INTEGER,
    UNIQUE(collection, path)
);
",
        "
-- Whether a document ever moved to the lake. Its row stays, with an empty body.
ALTER TABLE document_collections ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
",
    ],
};

/// A collection's place in the hot tier, with the statements that touch it.
pub(crate) struct Table {
    pub(crate) number: u32,
    pub(crate) name: Arc<str>,
    pub(crate) id_kind: IdKind,
    pub(crate) sql: Statements,
    indexes: RwLock<Arc<Vec<Arc<Index>>>>,
    archived: AtomicBool,
}

pub(crate) struct Statements {
    /// `document_N`.
    pub(crate) table: String,
    /// The name of the rowid column: `id` itself, or `row`.
    pub(crate) row: &'static str,
    pub(crate) insert: String,
    pub(crate) replace: String,
    pub(crate) delete: String,
    pub(crate) get: String,
    pub(crate) get_row: String,
    expires: String,
}

impl Statements {
    fn new(number: u32, kind: IdKind) -> Self {
        let table = format!("document_{number}");
        let row = match kind {
            IdKind::Integer => "id",
            IdKind::Text => "row",
        };
        Statements {
            row,
            insert: format!("INSERT INTO {table}(id, version, expires, body) VALUES (?, ?, ?, ?)"),
            replace: format!(
                "UPDATE {table} SET version = ?2, expires = ?3, body = ?4 WHERE {row} = ?1"
            ),
            delete: format!("DELETE FROM {table} WHERE {row} = ?"),
            get: format!("SELECT version, expires, body FROM {table} WHERE id = ?"),
            get_row: format!("SELECT {row}, version, expires, body FROM {table} WHERE id = ?"),
            expires: format!("SELECT expires FROM {table} WHERE {row} = ?"),
            table,
        }
    }
}

impl Table {
    fn new(number: u32, name: &str, id_kind: IdKind) -> Self {
        Table {
            number,
            name: name.into(),
            id_kind,
            sql: Statements::new(number, id_kind),
            indexes: RwLock::default(),
            archived: AtomicBool::new(false),
        }
    }

    /// Stands for a collection that is not there, and so has no rows.
    pub(crate) fn absent(name: &str, id_kind: IdKind) -> Self {
        Table::new(0, name, id_kind)
    }

    pub(crate) fn is_absent(&self) -> bool {
        self.number == 0
    }

    /// Refuses a type whose ids are of another kind.
    pub(crate) fn check_id_kind(&self, kind: IdKind) -> Result<()> {
        if self.id_kind == kind {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "collection {:?} has {} ids, and this type has {} ids",
            self.name,
            self.id_kind.name(),
            kind.name()
        )))
    }

    pub(crate) fn table_id(&self) -> TableId {
        TableId(self.number)
    }

    pub(crate) fn indexes(&self) -> Arc<Vec<Arc<Index>>> {
        self.indexes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether some of its rows may have their bodies in the lake.
    pub(crate) fn has_archived(&self) -> bool {
        self.archived.load(Ordering::SeqCst)
    }

    /// From now on rows may be without their bodies: said before the first loses its own.
    pub(crate) fn note_archived(&self) {
        self.archived.store(true, Ordering::SeqCst);
    }

    /// Takes what may change of a collection as `connection` sees it, all of it committed.
    pub(crate) fn load_state(&self, connection: &Connection) -> Result<()> {
        let archived = connection
            .prepare_cached("SELECT archived FROM document_collections WHERE id = ?")?
            .query_row([self.number], |row| row.get(0))?;
        if archived {
            self.note_archived();
        }
        let indexes = Index::load_all(connection, self.number)?;
        *self.indexes.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(indexes);
        Ok(())
    }

    /// Takes the indexes as `tx` sees them: on the writer thread, where no other change of them can
    /// come between. One that is known stays as it is, since readers may use it only after the
    /// commit that completes it.
    pub(crate) fn reload_indexes(&self, tx: &Transaction<'_>) -> Result<()> {
        let known = self.indexes();
        let mut indexes = Index::load_all(tx.sql(), self.number)?;
        for index in &mut indexes {
            if let Some(same) = known.iter().find(|known| known.number == index.number) {
                *index = same.clone();
            }
        }
        *self.indexes.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(indexes);
        Ok(())
    }

    /// Whether the row `row` is not past its end.
    pub(crate) fn is_live(
        &self,
        connection: &Connection,
        row: i64,
        now: Timestamp,
    ) -> Result<bool> {
        let end: Option<Option<i64>> = connection
            .prepare_cached(&self.sql.expires)?
            .query_row([row], |row| row.get(0))
            .optional()?;
        Ok(end.is_some_and(|end| end.is_none_or(|end| end > now.0)))
    }

    /// Loads the collection `name` if `connection` sees one.
    pub(crate) fn load(connection: &Connection, name: &str) -> Result<Option<Table>> {
        let found: Option<(u32, String)> = connection
            .prepare_cached("SELECT id, id_kind FROM document_collections WHERE name = ?")?
            .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((number, kind)) = found else { return Ok(None) };
        let table = Table::new(number, name, IdKind::from_name(&kind)?);
        table.load_state(connection)?;
        Ok(Some(table))
    }

    /// The collection `name` as `tx` sees it; made when there is none.
    pub(crate) fn load_or_create(tx: &Transaction<'_>, name: &str, kind: IdKind) -> Result<Table> {
        if let Some(table) = Table::load(tx.sql(), name)? {
            return Ok(table);
        }
        tx.sql().execute(
            "INSERT INTO document_collections(name, id_kind) VALUES (?, ?)",
            (name, kind.name()),
        )?;
        let number = u32::try_from(tx.sql().last_insert_rowid())
            .map_err(|_| Error::new(ErrorKind::TooLarge, "too many collections"))?;
        let table = Table::new(number, name, kind);
        let columns = match kind {
            IdKind::Integer => "id INTEGER PRIMARY KEY",
            IdKind::Text => "row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE",
        };
        tx.sql().execute_batch(&format!(
            "CREATE TABLE {table}({columns}, version INTEGER NOT NULL, expires INTEGER, \
             body BLOB NOT NULL);
             CREATE INDEX {table}_expires ON {table}(expires) WHERE expires IS NOT NULL;",
            table = table.sql.table,
        ))?;
        Ok(table)
    }
}

/// The committed collections of one namespace, shared by all handles.
#[derive(Default)]
pub(crate) struct Catalog(Mutex<HashMap<Box<str>, Arc<Table>>>);

impl Catalog {
    pub(crate) fn of(namespace: &Namespace) -> Arc<Catalog> {
        namespace.extension(Catalog::default)
    }

    /// The collection `name`, if it is committed.
    pub(crate) fn find(&self, namespace: &Namespace, name: &str) -> Result<Option<Arc<Table>>> {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = tables.get(name) {
            return Ok(Some(table.clone()));
        }
        let Some(table) = namespace.query(|connection| Table::load(connection, name))? else {
            return Ok(None);
        };
        let table = Arc::new(table);
        tables.insert(name.into(), table.clone());
        Ok(Some(table))
    }
}

/// Refuses names that nobody could type back.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let bad = name.is_empty() || name.len() > 128 || name.chars().any(char::is_control);
    if bad {
        return Err(Error::invalid(format!(
            "collection name {name:?}: names have 1 to 128 bytes and no control characters"
        )));
    }
    Ok(())
}

/// Makes the document store's own tables in `namespace`, which opening a collection does by itself:
/// needed only for a first collection that is opened inside a transaction.
///
/// # Errors
/// `NewerVersion`; `ReadOnly`; SQLite's errors.
pub fn prepare(namespace: &Namespace) -> Result<()> {
    namespace.install(&PART)
}
