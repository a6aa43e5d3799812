//! The live files of one snapshot, compactly.

use std::mem::size_of;

use futures_util::{StreamExt, TryStreamExt, stream};
use headwater_primitives::{Error, ErrorKind, Result};
use iceberg::spec::{
    DataContentType, DataFile, DataFileFormat, Datum, ManifestEntry, ManifestFile,
    PrimitiveLiteral, Struct,
};
use iceberg::table::Table;

use crate::error::OrLake;

const READS_AT_ONCE: usize = 8;

/// The live data and delete files of one snapshot.
#[derive(Debug, Default)]
pub struct FileSet {
    data: Vec<LiveFile>,
    deletes: Vec<LiveFile>,
    bytes: usize,
}

/// One live file of a snapshot, as its manifest describes it.
#[derive(Debug)]
#[non_exhaustive]
pub struct LiveFile {
    /// Where it is.
    pub location: Box<str>,
    /// What it holds.
    pub content: DataContentType,
    /// How it is encoded.
    pub format: DataFileFormat,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// The partition spec that its partition belongs to.
    pub spec: i32,
    /// Its partition: one value per field of the spec.
    pub partition: Struct,
    /// Rows in it.
    pub records: u64,
    /// Its size.
    pub bytes: u64,
    /// The data sequence number, by which deletes are older or newer than rows.
    pub sequence: i64,
    /// The snapshot that added it.
    pub snapshot_id: i64,
    /// The only data file that this delete file is about, where it says so.
    pub referenced: Option<Box<str>>,
    /// By field id, ascending.
    columns: Box<[Bounds]>,
}

/// What is known about one column of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Bounds {
    /// The column's field id.
    pub field: i32,
    /// No value that is not null is below it; strings may be cut short.
    pub lower: Option<Datum>,
    /// No value that is not null is above it.
    pub upper: Option<Datum>,
    /// How many values are null, where that is known.
    pub nulls: Option<u64>,
}

impl FileSet {
    /// The live files of the snapshot `snapshot_id` of `table`; none where it has no snapshot and `None`
    /// is asked for, which means the current one.
    ///
    /// Reads the manifest list and all manifests, eight at a time.
    ///
    /// # Errors
    /// `NotFound` when there is no such snapshot; the store's errors.
    pub async fn load(table: &Table, snapshot_id: Option<i64>) -> Result<FileSet> {
        let metadata = table.metadata();
        let snapshot = match snapshot_id {
            Some(id) => Some(metadata.snapshot_by_id(id).ok_or_else(|| no_snapshot(table, id))?),
            None => metadata.current_snapshot(),
        };
        let Some(snapshot) = snapshot else {
            return Ok(FileSet::default());
        };
        let list = table.manifest_list_reader(snapshot).load().await.or_lake()?;
        let io = table.file_io();
        // Its iterator is not `Send`.
        let listed: Vec<_> = list.consume_entries().into_iter().collect();
        let mut read = stream::iter(listed)
            .map(
                |file| async move { file.load_manifest(io).await.map(|manifest| (file, manifest)) },
            )
            .buffered(READS_AT_ONCE);
        let mut files = FileSet::default();
        while let Some((file, manifest)) = read.try_next().await.or_lake()? {
            for entry in manifest.entries().iter().filter(|entry| entry.is_alive()) {
                files.add(LiveFile::of(entry, &file));
            }
        }
        Ok(files)
    }

    /// The data files, in the order of the manifests.
    pub fn data(&self) -> &[LiveFile] {
        &self.data
    }

    /// The delete files, in the order of the manifests.
    pub fn deletes(&self) -> &[LiveFile] {
        &self.deletes
    }

    /// The delete files that may have something about `file`: of its spec and partition, not older than
    /// it, and not said to be about another file. `O(deletes)`.
    pub fn deletes_for<'s>(&'s self, file: &'s LiveFile) -> impl Iterator<Item = &'s LiveFile> {
        self.deletes.iter().filter(move |delete| delete.applies_to(file))
    }

    /// Whether iceberg's scan reads all of these files: it passes over what it does not know.
    ///
    /// # Errors
    /// `Unsupported`, naming the first file that it does not read and the feature that it needs.
    pub fn check_readable(&self) -> Result<()> {
        let unknown = |file: &LiveFile| file.needs().map(|feature| unsupported(file, feature));
        self.data.iter().chain(&self.deletes).find_map(unknown).map_or(Ok(()), Err)
    }

