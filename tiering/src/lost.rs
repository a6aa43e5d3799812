//! A lake whose namespace is gone: its tables are found by their metadata files, since the catalog that
//! named them was in `hot.db`.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use bytes::Bytes;
use futures_util::TryStreamExt;
use headwater_cdc::{ArchiveReader, Archived, Store, UnifiedEvent};
use headwater_objects::OpenOptions;
use headwater_primitives::filter::Filter;
use headwater_primitives::{RecordId, Result, Sequence, block_on};
use iceberg::TableIdent;
use object_store::ObjectStore;

use crate::cold::{ColdTable, ColdTables, Pins, fold_all, table_ident, unescape};
use crate::error::{from_objects, from_store};
use crate::events;
use crate::io::LakeStorage;
use crate::place;
use crate::runtime::{LakeRuntime, Later};
use crate::tier::Lake;

/// Rows that are handed over at once, and how many such pages wait.
const PAGE_BYTES: usize = 1 << 20;
const PAGES: usize = 2;

/// A lake without its namespace, to be read only. Its functions block, and are not for use inside an
/// async runtime.
///
/// Of each table it takes the newest metadata file. That may be one of a commit that its process did not
/// live to finish; what that had written is as good.
pub struct LostLake {
    lake: Arc<Lake>,
    tables: BTreeMap<TableIdent, String>,
}

/// A row of the lake: its id, the sequence of its last write, and its body in SQLite's JSONB.
pub type LostRow = (RecordId, Sequence, Bytes);

impl LostLake {
    /// Finds the tables of the lake at `location`: a folder, or a URL. Cost: a listing of all files.
    ///
    /// # Errors
    /// `Unsupported` for an object store that this build lacks; what the store fails with.
    pub fn open(location: &str, options: &OpenOptions) -> Result<LostLake> {
        let objects = headwater_objects::open(location, options).map_err(from_objects)?;
        let storage = LakeStorage::new(place::root_of(&objects)?, objects.store());
        let lake = Arc::new(Lake {
            storage,
            catalog: None,
            folder: objects.folder().map(Into::into),
            runtime: LakeRuntime::default(),
            tables: ColdTables::default(),
            pins: Pins::default(),
            changing: tokio::sync::Mutex::default(),
        });
        let listed = lake.clone();
        let tables = block_on(lake.runtime.run(async move { newest_metadata(&listed).await }))?;
        Ok(LostLake { lake, tables })
    }

    /// The names of the tables that `store` has in the lake.
    pub fn tables(&self, store: Store) -> Vec<String> {
        let of_store =
            self.tables.keys().filter(|ident| ident.namespace().as_ref()[..] == [store.name()]);
        of_store.map(|ident| unescape(ident.name())).collect()
    }

    /// The rows of a table, in pages, in no order. A row that was written over or deleted since it was
    /// handed off, and that no snapshot has learned of, is among them.
    ///
    /// # Errors
    /// What the store fails with; each page may be an error.
    pub fn rows(
        &self,
        store: Store,
        table: &str,
    ) -> Result<impl Iterator<Item = Result<Vec<LostRow>>> + use<>> {
        let table = self.load(&table_ident(store, table))?;
        let (send, receive) = sync_channel::<Result<Vec<LostRow>>>(PAGES);
        let lake = self.lake.clone();
        let done = self.lake.runtime.run(async move {
            let Some(table) = table else { return Ok(()) };
            let page = (Vec::new(), 0, send.clone());
            let each = |page: &mut (Vec<LostRow>, usize, _), id, version, body: &[u8]| {
                page.0.push((id, version, Bytes::copy_from_slice(body)));
                page.1 += body.len();
                if page.1 >= PAGE_BYTES {
                    page.1 = 0;
                    hand_over(&page.2, std::mem::take(&mut page.0));
                }
                Ok(())
            };
            match fold_all(&lake, &table, &Filter::all(), page, each).await {
                Ok((rest, _, send)) => hand_over(&send, rest),
                Err(error) => drop(send.send(Err(error))),
            }
            Ok(())
        });
        Ok(Pages { receive, work: Some(done) })
    }

    /// The first and the last event of the change log that the lake has, with all between them.
    ///
    /// # Errors
    /// What the store fails with.
    pub fn events(&self) -> Result<Option<RangeInclusive<Sequence>>> {
        Ok(self.load(&events::ident())?.and_then(|table| events::run_of(&table)))
    }

