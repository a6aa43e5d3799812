//! What a database holds, in figures.

use std::path::PathBuf;

use headwater_primitives::{LogStats, Result};
use serde::Serialize;

use crate::database::Headwater;
use crate::parts::PARTS;

/// Figures of a database, as [`Headwater::stats`] gathers them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Stats {
    /// The namespace's name.
    pub namespace: String,
    /// Its folder.
    pub path: PathBuf,
    /// The log epoch.
    pub epoch: u64,
    /// Bytes of `hot.db`.
    pub hot_bytes: u64,
    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
    /// Bytes that the row cache holds.
    pub cache_bytes: u64,
    /// The change log.
    pub changes: LogStats,
    /// Every table of every store.
    pub tables: Vec<TableStats>,
}

/// Figures of one table, collection or graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TableStats {
    /// The store that keeps it.
    pub store: &'static str,
    /// Its name.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// What is indexed.
    pub indexes: Vec<String>,
}

impl Stats {
    pub(crate) fn of(db: &Headwater) -> Result<Stats> {
        let namespace = db.namespace();
        let mut tables = Vec::new();
        for part in PARTS {
            tables.extend((part.tables)(namespace)?);
        }
        Ok(Stats {
            namespace: namespace.name().to_owned(),
            path: namespace.path().to_owned(),
            epoch: namespace.epoch(),
            hot_bytes: size(namespace.path().join("hot.db")),
            wal_bytes: size(namespace.path().join("hot.db-wal")),
            cache_bytes: namespace.cache().bytes(),
            changes: db.changes().stats().wait()?,
            tables,
        })
    }
}

/// A file that is not there, such as a log that was never needed, has no bytes.
fn size(path: PathBuf) -> u64 {
    path.metadata().map_or(0, |file| file.len())
}
