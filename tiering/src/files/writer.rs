//! Rows of one partition, streamed into Parquet files.

use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use headwater_primitives::{Error, RecordId, Result, Sequence, Timestamp};
use iceberg::spec::DataFile;
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use parquet::arrow::AsyncArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::async_writer::ParquetObjectWriter;
use tokio::task::JoinHandle;

use super::hash::{ContentHash, ContentHasher};
use super::names::{FileNames, FilePlace};
use super::options::FileOptions;
use super::{describe, failure, parquet_properties};
use crate::rows::RowEncoder;
use crate::runtime::joined;
use crate::schema::{LakeSchema, day_of};

/// How much of a file is collected before it is sent, and how many such parts are on their way.
const PART_BYTES: usize = 8 << 20;
const PARTS_IN_FLIGHT: usize = 2;

/// How many batches of rows are encoded at the same time, where there are as many.
const ENCODED_AT_ONCE: usize = 2;

/// A row on its way into a file.
#[derive(Debug)]
pub(crate) struct FileRow {
    pub(crate) id: RecordId,
    pub(crate) version: Sequence,
    pub(crate) written: Timestamp,
    pub(crate) body: Bytes,
}

impl FileRow {
    /// What rows of a file are sorted by.
    pub(crate) fn key(&self) -> (&RecordId, Sequence) {
        (&self.id, self.version)
    }
}

/// A data file that is complete.
#[derive(Clone, Debug)]
pub struct WrittenFile {
    /// Where it lies.
    pub place: FilePlace,
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes.
    pub bytes: u64,
    /// The checksum of its rows, in their order in the file.
    pub hash: ContentHash,
    /// The lowest version of its rows.
    pub min_version: Sequence,
    /// The highest version of its rows.
    pub max_version: Sequence,
    /// What Iceberg's manifests say of it.
    pub data_file: DataFile,
}

/// Writes rows of one partition, sorted by id, into as many files as they need.
///
/// While a batch of rows goes into its file, in a tokio task of its own, the next one is made. Memory is
/// bounded by one row group in its encoded form (twice while it is sent), two batches of rows, and three
/// parts of 8 MiB, however many rows there are. What was written is complete only after
/// [`finish`](Self::finish); files of a writer that was dropped or failed are to be deleted by whoever
/// cleans up files that no table names.
pub struct FileWriter {
    store: Arc<dyn ObjectStore>,
    names: FileNames,
    options: FileOptions,
    partition: Partition,
    encoder: RowEncoder,
    /// The file that a batch is on its way into.
    writing: Option<JoinHandle<Result<OpenFile>>>,
    /// What the rows of the next batch are.
    pending: Summary,
    /// Rows of batches that another encoder made, as [`RowEncoder::rests`].
    rests: u64,
    last: Option<(RecordId, Sequence)>,
    written: Vec<WrittenFile>,
}

/// The partition that all rows of a file belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Partition {
    day: i32,
    spec_id: i32,
}

struct OpenFile {
    place: FilePlace,
    writer: AsyncArrowWriter<ParquetObjectWriter>,
    summary: Summary,
}

/// What is known of rows that were written.
#[derive(Clone, Copy, Debug, Default)]
struct Summary {
    rows: u64,
    hash: ContentHasher,
    versions: Option<(Sequence, Sequence)>,
}