    /// Rows in the data files, deleted ones included.
    pub fn records(&self) -> u64 {
        self.data.iter().map(|file| file.records).sum()
    }

    /// About how much memory it takes.
    pub fn memory(&self) -> usize {
        size_of::<FileSet>() + self.bytes
    }

    fn add(&mut self, file: LiveFile) {
        self.bytes += file.memory();
        match file.content {
            DataContentType::Data => self.data.push(file),
            _ => self.deletes.push(file),
        }
    }
}

impl LiveFile {
    fn of(entry: &ManifestEntry, manifest: &ManifestFile) -> LiveFile {
        let file = entry.data_file();
        LiveFile {
            location: file.file_path().into(),
            content: file.content_type(),
            format: file.file_format(),
            encrypted: file.key_metadata().is_some(),
            spec: manifest.partition_spec_id,
            partition: file.partition().clone(),
            records: file.record_count(),
            bytes: file.file_size_in_bytes(),
            sequence: entry.sequence_number().unwrap_or_default(),
            snapshot_id: entry.snapshot_id().unwrap_or_default(),
            referenced: file.referenced_data_file().map(Into::into),
            columns: columns(file),
        }
    }

    /// What is known about the columns, by field id.
    pub fn columns(&self) -> &[Bounds] {
        &self.columns
    }

    /// What is known about the column `field`, where anything is.
    pub fn bounds(&self, field: i32) -> Option<&Bounds> {
        let at = self.columns.binary_search_by_key(&field, |bounds| bounds.field).ok()?;
        self.columns.get(at)
    }

    /// What reading the file would take that is not there.
    fn needs(&self) -> Option<&'static str> {
        match (self.content, self.format) {
            _ if self.encrypted => Some("encryption"),
            (_, DataFileFormat::Parquet) => None,
            (DataContentType::PositionDeletes, DataFileFormat::Puffin) => Some("deletion vectors"),
            (_, DataFileFormat::Avro) => Some("Avro files"),
            (_, DataFileFormat::Orc) => Some("ORC files"),
            (_, DataFileFormat::Puffin) => Some("Puffin files"),
        }
    }

    fn applies_to(&self, file: &LiveFile) -> bool {
        let about_others = self.referenced.as_ref().is_some_and(|only| *only != file.location);
        let new_enough = match self.content {
            // A row and a delete by its values in one snapshot: the row is the newer one.
            DataContentType::EqualityDeletes => self.sequence > file.sequence,
            _ => self.sequence >= file.sequence,
        };
        let everywhere =
            self.content == DataContentType::EqualityDeletes && self.partition.fields().is_empty();
        let same_place = self.spec == file.spec && self.partition == file.partition;
        new_enough && !about_others && (same_place || everywhere)
    }

    fn memory(&self) -> usize {
        let names = self.location.len() + self.referenced.as_ref().map_or(0, |name| name.len());
        let partition = size_of_val(self.partition.fields());
        let text = self.columns.iter().flat_map(|bounds| [&bounds.lower, &bounds.upper]);
        let text: usize = text.flatten().map(text_bytes).sum();
        size_of::<LiveFile>() + names + partition + size_of_val(&*self.columns) + text
    }
}

fn columns(file: &DataFile) -> Box<[Bounds]> {
    let (lower, upper) = (file.lower_bounds(), file.upper_bounds());
    let nulls = file.null_value_counts();
    let mut fields: Vec<i32> =
        lower.keys().chain(upper.keys()).chain(nulls.keys()).copied().collect();
    fields.sort_unstable();
    fields.dedup();
    let bounds = fields.into_iter().map(|field| Bounds {
        field,
        lower: lower.get(&field).cloned(),
        upper: upper.get(&field).cloned(),
        nulls: nulls.get(&field).copied(),
    });
    bounds.collect()
}

/// What a bound takes beside itself.
fn text_bytes(bound: &Datum) -> usize {
    match bound.literal() {
        PrimitiveLiteral::String(text) => text.len(),
        PrimitiveLiteral::Binary(bytes) => bytes.len(),
        _ => 0,
    }
}

fn unsupported(file: &LiveFile, feature: &str) -> Error {
    let message = format!("file {} needs {feature}, which are not supported", file.location);
    Error::new(ErrorKind::Unsupported, message)
}

fn no_snapshot(table: &Table, id: i64) -> Error {
    let name = table.identifier();
    let message = format!("table {name} has no snapshot {id}: it may have expired");
    Error::new(ErrorKind::NotFound, message)
}
