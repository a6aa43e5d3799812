//! A vector store's place in the hot tier.

use std::sync::{Arc, OnceLock};

use headwater_primitives::filter::Path;
use headwater_primitives::rusqlite::{Connection, OptionalExtension};
use headwater_primitives::{Error, ErrorKind, IdKind, Namespace, Result, Transaction};
use serde::de::DeserializeOwned;

use crate::options::VectorOptions;
use crate::record::RowFields;

/// What a handle asks of a store.
#[derive(Clone)]
pub(crate) struct Wanted {
    /// What it is made with, or must have been made with.
    pub(crate) options: Option<VectorOptions>,
    pub(crate) fields: RowFields<&'static str>,
    pub(crate) id_kind: Option<IdKind>,
}

/// A store's place in the hot tier, with the statements that touch it. All handles share one.
pub(crate) struct Table {
    pub(crate) number: u32,
    pub(crate) name: Arc<str>,
    pub(crate) options: VectorOptions,
    pub(crate) fields: RowFields,
    /// The paths of `options.filters`.
    pub(crate) filters: Vec<Path>,
    pub(crate) sql: Statements,
    id_kind: OnceLock<IdKind>,
}

pub(crate) struct Statements {
    /// `vector_N`.
    pub(crate) table: String,
    /// `vector_N_filter`.
    pub(crate) filter: String,
    pub(crate) insert: String,
    pub(crate) replace: String,
    pub(crate) delete: String,
    pub(crate) by_id: String,
    pub(crate) by_row: String,
    pub(crate) add_entry: String,
    pub(crate) remove_entry: String,
    /// Makes `vector_N_warm`, from which the rows are known whose embedding is elsewhere.
    pub(crate) warm_index: String,
    /// Pages of the numbers and generations of those rows.
    pub(crate) warm_rows: String,
    pub(crate) warm_count: String,
    /// The generation of a row whose embedding is elsewhere.
    pub(crate) held: String,
}

/// The columns that [`StoredRow`](crate::rows::StoredRow) is read from.
pub(crate) const COLUMNS: &str = "row, id, version, text, metadata, embedding";

impl Statements {
    fn new(number: u32) -> Self {
        let table = format!("vector_{number}");
        let filter = format!("{table}_filter");
        Statements {
            insert: format!(
                "INSERT INTO {table}(id, version, text, metadata, embedding) \
                 VALUES (?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING"
            ),
            replace: format!(
                "UPDATE {table} SET version = ?2, text = ?3, metadata = ?4, embedding = ?5 \
                 WHERE row = ?1"
            ),
            delete: format!("DELETE FROM {table} WHERE row = ?"),
            by_id: format!("SELECT {COLUMNS} FROM {table} WHERE id = ?"),
            by_row: format!("SELECT {COLUMNS} FROM {table} WHERE row = ?"),
            add_entry: format!(
                "INSERT OR IGNORE INTO {filter}(field, value, row) VALUES (?, ?, ?)"
            ),
            remove_entry: format!("DELETE FROM {filter} WHERE field = ? AND value = ? AND row = ?"),
            // Hot rows have no entry in it.
            warm_index: format!(
                "CREATE INDEX IF NOT EXISTS {table}_warm ON {table}(row, embedding) \
                 WHERE typeof(embedding) = 'integer'"
            ),
            warm_rows: format!(
                "SELECT row, embedding FROM {table} INDEXED BY {table}_warm \
                 WHERE typeof(embedding) = 'integer' AND row > ? ORDER BY row LIMIT ?"
            ),
            warm_count: format!(
                "SELECT count(*) FROM {table} INDEXED BY {table}_warm \
                 WHERE typeof(embedding) = 'integer'"
            ),
            held: format!(
                "SELECT embedding FROM {table} WHERE row = ? AND typeof(embedding) = 'integer'"
            ),
            table,
            filter,
        }
    }
}

impl Table {
    /// Loads the store `name` if `connection` sees one.
    pub(crate) fn load(connection: &Connection, name: &str) -> Result<Option<Table>> {
        let found: Option<(u32, Option<String>, String, String)> = connection
            .prepare_cached(
                "SELECT id, id_kind, options, fields FROM vector_stores WHERE name = ?",
            )?
            .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .optional()?;
        let Some((number, kind, options, fields)) = found else { return Ok(None) };
        let options: VectorOptions = stored("options", name, &options)?;
        let filters: Result<Vec<Path>> =
            options.filters.iter().map(|path| Path::parse(path)).collect();
        let table = Table {
            number,
            name: name.into(),
            filters: filters.map_err(|error| Error::corrupt(error.to_string()))?,
            options,
            fields: stored("fields", name, &fields)?,
            sql: Statements::new(number),
            id_kind: OnceLock::new(),
        };
        if let Some(kind) = kind {
            let _ = table.id_kind.set(IdKind::from_name(&kind)?);
        }
        Ok(Some(table))
    }

