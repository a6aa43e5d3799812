//! What the lake has, in figures.

use headwater_cdc::Store;
use headwater_primitives::{Answer, Error, Read, Result, Sequence};
use serde::Serialize;

use crate::cold::table_ident;
use crate::events::LOG;
use crate::tier::Tier;

/// Figures of one table of the lake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TableStatus {
    /// The store.
    pub store: Store,
    /// The table.
    pub table: String,
    /// Every row of a version up to this one was handed off, or may not be.
    pub watermark: Sequence,
    /// Rows in data files, those included that are deleted or over.
    pub rows: u64,
    /// Data files.
    pub files: u64,
    /// Files of position deletes.
    pub delete_files: u64,
    /// Bytes of both.
    pub bytes: u64,
    /// Snapshots that other engines can still read.
    pub snapshots: u64,
    /// Rows of the lake that are over since the last hand-off.
    pub tombstones: u64,
    /// Whether a hand-off is committed and not all of its rows have left the hot tier.
    pub releasing: bool,
}

/// What the hot tier knows of one table.
struct Known {
    store: String,
    table: String,
    watermark: i64,
    tombstones: i64,
    releasing: bool,
}

impl Tier {
    /// Figures of every table that was ever handed off. Cost: the tables' manifests.
    pub fn status(&self) -> Read<Vec<TableStatus>> {
        let tier = self.clone();
        Read::answered(move || match tier.known() {
            Err(error) => Answer::Now(Err(error)),
            Ok(known) => Answer::Later(tier.lake.runtime.clone().run(async move {
                let mut all = Vec::with_capacity(known.len());
                for known in known {
                    all.push(tier.table_status(known).await?);
                }
                Ok(all)
            })),
        })
    }

    fn known(&self) -> Result<Vec<Known>> {
        let select = "SELECT t.store, t.name, t.watermark, \
                      (SELECT count(*) FROM tiering_tombstones d WHERE d.tiered = t.id), \
                      EXISTS(SELECT 1 FROM tiering_releases r WHERE r.tiered = t.id) \
                      FROM tiering_tables t WHERE t.store <> ? ORDER BY t.store, t.name";
        self.namespace.query(|sql| {
            let mut statement = sql.prepare_cached(select)?;
            let known = statement.query_map([LOG], |row| {
                Ok(Known {
                    store: row.get(0)?,
                    table: row.get(1)?,
                    watermark: row.get(2)?,
                    tombstones: row.get(3)?,
                    releasing: row.get(4)?,
                })
            })?;
            Ok(known.collect::<std::result::Result<_, _>>()?)
        })
    }

    async fn table_status(&self, known: Known) -> Result<TableStatus> {
        let store = Store::ALL.into_iter().find(|store| store.name() == known.store);
        let store = store
            .ok_or_else(|| Error::corrupt(format!("the lake has a store {:?}", known.store)))?;
        let mut status = TableStatus {
            store,
            watermark: Sequence(known.watermark as u64),
            tombstones: known.tombstones as u64,
            releasing: known.releasing,
            rows: 0,
            files: 0,
            delete_files: 0,
            bytes: 0,
            snapshots: 0,
            table: known.table,
        };
        let ident = table_ident(store, &status.table);
        let location = self.namespace.query(|sql| crate::catalog::pointer_of(sql, &ident))?;
        let Some(location) = location else { return Ok(status) };
        let table = self.lake.tables.at(&self.lake, &ident, &location).await?;
        let (data, deletes) = (table.files.data(), table.files.deletes());
        status.rows = table.files.records();
        status.files = data.len() as u64;
        status.delete_files = deletes.len() as u64;
        status.bytes = data.iter().chain(deletes).map(|file| file.bytes).sum();
        status.snapshots = table.table.metadata().snapshots().len() as u64;
        Ok(status)
    }
}
