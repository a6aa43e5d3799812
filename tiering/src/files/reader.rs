//! One Parquet file of the lake, open for reading.

use std::sync::Arc;

use arrow_schema::{DataType, Field};
use headwater_primitives::Result;
use object_store::ObjectStore;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetObjectReader};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, RowNumber};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

use super::cache::{Footer, FooterCache};
use super::failure;
use super::names::FilePlace;
use crate::rows::RowDecoder;
use crate::schema::LakeSchema;

/// How much is read from the end of a file at first: most footers with their page indexes.
const FOOTER_BYTES: usize = 256 << 10;

/// The name of the column of row numbers, which no field of a document can have.
pub(super) const POSITION: &str = "_pos";

/// A data file of a table. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FileReader {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) place: Arc<FilePlace>,
    pub(super) size: u64,
    pub(super) footer: Footer,
    pub(super) schema: Arc<LakeSchema>,
    pub(super) decoder: RowDecoder,
    /// The rows that position deletes took away: sorted.
    pub(super) deleted: Arc<[u64]>,
}

impl FileReader {
    /// Opens the file of `size` bytes, whose table now has this schema. Costs one read of the footer
    /// (two if it is larger than 256 KiB), or none if the cache has it.
    ///
    /// # Errors
    /// `NotFound` when there is no such file, `Corrupt` when its footer is damaged or its size is
    /// another, and what the object store reports.
    pub async fn open(
        store: Arc<dyn ObjectStore>,
        place: FilePlace,
        size: u64,
        schema: Arc<LakeSchema>,
        footers: &FooterCache,
    ) -> Result<Self> {
        let footer = match footers.get(&place.url) {
            Some(footer) => footer,
            None => {
                let footer = read_footer(&store, &place, size).await?;
                footers.put(&place.url, &footer);
                footer
            }
        };
        Ok(FileReader {
            store,
            place: Arc::new(place),
            size,
            footer,
            decoder: RowDecoder::new(schema.clone()),
            schema,
            deleted: Arc::default(),
        })
    }

    /// The same file without the rows at these positions, which are sorted first if they are not.
    #[must_use]
    pub fn without(mut self, deleted: impl Into<Arc<[u64]>>) -> Self {
        self.deleted = deleted.into();
        if !self.deleted.is_sorted() {
            let mut sorted = self.deleted.to_vec();
            sorted.sort_unstable();
            self.deleted = sorted.into();
        }
        self
    }

    /// Where the file lies.
    pub fn place(&self) -> &FilePlace {
        &self.place
    }

    /// How many rows the file has, deleted ones included.
    pub fn rows(&self) -> u64 {
        self.metadata().file_metadata().num_rows().unsigned_abs()
    }

    /// How many rows each row group has, deleted ones included.
    pub fn groups(&self) -> Vec<u64> {
        self.metadata().row_groups().iter().map(|group| group.num_rows().unsigned_abs()).collect()
    }

    /// What restores documents from the batches of a scan.
    pub fn decoder(&self) -> &RowDecoder {
        &self.decoder
    }

    pub(super) fn metadata(&self) -> &ParquetMetaData {
        self.footer.plain.metadata()
    }

    pub(super) fn builder(
        &self,
        metadata: &ArrowReaderMetadata,
    ) -> ParquetRecordBatchStreamBuilder<ParquetObjectReader> {
        let input = input(&self.store, &self.place, self.size);
        ParquetRecordBatchStreamBuilder::new_with_metadata(input, metadata.clone())
    }

    /// Where the column with this field id is in the file.
    pub(super) fn column_index(&self, field_id: i32) -> Option<usize> {
        let columns = self.metadata().file_metadata().schema_descr().columns();
        columns.iter().position(|column| {
            let info = column.self_type().get_basic_info();
            info.has_id() && info.id() == field_id
        })
    }
}

fn input(store: &Arc<dyn ObjectStore>, place: &FilePlace, size: u64) -> ParquetObjectReader {
    ParquetObjectReader::new(store.clone(), place.path.clone())
        .with_file_size(size)
        .with_footer_size_hint(FOOTER_BYTES)
}

async fn read_footer(store: &Arc<dyn ObjectStore>, place: &FilePlace, size: u64) -> Result<Footer> {
    let failed = |error| failure::of_parquet(error, &place.url);
    let options = || ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let metadata =
        input(store, place, size).get_metadata(Some(&options())).await.map_err(failed)?;
    let position = Field::new(POSITION, DataType::Int64, false).with_extension_type(RowNumber);
    let numbered = options().with_virtual_columns(vec![Arc::new(position)]).map_err(failed)?;
    Ok(Footer {
        plain: ArrowReaderMetadata::try_new(metadata.clone(), options()).map_err(failed)?,
        numbered: ArrowReaderMetadata::try_new(metadata, numbered).map_err(failed)?,
    })
}