    /// Those events, in order, in pages.
    ///
    /// # Errors
    /// What the store fails with; each page may be an error.
    pub fn read_events(&self) -> Result<impl Iterator<Item = Result<Vec<UnifiedEvent>>> + use<>> {
        let table = self.load(&events::ident())?;
        let range = table.as_ref().and_then(|table| events::run_of(table));
        let mut reader: VecDeque<Box<dyn ArchiveReader>> = VecDeque::new();
        if let (Some(table), Some(range)) = (table, range) {
            let after = Sequence(range.start().0.saturating_sub(1));
            reader.push_back(events::reader_of(&self.lake, table, after));
        }
        Ok(std::iter::from_fn(move || {
            let next = block_on(reader.pop_front()?.next(PAGE_BYTES));
            Some(next.map(|Archived { events, rest }| {
                reader.extend(rest);
                events
            }))
        }))
    }

    fn load(&self, ident: &TableIdent) -> Result<Option<Arc<ColdTable>>> {
        let Some(location) = self.tables.get(ident) else { return Ok(None) };
        let (lake, ident, location) = (self.lake.clone(), ident.clone(), location.clone());
        let loading = async move { lake.tables.at(&lake, &ident, &location).await };
        block_on(self.lake.runtime.run(loading)).map(Some)
    }
}

/// Pages of rows as they come.
struct Pages {
    receive: Receiver<Result<Vec<LostRow>>>,
    /// What sends them, until it has ended.
    work: Option<Later<()>>,
}

impl Iterator for Pages {
    type Item = Result<Vec<LostRow>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.receive.recv() {
            Ok(page) => Some(page),
            // They end where it did, unless it failed without a word.
            Err(_) => block_on(self.work.take()?).err().map(Err),
        }
    }
}

/// Nobody may be there any more to take them.
fn hand_over(to: &std::sync::mpsc::SyncSender<Result<Vec<LostRow>>>, rows: Vec<LostRow>) {
    if !rows.is_empty() {
        let _ = tokio::task::block_in_place(|| to.send(Ok(rows)));
    }
}

/// The newest metadata file of each table.
async fn newest_metadata(lake: &Lake) -> Result<BTreeMap<TableIdent, String>> {
    let root = lake.storage.root();
    let mut newest: BTreeMap<TableIdent, (u64, i64, String)> = BTreeMap::new();
    let mut listed = lake.storage.store().list(None);
    while let Some(file) =
        listed.try_next().await.map_err(|error| from_store(error, root.as_str()))?
    {
        let location = root.location(&file.location);
        let Some((ident, number)) = table_of(root.as_str(), &location) else { continue };
        let found = (number, file.last_modified.timestamp_micros(), location);
        let known = newest.entry(ident).or_insert_with(|| found.clone());
        if found > *known {
            *known = found;
        }
    }
    Ok(newest.into_iter().map(|(ident, (.., location))| (ident, location)).collect())
}

/// The table whose metadata file this is, and the file's number.
fn table_of(root: &str, location: &str) -> Option<(TableIdent, u64)> {
    let below = location.strip_prefix(root)?.trim_start_matches('/');
    let (table, file) = below.rsplit_once("/metadata/")?;
    let (number, _) = file.strip_suffix(".metadata.json")?.split_once('-')?;
    let (store, name) = table.split_once('/')?;
    let ident = TableIdent::from_strs([store, name]).ok()?;
    Some((ident, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metadata_file_says_which_table_it_is_of() {
        let of = |location: &str| table_of("file:///a/lake", location);
        let orders = TableIdent::from_strs(["document", "orders"]).unwrap();
        let file = "file:///a/lake/document/orders/metadata/00012-aa-bb.metadata.json";
        assert_eq!(of(file), Some((orders, 12)));
        let nested = TableIdent::from_strs(["document", "a/b"]).unwrap();
        assert_eq!(
            of("file:///a/lake/document/a/b/metadata/00000-x.metadata.json"),
            Some((nested, 0))
        );
        for other in [
            "file:///a/lake/document/orders/metadata/snap-1.avro",
            "file:///a/lake/document/orders/data/x.parquet",
            "file:///b/document/orders/metadata/00001-x.metadata.json",
            "file:///a/lake/orders/metadata/x.metadata.json",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
