//! Which vector stores there are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_cdc::ChangeLog;
use headwater_primitives::{Error, Namespace, Part, Result, Transaction};

use crate::table::{Table, Wanted, missing, place};

/// The vector store's own tables.
pub(crate) const PART: Part = Part {
    name: "vector",
    migrations: &[
        "
CREATE TABLE vector_stores(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- NULL until the first row decides.
    id_kind TEXT,
    options TEXT NOT NULL,
    -- Where the JSON form of a row has its parts.
    fields TEXT NOT NULL,
    -- The filter fields of which a row ever had more than one entry, a bit each.
    multi INTEGER NOT NULL DEFAULT 0
);
",
        "
-- Where embeddings go that leave the hot tier.
CREATE TABLE vector_warm(
    store INTEGER PRIMARY KEY,
    -- A URL; empty for the place below the namespace.
    location TEXT NOT NULL,
    -- What the object store is opened with.
    options TEXT NOT NULL,
    -- What the dataset is marked with.
    mark TEXT NOT NULL,
    -- The dataset's version that readers open, and how many entries it has; 0 before the first.
    version INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    -- Whether it may have entries of rows that never left.
    unfinished INTEGER NOT NULL,
    -- Entries when its vectors' index was trained; 0 without one.
    trained INTEGER NOT NULL,
    -- Goes up whenever embeddings leave.
    moves INTEGER NOT NULL
);
",
    ],
};

/// The committed stores of one namespace, shared by all handles.
#[derive(Default)]
pub(crate) struct Catalog(Mutex<HashMap<Box<str>, Arc<Table>>>);

impl Catalog {
    pub(crate) fn of(namespace: &Namespace) -> Arc<Catalog> {
        namespace.extension(Catalog::default)
    }

    /// The store `name`, if it is committed.
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

    /// The store `name`, made as `wanted` when there is none.
    pub(crate) fn open(namespace: &Namespace, name: &str, wanted: Wanted) -> Result<Arc<Table>> {
        check_name(name)?;
        namespace.install(&PART)?;
        let catalog = Catalog::of(namespace);
        if let Some(table) = catalog.find(namespace, name)? {
            table.check(&wanted)?;
            return Ok(table);
        }
        if wanted.options.is_none() {
            return Err(missing(name));
        }
        let (made, asked) = (name.to_owned(), wanted.clone());
        namespace
            .transaction(move |tx| Table::load_or_create(tx, &made, &asked).map(drop))
            .wait()?;
        let table = catalog.find(namespace, name)?.ok_or_else(|| missing(name))?;
        table.check(&wanted)?;
        Ok(table)
    }

    /// The store `name` inside `tx`, made in it as `wanted` when there is none.
    pub(crate) fn open_within(
        tx: &Transaction<'_>,
        namespace: &Namespace,
        name: &str,
        wanted: &Wanted,
    ) -> Result<Arc<Table>> {
        check_name(name)?;
        namespace.install(&PART)?;
        let table = match Catalog::of(namespace).find(namespace, name)? {
            Some(table) => table,
            // Not kept: the transaction that makes it may still fail.
            None => Arc::new(Table::load_or_create(tx, name, wanted)?),
        };
        table.check(wanted)?;
        Ok(table)
    }
}

/// Refuses names that nobody could type back.
fn check_name(name: &str) -> Result<()> {
    let bad = name.is_empty() || name.len() > 128 || name.chars().any(char::is_control);
    if bad {
        return Err(Error::invalid(format!(
            "{}: names have 1 to 128 bytes and no control characters",
            place(name)
        )));
    }
    Ok(())
}

/// Makes the vector store's own tables and the change log in `namespace`, which opening a store does by itself: needed
/// only for a first store that is opened inside a transaction.
///
/// # Errors
/// `NewerVersion`; `ReadOnly`; SQLite's errors.
pub fn prepare(namespace: &Namespace) -> Result<()> {
    ChangeLog::open(namespace)?;
    namespace.install(&PART)
}