impl FileWriter {
    /// A writer for rows whose commit times are of the day `day`, in Iceberg's count ([`day_of`]).
    /// `spec_id` is the id of the partition spec that the table has.
    ///
    /// # Errors
    /// `InvalidInput` when the schema is refused by Arrow.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        names: FileNames,
        schema: Arc<LakeSchema>,
        (day, spec_id): (i32, i32),
        options: FileOptions,
    ) -> Result<Self> {
        Ok(FileWriter {
            store,
            names,
            options,
            partition: Partition { day, spec_id },
            encoder: RowEncoder::new(schema)?,
            writing: None,
            pending: Summary::default(),
            rests: 0,
            last: None,
            written: Vec::new(),
        })
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// `InvalidInput` when the row does not come after the one before it, by id and then by version,
    /// or was committed on another day, or when Parquet refuses the options; as [`RowEncoder::push`];
    /// and what the object store reports.
    /// After an error of the store the writer is of no more use.
    pub async fn write(
        &mut self,
        key: &RecordId,
        version: Sequence,
        written: Timestamp,
        body: &[u8],
    ) -> Result<()> {
        let last = self.last.as_ref().map(|(id, version)| (id, *version));
        self.check(last, (key, version), written)?;
        self.encoder.push(key, version, written, body)?;
        self.pending.add(key, version, body);
        match &mut self.last {
            Some((last, last_version)) => {
                last.clone_from(key);
                *last_version = version;
            }
            None => self.last = Some((key.clone(), version)),
        }
        let is_full = self.encoder.rows() >= self.options.batch_rows
            || self.encoder.bytes() >= self.options.batch_bytes;
        if is_full {
            self.write_batch().await?;
        }
        Ok(())
    }

    /// The same for many rows: batches of them are encoded at the same time. Runs on tokio.
    pub(crate) async fn write_rows(&mut self, rows: Vec<FileRow>) -> Result<()> {
        self.write_batch().await?;
        let mut last = self.last.as_ref().map(|(id, version)| (id, *version));
        for row in &rows {
            self.check(last, row.key(), row.written)?;
            last = Some(row.key());
        }
        self.last = last.map(|(id, version)| (id.clone(), version));
        let schema = self.encoder.schema().clone();
        let encoded = self.options.batches(rows).into_iter().map(move |rows| {
            let schema = schema.clone();
            joined(tokio::spawn(async move { Encoded::of(schema, &rows) }))
        });
        let mut encoded = stream::iter(encoded).buffered(ENCODED_AT_ONCE);
        while let Some(encoded) = encoded.next().await {
            let Encoded { batch, rows, rests } = encoded?;
            self.rests += rests;
            self.put(batch, rows).await?;
        }
        Ok(())
    }

    /// Whether rows of the partition `day` from `first` on may go on where this writer is.
    pub(crate) fn takes(&self, day: i32, first: &FileRow) -> bool {
        let last = self.last.as_ref().map(|(id, version)| (id, *version));
        day == self.partition.day && last.is_none_or(|last| last < first.key())
    }

    /// Takes the files that are complete, so that [`finish`](Self::finish) gives the others.
    pub(crate) fn take_written(&mut self) -> Vec<WrittenFile> {
        std::mem::take(&mut self.written)
    }

    fn check(
        &self,
        last: Option<(&RecordId, Sequence)>,
        (key, version): (&RecordId, Sequence),
        written: Timestamp,
    ) -> Result<()> {
        if let Some((last, last_version)) = last
            && (last, last_version) >= (key, version)
        {
            return Err(Error::invalid(format!(
                "row {key} at version {} comes after row {last} at version {}: rows of a file are \
                 sorted by id and version, none twice",
                version.0, last_version.0
            )));
        }
        let (day, expected) = (day_of(written), self.partition.day);
        if day != expected {
            return Err(Error::invalid(format!(
                "row {key} was written on day {day} since 1970-01-01, and the partition is day {expected}"
            )));
        }
        Ok(())
    }

    /// How many rows so far have values that no column gives back, and `_rest` does.
    pub fn rests(&self) -> u64 {
        self.rests + self.encoder.rests()
    }

    /// The files so far that are complete.
    pub fn written(&self) -> &[WrittenFile] {
        &self.written
    }

    /// Ends the last file.
    ///
    /// # Errors
    /// What the object store reports.
    pub async fn finish(mut self) -> Result<Vec<WrittenFile>> {
        self.write_batch().await?;
        let file = self.written_so_far().await?;
        self.end_file(file).await?;
        Ok(self.written)
    }

    async fn write_batch(&mut self) -> Result<()> {
        if self.encoder.rows() == 0 {
            return Ok(());
        }
        let batch = self.encoder.finish()?;
        let rows = std::mem::take(&mut self.pending);
        self.put(batch, rows).await
    }

    async fn put(&mut self, batch: RecordBatch, rows: Summary) -> Result<()> {
        let file = match self.written_so_far().await? {
            Some(file) if !self.is_full(&file) => file,
            full => {
                self.end_file(full).await?;
                self.begin_file(&batch)?
            }
        };
        self.writing = Some(tokio::spawn(file.take(batch, rows)));
        Ok(())
    }

    /// The file that was begun, once all batches so far are in it.
    async fn written_so_far(&mut self) -> Result<Option<OpenFile>> {
        match self.writing.take() {
            Some(writing) => joined(writing).await.map(Some),
            None => Ok(None),
        }
    }

    fn is_full(&self, file: &OpenFile) -> bool {
        let bytes = file.writer.bytes_written() + file.writer.in_progress_size();
        bytes as u64 >= self.options.file_bytes
    }

    fn begin_file(&self, first: &RecordBatch) -> Result<OpenFile> {
        let properties = parquet_properties::of_data(self.encoder.schema(), &self.options, first)?;
        let place = self.names.next_data(self.partition.day)?;
        let buffer = BufWriter::with_capacity(self.store.clone(), place.path.clone(), PART_BYTES)
            .with_max_concurrency(PARTS_IN_FLIGHT);
        let options = ArrowWriterOptions::new()
            .with_properties(properties)
            // Iceberg's schema says it all; Arrow's own would be kilobytes in each footer.
            .with_skip_arrow_metadata(true);
        let writer = AsyncArrowWriter::try_new_with_options(
            ParquetObjectWriter::from_buf_writer(buffer),
            self.encoder.schema().arrow().clone(),
            options,
        )
        .map_err(|error| failure::of_parquet(error, &place.url))?;
        Ok(OpenFile { place, writer, summary: Summary::default() })
    }

    async fn end_file(&mut self, file: Option<OpenFile>) -> Result<()> {
        let Some(OpenFile { place, mut writer, summary }) = file else { return Ok(()) };
        let metadata =
            writer.finish().await.map_err(|error| failure::of_parquet(error, &place.url))?;
        let bytes = writer.bytes_written() as u64;
        let schema = self.encoder.schema();
        let data_file = describe::data_file(schema, &metadata, &place.url, bytes)
            .partition(describe::partition(self.partition.day))
            .partition_spec_id(self.partition.spec_id)
            .build()
            .map_err(|error| failure::corrupt(&place.url, error))?;
        let (min_version, max_version) = summary.versions.unwrap_or_default();
        let Summary { rows, hash, .. } = summary;
        self.written.push(WrittenFile {
            place,
            rows,
            bytes,
            hash: hash.finish(),
            min_version,
            max_version,
            data_file,
        });
        Ok(())
    }
}

