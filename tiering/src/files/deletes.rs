//! Position deletes: files that name rows of data files which are no longer there.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, Int64Builder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use futures_util::TryStreamExt;
use headwater_primitives::{Error, Result};
use iceberg::spec::{DataContentType, DataFile, DataFileBuilder, DataFileFormat, Datum, Struct};
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use parquet::arrow::async_reader::ParquetObjectReader;
use parquet::arrow::async_writer::ParquetObjectWriter;
use parquet::arrow::{
    AsyncArrowWriter, PARQUET_FIELD_ID_META_KEY, ParquetRecordBatchStreamBuilder,
};
use parquet::file::metadata::ParquetMetaData;

use super::names::FilePlace;
use super::options::FileOptions;
use super::{describe, failure, parquet_properties};

/// The field ids that Iceberg's specification reserves for these columns.
const FILE_PATH: (i32, &str) = (2_147_483_546, "file_path");
const POS: (i32, &str) = (2_147_483_545, "pos");

const BATCH_ROWS: usize = 8192;

/// A file of position deletes that is complete.
#[derive(Clone, Debug)]
pub struct WrittenDeletes {
    /// Where it lies.
    pub place: FilePlace,
    /// How many rows it deletes.
    pub rows: u64,
    /// How many bytes it has.
    pub bytes: u64,
    /// What Iceberg's manifests say of it.
    pub data_file: DataFile,
}

/// Writes one file of position deletes. Memory is bounded by a batch and a row group of it.
pub struct PositionDeleteWriter {
    place: FilePlace,
    partition: Struct,
    spec_id: i32,
    schema: SchemaRef,
    writer: AsyncArrowWriter<ParquetObjectWriter>,
    paths: StringBuilder,
    positions: Int64Builder,
    first: Option<(String, u64)>,
    last: Option<(String, u64)>,
    rows: u64,
}

impl PositionDeleteWriter {
    /// Begins the file. `partition` and `spec_id` are those of the data files whose rows it deletes.
    ///
    /// # Errors
    /// `InvalidInput` when Parquet refuses the options.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        place: FilePlace,
        (day, spec_id): (i32, i32),
        options: &FileOptions,
    ) -> Result<Self> {
        let schema = Arc::new(Schema::new(vec![
            field(FILE_PATH, DataType::Utf8),
            field(POS, DataType::Int64),
        ]));
        let properties = parquet_properties::common(options)?.build();
        let buffer = BufWriter::new(store, place.path.clone());
        let writer = AsyncArrowWriter::try_new(
            ParquetObjectWriter::from_buf_writer(buffer),
            schema.clone(),
            Some(properties),
        )
        .map_err(|error| failure::of_parquet(error, &place.url))?;
        Ok(PositionDeleteWriter {
            place,
            partition: describe::partition(day),
            spec_id,
            schema,
            writer,
            paths: StringBuilder::new(),
            positions: Int64Builder::new(),
            first: None,
            last: None,
            rows: 0,
        })
    }

    /// Deletes the row at `position` of the data file with this URL.
    ///
    /// # Errors
    /// `InvalidInput` when it does not come after the one before it, by URL and then by position; what
    /// the object store reports.
    pub async fn delete(&mut self, url: &str, position: u64) -> Result<()> {
        if let Some((last_url, last)) = &self.last
            && (last_url.as_str(), *last) >= (url, position)
        {
            return Err(Error::invalid(format!(
                "position {position} of {url} comes after position {last} of {last_url}: deletes are \
                 sorted by file and position, none twice"
            )));
        }
        let value = i64::try_from(position)
            .map_err(|_| Error::invalid(format!("position {position} of {url} is past 2^63")))?;
        self.paths.append_value(url);
        self.positions.append_value(value);
        match &mut self.last {
            Some((last_url, last)) if last_url == url => *last = position,
            last => *last = Some((url.to_owned(), position)),
        }
        if self.first.is_none() {
            self.first.clone_from(&self.last);
        }
        self.rows += 1;
        if self.positions.len() >= BATCH_ROWS {
            self.write_batch().await?;
        }
        Ok(())
    }

    /// Ends the file; `None` when nothing was deleted, and then there is no file.
    ///
    /// # Errors
    /// What the object store reports.
    pub async fn finish(mut self) -> Result<Option<WrittenDeletes>> {
        self.write_batch().await?;
        let (Some(first), Some(last)) = (self.first.take(), self.last.take()) else {
            return Ok(None);
        };
        let failed = |error| failure::of_parquet(error, &self.place.url);
        let metadata = self.writer.finish().await.map_err(failed)?;
        let bytes = self.writer.bytes_written() as u64;
        let mut builder = describe_deletes(&metadata, &self.place.url, bytes);
        let data_file = builder
            .partition(self.partition)
            .partition_spec_id(self.spec_id)
            .lower_bounds([(FILE_PATH.0, Datum::string(&first.0))].into())
            .upper_bounds([(FILE_PATH.0, Datum::string(&last.0))].into())
            .referenced_data_file((first.0 == last.0).then_some(first.0))
            .build()
            .map_err(|error| failure::corrupt(&self.place.url, error))?;
        Ok(Some(WrittenDeletes { place: self.place, rows: self.rows, bytes, data_file }))
    }

    async fn write_batch(&mut self) -> Result<()> {
        let arrays: Vec<ArrayRef> =
            vec![Arc::new(self.paths.finish()), Arc::new(self.positions.finish())];
        let batch = RecordBatch::try_new(self.schema.clone(), arrays)
            .map_err(|error| failure::corrupt(&self.place.url, error))?;
        if batch.num_rows() > 0 {
            let written = self.writer.write(&batch).await;
            written.map_err(|error| failure::of_parquet(error, &self.place.url))?;
        }
        Ok(())
    }
}

