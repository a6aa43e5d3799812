//! What the hot tier knows of a store's warm tier: where it is, and which version of it counts.

use std::collections::BTreeMap;

use headwater_primitives::rusqlite::{Connection, OptionalExtension};
use headwater_primitives::{Error, Result, Transaction};

/// A store's row of `vector_warm`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    /// The dataset's URL; empty for the default place below the namespace.
    pub(crate) location: String,
    /// What the object store is opened with.
    pub(crate) options: BTreeMap<String, String>,
    /// What the dataset is marked with, so that no other store writes into it.
    pub(crate) mark: String,
    /// The version that readers open; 0 before the first.
    pub(crate) version: u64,
    /// Entries in that version, stale ones among them.
    pub(crate) entries: u64,
    /// Whether that version may have entries whose rows are still hot at the same generation: what a
    /// demotion that was ended in between has left.
    pub(crate) unfinished: bool,
    /// Entries when the index of the vectors was trained; 0 without one.
    pub(crate) trained: u64,
    /// Goes up whenever embeddings leave the hot tier.
    pub(crate) moves: u64,
}

impl Pointer {
    /// The warm tier of the store `number`, if it has one.
    pub(crate) fn load(sql: &Connection, number: u32) -> Result<Option<Pointer>> {
        if !has_table(sql)? {
            return Ok(None);
        }
        let mut select = sql.prepare_cached(
            "SELECT location, options, mark, version, entries, unfinished, trained, moves \
             FROM vector_warm WHERE store = ?",
        )?;
        let found = select
            .query_row([number], |row| {
                let options: String = row.get(1)?;
                let count = |at| row.get::<_, i64>(at).map(|count| count as u64);
                let pointer = Pointer {
                    location: row.get(0)?,
                    options: BTreeMap::new(),
                    mark: row.get(2)?,
                    version: count(3)?,
                    entries: count(4)?,
                    unfinished: row.get(5)?,
                    trained: count(6)?,
                    moves: count(7)?,
                };
                Ok((pointer, options))
            })
            .optional()?;
        let Some((mut pointer, options)) = found else { return Ok(None) };
        pointer.options = serde_json::from_str(&options)
            .map_err(|error| Error::corrupt(format!("options of a warm tier: {error}")))?;
        Ok(Some(pointer))
    }

    /// Writes it, in the place of what was there.
    #[cfg_attr(not(feature = "lance"), allow(dead_code))]
    pub(crate) fn store(&self, tx: &Transaction<'_>, number: u32) -> Result<()> {
        let options = serde_json::to_string(&self.options)
            .map_err(|error| Error::invalid(error.to_string()))?;
        tx.sql()
            .prepare_cached(
                "INSERT OR REPLACE INTO vector_warm(store, location, options, mark, version, \
                 entries, unfinished, trained, moves) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute((
                number,
                &self.location,
                options,
                &self.mark,
                self.version as i64,
                self.entries as i64,
                self.unfinished,
                self.trained as i64,
                self.moves as i64,
            ))?;
        Ok(())
    }
}

/// A namespace that its owner has not opened with this code yet has no such table.
fn has_table(sql: &Connection) -> Result<bool> {
    let mut select = sql
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE name = 'vector_warm')")?;
    Ok(select.query_row([], |row| row.get(0))?)
}