/// A batch, and what its rows are.
struct Encoded {
    batch: RecordBatch,
    rows: Summary,
    rests: u64,
}

impl Encoded {
    fn of(schema: Arc<LakeSchema>, rows: &[FileRow]) -> Result<Encoded> {
        let mut encoder = RowEncoder::new(schema)?;
        let mut summary = Summary::default();
        for row in rows {
            encoder.push(&row.id, row.version, row.written, &row.body)?;
            summary.add(&row.id, row.version, &row.body);
        }
        Ok(Encoded { batch: encoder.finish()?, rows: summary, rests: encoder.rests() })
    }
}

impl OpenFile {
    async fn take(mut self, batch: RecordBatch, rows: Summary) -> Result<OpenFile> {
        let written = self.writer.write(&batch).await;
        written.map_err(|error| failure::of_parquet(error, &self.place.url))?;
        self.summary.append(rows);
        Ok(self)
    }
}

impl Summary {
    fn add(&mut self, key: &RecordId, version: Sequence, body: &[u8]) {
        self.rows += 1;
        self.hash.add(key, version, body);
        let (min, max) = self.versions.unwrap_or((version, version));
        self.versions = Some((min.min(version), max.max(version)));
    }

    fn append(&mut self, next: Summary) {
        self.rows += next.rows;
        self.hash.append(next.hash);
        let both = self.versions.into_iter().chain(next.versions);
        self.versions = both.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
    }
}
