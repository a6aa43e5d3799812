//! Tables of the lake by the metadata files that describe them: loaded once, and kept while they are
//! the current ones.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use headwater_cdc::Store;
use headwater_primitives::{Error, RecordId, Result, Sequence};
use iceberg::spec::{Literal, PrimitiveLiteral};
use iceberg::table::Table;
use iceberg::{NamespaceIdent, TableIdent};
use tokio::sync::OnceCell;

use super::names::escape;
use crate::error::OrLake;
use crate::files::{FilePlace, FileReader, FooterCache, WrittenFile, read_position_deletes};
use crate::io::LakeStorage;
use crate::manifests::{FileSet, LiveFile, Manifests};
use crate::schema::LakeSchema;
use crate::tier::Lake;
use crate::tombstones::Tombstones;

/// Bytes of manifests, and of Parquet footers, that are kept.
const MANIFEST_BYTES: usize = 32 << 20;
const FOOTER_BYTES: usize = 64 << 20;
/// Tables that are kept; those used longest ago go first.
const TABLES: usize = 16;

/// The tables of one lake that were read.
pub(crate) struct ColdTables {
    manifests: Manifests,
    footers: FooterCache,
    /// By the location of their metadata.
    tables: Mutex<Vec<(String, Arc<ColdTable>)>>,
}

impl Default for ColdTables {
    fn default() -> Self {
        ColdTables {
            manifests: Manifests::new(MANIFEST_BYTES),
            footers: FooterCache::new(FOOTER_BYTES),
            tables: Mutex::default(),
        }
    }
}

/// One state of a table of the lake.
pub(crate) struct ColdTable {
    pub(crate) table: Table,
    pub(crate) schema: Arc<LakeSchema>,
    pub(crate) files: Arc<FileSet>,
    /// Deleted positions by data file, read when they are first asked for.
    deleted: OnceCell<HashMap<Box<str>, Arc<[u64]>>>,
}

/// The Iceberg name of a store's table.
pub(crate) fn table_ident(store: Store, name: &str) -> TableIdent {
    TableIdent::new(NamespaceIdent::new(store.name().to_owned()), escape(name))
}

impl ColdTables {
    /// The table as the metadata file at `location` has it.
    pub(crate) async fn at(
        &self,
        lake: &Lake,
        ident: &TableIdent,
        location: &str,
    ) -> Result<Arc<ColdTable>> {
        if let Some(known) = self.known(location) {
            return Ok(known);
        }
        let io = lake.storage.file_io();
        let metadata = iceberg::spec::TableMetadata::read_from(&io, location).await.or_lake()?;
        let table = Table::builder()
            .file_io(io)
            .metadata_location(location)
            .metadata(metadata)
            .identifier(ident.clone())
            .runtime(lake.runtime.iceberg()?)
            .build()
            .or_lake()?;
        self.of(&table).await
    }

    /// What is read of `table`.
    pub(crate) async fn of(&self, table: &Table) -> Result<Arc<ColdTable>> {
        let location = table.metadata_location().unwrap_or_default();
        if let Some(known) = self.known(location) {
            return Ok(known);
        }
        let metadata = table.metadata();
        let schema = LakeSchema::from_iceberg(metadata.current_schema(), metadata.properties())?;
        let cold = Arc::new(ColdTable {
            table: table.clone(),
            schema: Arc::new(schema),
            files: self.manifests.load(table, None).await?,
            deleted: OnceCell::new(),
        });
        self.keep(location, &cold);
        Ok(cold)
    }

    /// Reads a file that was just written from one end to the other, and compares rows and checksum.
    pub(crate) async fn check(
        &self,
        storage: &LakeStorage,
        schema: &Arc<LakeSchema>,
        written: &WrittenFile,
    ) -> Result<()> {
        let (store, place) = (storage.store().clone(), written.place.clone());
        let file =
            FileReader::open(store, place, written.bytes, schema.clone(), &self.footers).await?;
        let (rows, hash) = file.content().await?;
        if (rows, hash) == (written.rows, written.hash) {
            return Ok(());
        }
        Err(Error::corrupt(format!(
            "file {} was written with {} rows of hash {}, and reads back as {rows} of {hash}",
            written.place.url, written.rows, written.hash
        )))
    }

    fn known(&self, location: &str) -> Option<Arc<ColdTable>> {
        let mut tables = self.lock();
        let at = tables.iter().position(|(known, _)| known == location)?;
        let found = tables.remove(at);
        let table = found.1.clone();
        tables.push(found);
        Some(table)
    }