fn field((id, name): (i32, &str), ty: DataType) -> Field {
    let id = (PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string());
    Field::new(name, ty, false).with_metadata([id].into())
}

fn describe_deletes(metadata: &ParquetMetaData, url: &str, bytes: u64) -> DataFileBuilder {
    let rows = metadata.file_metadata().num_rows().unsigned_abs();
    let size = |column: usize| {
        let groups = metadata.row_groups().iter();
        groups.map(|group| group.column(column).compressed_size().unsigned_abs()).sum()
    };
    let mut builder = DataFileBuilder::default();
    builder
        .content(DataContentType::PositionDeletes)
        .file_path(url.to_owned())
        .file_format(DataFileFormat::Parquet)
        .record_count(rows)
        .file_size_in_bytes(bytes)
        .column_sizes([(FILE_PATH.0, size(0)), (POS.0, size(1))].into())
        .value_counts([(FILE_PATH.0, rows), (POS.0, rows)].into())
        .null_value_counts([(FILE_PATH.0, 0), (POS.0, 0)].into())
        .split_offsets(Some(describe::split_offsets(metadata)));
    builder
}

/// The positions that a file of position deletes names, sorted, by the URL of the data file; only
/// those of `wanted`, if there is one. Memory is what the answer takes, and a batch.
///
/// # Errors
/// `Corrupt` when it is no such file, and what the object store reports.
pub async fn read_position_deletes(
    store: Arc<dyn ObjectStore>,
    place: &FilePlace,
    size: u64,
    wanted: Option<&str>,
) -> Result<BTreeMap<String, Vec<u64>>> {
    let failed = |error| failure::of_parquet(error, &place.url);
    let input = ParquetObjectReader::new(store, place.path.clone()).with_file_size(size);
    let builder = ParquetRecordBatchStreamBuilder::new(input).await.map_err(failed)?;
    let mut stream = builder.build().map_err(failed)?;
    let mut deleted: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    while let Some(batch) = stream.try_next().await.map_err(failed)? {
        add_deletes(&batch, wanted, &mut deleted)
            .ok_or_else(|| failure::corrupt(&place.url, "no position deletes"))?;
    }
    for positions in deleted.values_mut() {
        positions.sort_unstable();
        positions.dedup();
    }
    Ok(deleted)
}

fn add_deletes(
    batch: &RecordBatch,
    wanted: Option<&str>,
    deleted: &mut BTreeMap<String, Vec<u64>>,
) -> Option<()> {
    let paths = cast(batch.column_by_name(FILE_PATH.1)?, &DataType::Utf8).ok()?;
    let paths = paths.as_string_opt::<i32>()?;
    let positions = batch.column_by_name(POS.1)?.as_primitive_opt::<Int64Type>()?;
    let mut current: Option<(&str, &mut Vec<u64>)> = None;
    for index in (0..batch.num_rows()).filter(|index| paths.is_valid(*index)) {
        let path = paths.value(index);
        if wanted.is_some_and(|wanted| wanted != path) {
            continue;
        }
        let position = u64::try_from(positions.value(index)).ok()?;
        match &mut current {
            Some((same, list)) if *same == path => list.push(position),
            _ => {
                let list = deleted.entry(path.to_owned()).or_default();
                list.push(position);
                current = Some((path, list));
            }
        }
    }
    Some(())
}
