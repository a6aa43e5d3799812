//! What a reader of the hot tier sees of the lake.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use headwater_cdc::Store;
use headwater_primitives::filter::Filter;
use headwater_primitives::rusqlite::{Connection, OptionalExtension, params};
use headwater_primitives::{RecordId, Result, Sequence};
use iceberg::TableIdent;

use super::pins::Pin;
use super::{ColdFiles, ColdTable, files, fold, table_ident};
use crate::catalog;
use crate::runtime::Later;
use crate::tier::Lake;
use crate::tombstones::{self, Tombstones};

/// Rows that are looked up at the same time.
const READS_AT_ONCE: usize = 8;

/// What the lake has of one table, as one state of the hot tier has it. Its files are never changed, and
/// none of them is deleted while it lives.
pub struct ColdView {
    lake: Arc<Lake>,
    ident: TableIdent,
    /// Where the table's metadata is, and stays; `None` when the lake has no such table.
    pin: Option<Arc<Pin>>,
    /// What of it does not count.
    over: Arc<Over>,
}

/// Rows of the lake that do not count.
#[derive(Default)]
pub(crate) struct Over {
    /// Versions that were written over, or deleted.
    pub(crate) tombstones: Tombstones,
    /// Files whose rows are still hot, from this position on.
    pub(crate) unreleased: Vec<(Box<str>, u64)>,
}

impl ColdView {
    /// The lake's side of a table for looking rows up by their versions.
    pub(crate) fn of(
        lake: &Arc<Lake>,
        sql: &Connection,
        store: Store,
        table: &str,
    ) -> Result<ColdView> {
        let ident = table_ident(store, table);
        let location = match tombstones::table_number(sql, store, table)? {
            Some(_) => catalog::pointer_of(sql, &ident)?,
            None => None,
        };
        let pin = location.map(|location| Arc::new(lake.pins.pin(&location)));
        Ok(ColdView { lake: lake.clone(), ident, pin, over: Arc::default() })
    }

    /// The same for reading all rows: knows which of them do not count.
    pub(crate) fn whole(
        lake: &Arc<Lake>,
        sql: &Connection,
        store: Store,
        table: &str,
    ) -> Result<ColdView> {
        let mut view = ColdView::of(lake, sql, store, table)?;
        if let Some(tiered) = tombstones::table_number(sql, store, table)? {
            view.over = Arc::new(Over {
                tombstones: tombstones::load(sql, tiered)?,
                unreleased: unreleased(sql, tiered)?,
            });
        }
        Ok(view)
    }

    /// The bodies of the rows at these versions, in their order; `None` where the lake has none.
    ///
    /// Cost of each: the pages of one file that may have it.
    pub fn fetch(&self, keys: Vec<(RecordId, Sequence)>) -> Later<Vec<Option<Bytes>>> {
        let (lake, table) = (self.lake.clone(), self.loading());
        self.lake.runtime.run(async move {
            let Some(reading) = table.await? else { return Ok(vec![None; keys.len()]) };
            let (lake, table) = (&lake, &reading.table);
            let find = |(id, version)| async move { find(lake, table, &id, version).await };
            stream::iter(keys).map(find).buffered(READS_AT_ONCE).try_collect().await
        })
    }

    /// Hands `each` the rows that count, of those files and parts of files that `filter` does not rule
    /// out: id, version and body. They are not filtered further.
    pub fn fold<S: Send + 'static>(
        &self,
        filter: &Filter,
        state: S,
        each: impl FnMut(&mut S, RecordId, Sequence, &[u8]) -> Result<()> + Send + 'static,
    ) -> Later<S> {
        let (lake, table, over) = (self.lake.clone(), self.loading(), self.over.clone());
        let filter = filter.clone();
        self.lake.runtime.run(async move {
            match table.await? {
                Some(reading) => {
                    fold::fold(&lake, &reading.table, &over, &filter, state, each).await
                }
                None => Ok(state),
            }
        })
    }

    /// The table's files with the rows of them that count, for an engine that reads Parquet itself;
    /// `None` when the lake has no such table. The versions `left_out` do not count either.
    ///
    /// Cost: the key pages of files that may have a tombstone or what is left out, and the footers of
    /// files of which some rows do not count.
    pub fn files(&self, left_out: Vec<(RecordId, Sequence)>) -> Later<Option<ColdFiles>> {
        let (lake, table, over) = (self.lake.clone(), self.loading(), self.over.clone());
        self.lake.runtime.run(async move {
            match table.await? {
                Some(reading) => files::files(&lake, reading, &over, left_out).await.map(Some),
                None => Ok(None),
            }
        })
    }

    fn loading(&self) -> impl Future<Output = Result<Option<Reading>>> + Send + use<> {
        let (lake, ident, pin) = (self.lake.clone(), self.ident.clone(), self.pin.clone());
        async move {
            let Some(pin) = pin else { return Ok(None) };
            let table = lake.tables.at(&lake, &ident, pin.location()).await?;
            Ok(Some(Reading { table, _pin: pin }))
        }
    }
}

/// A table whose files stay for as long as it is read.
pub(super) struct Reading {
    pub(super) table: Arc<ColdTable>,
    _pin: Arc<Pin>,
}

/// The body of one row.
async fn find(
    lake: &Lake,
    table: &ColdTable,
    id: &RecordId,
    version: Sequence,
) -> Result<Option<Bytes>> {
    for file in table.files.data().iter().filter(|file| table.may_have(file, id, version)) {
        let found = table.open(lake, file).await?.get(id, version).await?;
        if let Some(row) = found {
            return Ok(Some(row.body));
        }
    }
    Ok(None)
}

/// The files of a hand-off that is committed and not released to its end.
fn unreleased(sql: &Connection, tiered: i64) -> Result<Vec<(Box<str>, u64)>> {
    let reached: Option<(i64, i64)> = sql
        .prepare_cached("SELECT file, position FROM tiering_releases WHERE tiered = ?")?
        .query_row([tiered], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((file, position)) = reached else { return Ok(Vec::new()) };
    let mut statement = sql.prepare_cached(
        "SELECT number, path FROM tiering_release_files WHERE tiered = ? AND number >= ?",
    )?;
    let files = statement.query_map(params![tiered, file], |row| {
        let (number, path): (i64, String) = (row.get(0)?, row.get(1)?);
        let from = if number == file { position } else { 0 };
        Ok((path.into_boxed_str(), from as u64))
    })?;
    Ok(files.collect::<std::result::Result<_, _>>()?)
}