    /// The store `name` as `tx` sees it; made as `wanted` when there is none.
    pub(crate) fn load_or_create(
        tx: &Transaction<'_>,
        name: &str,
        wanted: &Wanted,
    ) -> Result<Table> {
        if let Some(table) = Table::load(tx.sql(), name)? {
            return Ok(table);
        }
        let Some(options) = &wanted.options else { return Err(missing(name)) };
        options.check().map_err(|error| error.context(place(name)))?;
        let kind = wanted.id_kind.map(IdKind::name);
        let (options, fields) = (text(options)?, text(&wanted.fields)?);
        tx.sql().execute(
            "INSERT INTO vector_stores(name, id_kind, options, fields) VALUES (?, ?, ?, ?)",
            (name, kind, options, fields),
        )?;
        let number = u32::try_from(tx.sql().last_insert_rowid())
            .map_err(|_| Error::new(ErrorKind::TooLarge, "too many vector stores"))?;
        let Statements { table, filter, warm_index, .. } = Statements::new(number);
        // AUTOINCREMENT: the number of a deleted row is never used again, since indexes label their
        // entries with it. The id has no type, so integers and texts stay what they are.
        tx.sql().execute_batch(&format!(
            "CREATE TABLE {table}(row INTEGER PRIMARY KEY AUTOINCREMENT, id NOT NULL UNIQUE, \
             version INTEGER NOT NULL, metadata BLOB NOT NULL, text TEXT, embedding BLOB);
             CREATE TABLE {filter}(field INTEGER NOT NULL, value BLOB NOT NULL, \
             row INTEGER NOT NULL, PRIMARY KEY(field, value, row)) WITHOUT ROWID;
             {warm_index};"
        ))?;
        Table::load(tx.sql(), name)?
            .ok_or_else(|| Error::corrupt(format!("{} was made and is not there", place(name))))
    }

    /// The places of the filter fields.
    pub(crate) fn filter_fields(&self) -> std::ops::Range<u32> {
        0..self.filters.len() as u32
    }

    /// Refuses a handle that asks for something else than this store is.
    pub(crate) fn check(&self, wanted: &Wanted) -> Result<()> {
        if let Some(asked) = &wanted.options {
            asked.check().map_err(|error| error.context(place(&self.name)))?;
            if let Some(difference) = self.options.difference(asked) {
                return Err(Error::invalid(format!(
                    "{} is there with other options: {difference}. They are fixed once a store is \
                     there: use it as it is, or another name",
                    place(&self.name)
                )));
            }
        }
        // Rows of any shape read and write whatever a type does.
        if wanted.fields.metadata.is_none() && wanted.fields.to_owned() != self.fields {
            return Err(Error::invalid(format!(
                "{} keeps rows with the fields {}, and this type has {}",
                place(&self.name),
                text(&self.fields)?,
                text(&wanted.fields)?
            )));
        }
        match (self.id_kind.get(), wanted.id_kind) {
            (Some(there), Some(asked)) if *there != asked => Err(Error::invalid(format!(
                "{} has {} ids, and this type has {} ids",
                place(&self.name),
                there.name(),
                asked.name()
            ))),
            _ => Ok(()),
        }
    }

    /// The kind of the ids, as far as it is known to be committed.
    pub(crate) fn known_kind(&self) -> Option<IdKind> {
        self.id_kind.get().copied()
    }

    /// The kind of the ids as `connection` sees it.
    pub(crate) fn kind_in(&self, connection: &Connection) -> Result<Option<IdKind>> {
        if let Some(kind) = self.id_kind.get() {
            return Ok(Some(*kind));
        }
        let kind: Option<String> = connection
            .prepare_cached("SELECT id_kind FROM vector_stores WHERE id = ?")?
            .query_row([self.number], |row| row.get(0))?;
        kind.map(|kind| IdKind::from_name(&kind)).transpose()
    }

    /// The kind of the ids, which is kept once it is committed.
    pub(crate) fn committed_kind(&self, namespace: &Namespace) -> Result<Option<IdKind>> {
        if let Some(kind) = self.id_kind.get() {
            return Ok(Some(*kind));
        }
        let kind = namespace.query(|connection| self.kind_in(connection))?;
        Ok(kind.map(|kind| *self.id_kind.get_or_init(|| kind)))
    }

    /// Writes down the kind that the first row decides.
    pub(crate) fn decide_kind(&self, tx: &Transaction<'_>, kind: IdKind) -> Result<()> {
        tx.sql()
            .prepare_cached("UPDATE vector_stores SET id_kind = ? WHERE id = ?")?
            .execute((kind.name(), self.number))?;
        Ok(())
    }
}

/// How messages call the store `name`.
pub(crate) fn place(name: &str) -> String {
    format!("vector store {name:?}")
}

/// What opening the store `name` fails with where there is none.
pub(crate) fn missing(name: &str) -> Error {
    let why = "there is none: create it with its options";
    Error::new(ErrorKind::NotFound, format!("{}: {why}", place(name)))
}

fn text<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::invalid(error.to_string()))
}

fn stored<T: DeserializeOwned>(what: &str, name: &str, json: &str) -> Result<T> {
    serde_json::from_str(json)
        .map_err(|error| Error::corrupt(format!("{what} of {}: {error}", place(name))))
}