    fn keep(&self, location: &str, table: &Arc<ColdTable>) {
        let mut tables = self.lock();
        tables.push((location.to_owned(), table.clone()));
        if tables.len() > TABLES {
            tables.remove(0);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, Arc<ColdTable>)>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ColdTable {
    /// The data file at `location`, when it is one of this table.
    pub(crate) fn file(&self, location: &str) -> Option<&LiveFile> {
        self.files.data().iter().find(|file| &*file.location == location)
    }

    /// Opens a data file, without the rows that were deleted.
    pub(crate) async fn open(&self, lake: &Lake, file: &LiveFile) -> Result<FileReader> {
        let deleted = self.deleted(lake).await?.get(&file.location).cloned();
        let place = FilePlace {
            path: lake.storage.root().path(&file.location)?,
            url: file.location.to_string(),
        };
        let (store, schema) = (lake.storage.store().clone(), self.schema.clone());
        let opened =
            FileReader::open(store, place, file.bytes, schema, &lake.tables.footers).await?;
        Ok(opened.without(deleted.unwrap_or_default()))
    }

    /// Whether the file may have the row `id` at `version`.
    pub(crate) fn may_have(&self, file: &LiveFile, id: &RecordId, version: Sequence) -> bool {
        let system = self.schema.system();
        let version = PrimitiveLiteral::Long(version.0.cast_signed());
        let id = match id {
            RecordId::Integer(id) => PrimitiveLiteral::Long(*id),
            RecordId::Text(id) => PrimitiveLiteral::String(id.to_string()),
        };
        within(file, system.version, &version) && within(file, system.id, &id)
    }

    /// Where the versions `over` are: files with sorted positions. A version that is in no file is left
    /// out.
    pub(crate) async fn positions(
        &self,
        lake: &Lake,
        over: &Tombstones,
    ) -> Result<Vec<(&LiveFile, Vec<u64>)>> {
        let mut found = Vec::new();
        for file in self.files.data() {
            let mut wanted: Vec<_> = over
                .iter()
                .filter(|(id, version)| self.may_have(file, id, *version))
                .cloned()
                .collect();
            if wanted.is_empty() {
                continue;
            }
            wanted.sort_unstable();
            let positions = self.open(lake, file).await?.positions(&wanted).await?;
            let mut positions: Vec<u64> = positions.into_iter().map(|(_, at)| at).collect();
            positions.sort_unstable();
            if !positions.is_empty() {
                found.push((file, positions));
            }
        }
        Ok(found)
    }

    /// Deleted positions by data file.
    pub(crate) async fn deleted(&self, lake: &Lake) -> Result<&HashMap<Box<str>, Arc<[u64]>>> {
        self.deleted.get_or_try_init(|| self.read_deletes(lake)).await
    }

    async fn read_deletes(&self, lake: &Lake) -> Result<HashMap<Box<str>, Arc<[u64]>>> {
        self.files.check_readable()?;
        let mut by_file: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for file in self.files.deletes() {
            let path = lake.storage.root().path(&file.location)?;
            let place = FilePlace { path, url: file.location.to_string() };
            let store = lake.storage.store().clone();
            let read = read_position_deletes(store, &place, file.bytes, None).await?;
            for (data, positions) in read {
                by_file.entry(data).or_default().extend(positions);
            }
        }
        Ok(by_file
            .into_iter()
            .map(|(file, mut positions)| {
                positions.sort_unstable();
                positions.dedup();
                (file.into(), positions.into())
            })
            .collect())
    }
}

impl LiveFile {
    /// The day that is this file's partition, in days since 1970-01-01.
    pub(crate) fn day(&self) -> Result<i32> {
        match self.partition.fields() {
            [Some(Literal::Primitive(PrimitiveLiteral::Int(day)))] => Ok(*day),
            other => Err(Error::corrupt(format!(
                "file {} has the partition {other:?}, where one day is expected",
                self.location
            ))),
        }
    }
}

/// Whether the bounds that the file has for a column leave room for `value`.
fn within(file: &LiveFile, field: i32, value: &PrimitiveLiteral) -> bool {
    let Some(bounds) = file.bounds(field) else { return true };
    let above = bounds.lower.as_ref().is_none_or(|lower| lower.literal() <= value);
    let below = bounds.upper.as_ref().is_none_or(|upper| {
        // The upper bound of a text is cut up: it is not below any value.
        upper.literal() >= value
    });
    above && below
}
