//! Rows of one partition, streamed into Parquet files.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::RecordBatch;
use headwater_primitives::{Error, RecordId, Result, Sequence, Timestamp};
use iceberg::spec::DataFile;
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use parquet::arrow::AsyncArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::async_writer::ParquetObjectWriter;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::batch::{self, BatchEncoder, Encoded, FileRow, Summary};
use super::hash::ContentHash;
use super::names::{FileNames, FilePlace};
use super::options::FileOptions;
use super::{describe, failure, parquet_properties};
use crate::runtime::joined;
use crate::schema::{LakeSchema, day_of};

/// How much of a file is collected before it is sent, and how many such parts are on their way.
const PART_BYTES: usize = 8 << 20;
const PARTS_IN_FLIGHT: usize = 2;

/// How many batches of rows, and how many bytes of documents, are encoded ahead of the one that goes into its file:
/// so many that encoding goes on while a row group is ended.
const BATCHES_AHEAD: usize = 8;
const BYTES_AHEAD: usize = 12 << 20;
/// How many of them are encoded at the same time: others need the cores too.
const ENCODED_AT_ONCE: usize = 2;

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
/// bounded by one row group in its encoded form (twice while it is sent), two batches of rows (or 12 MiB of them
/// where whole batches are given), and three parts of 8 MiB, however many rows there are. What was written is complete only after
/// [`finish`](Self::finish); files of a writer that was dropped or failed are to be deleted by whoever
/// cleans up files that no table names.
pub struct FileWriter {
    store: Arc<dyn ObjectStore>,
    names: FileNames,
    options: FileOptions,
    partition: Partition,
    /// The next batch.
    encoder: BatchEncoder,
    /// The batches after it, on their way.
    ahead: VecDeque<Ahead>,
    encoding: Arc<Semaphore>,
    /// The file that a batch is on its way into.
    writing: Option<JoinHandle<Result<OpenFile>>>,
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

/// A batch that is being encoded, and the bytes of its documents.
struct Ahead {
    bytes: usize,
    encoding: JoinHandle<Result<Option<Encoded>>>,
}

struct OpenFile {
    place: FilePlace,
    writer: AsyncArrowWriter<ParquetObjectWriter>,
    summary: Summary,
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
            encoder: BatchEncoder::new(schema)?,
            ahead: VecDeque::new(),
            encoding: Arc::new(Semaphore::new(ENCODED_AT_ONCE)),
            writing: None,
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
        match &mut self.last {
            Some((last, last_version)) => {
                last.clone_from(key);
                *last_version = version;
            }
            None => self.last = Some((key.clone(), version)),
        }
        if self.encoder.is_full(&self.options) {
            self.write_batch().await?;
        }
        Ok(())
    }

    /// The same for many rows, in batches that are encoded at the same time. Some may still be when this returns.
    /// Runs on tokio.
    pub(crate) async fn write_rows(&mut self, rows: Vec<FileRow>) -> Result<()> {
        self.write_batch().await?;
        let mut last = self.last.as_ref().map(|(id, version)| (id, *version));
        for row in &rows {
            self.check(last, row.key(), row.written)?;
            last = Some(row.key());
        }
        self.last = last.map(|(id, version)| (id.clone(), version));
        for rows in batch::cut(rows, &self.options) {
            let bytes: usize = rows.iter().map(|row| row.body.len()).sum();
            while !self.has_room(bytes) {
                self.put_next().await?;
            }
            let schema = self.encoder.schema().clone();
            let turn = self.encoding.clone();
            let encoding = tokio::spawn(async move {
                // It is never closed, so that whoever waits gets a turn.
                let _turn = turn.acquire().await;
                batch::encode(schema, &rows)
            });
            self.ahead.push_back(Ahead { bytes, encoding });
        }
        Ok(())
    }

    /// Whether a batch of so many bytes may be encoded ahead of what is being written.
    fn has_room(&self, bytes: usize) -> bool {
        let ahead: usize = self.ahead.iter().map(|batch| batch.bytes).sum();
        let fits = self.ahead.len() < BATCHES_AHEAD && ahead + bytes <= BYTES_AHEAD;
        fits || self.ahead.is_empty()
    }

    async fn put_next(&mut self) -> Result<()> {
        let Some(batch) = self.ahead.pop_front() else { return Ok(()) };
        let encoded = joined(batch.encoding).await?;
        self.put(encoded).await
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

    /// How many rows of those that are in their file have values that no column gives back, and `_rest` does.
    pub(crate) fn rests(&self) -> u64 {
        self.rests
    }

    /// Has all rows so far put into their file.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        self.write_batch().await?;
        while !self.ahead.is_empty() {
            self.put_next().await?;
        }
        Ok(())
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
        self.settle().await?;
        let file = self.written_so_far().await?;
        self.end_file(file).await?;
        Ok(self.written)
    }

    /// Puts the rows that came one by one into their file, which come after all batches.
    async fn write_batch(&mut self) -> Result<()> {
        let Some(batch) = self.encoder.finish()? else { return Ok(()) };
        while !self.ahead.is_empty() {
            self.put_next().await?;
        }
        self.put(Some(batch)).await
    }

    /// Sends a batch on its way into its file.
    async fn put(&mut self, batch: Option<Encoded>) -> Result<()> {
        let Some(batch) = batch else { return Ok(()) };
        self.rests += batch.rests;
        let file = match self.written_so_far().await? {
            Some(file) if !self.is_full(&file) => file,
            full => {
                self.end_file(full).await?;
                self.begin_file(&batch.batch)?
            }
        };
        self.writing = Some(tokio::spawn(file.take(batch)));
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

impl OpenFile {
    async fn take(mut self, encoded: Encoded) -> Result<OpenFile> {
        let written = self.writer.write(&encoded.batch).await;
        written.map_err(|error| failure::of_parquet(error, &self.place.url))?;
        self.summary.append(encoded.summary);
        Ok(self)
    }
}
