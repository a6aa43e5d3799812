//! How Parquet files of the lake are encoded.

use arrow_array::RecordBatch;
use headwater_primitives::{Error, IdKind, Result};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use super::options::FileOptions;
use super::sample::{self, Coding};
use crate::schema::{ColumnType, ID, LAYOUT, LakeSchema, REST, VERSION};

const CREATED_BY: &str = concat!("headwater version ", env!("CARGO_PKG_VERSION"));

/// How many lookups of ids that a row group does not have go past its bloom filter.
const FALSE_POSITIVES: f64 = 0.01;

/// The properties of a data file that begins with the rows of `first`.
pub(super) fn of_data(
    schema: &LakeSchema,
    options: &FileOptions,
    first: &RecordBatch,
) -> Result<WriterProperties> {
    let sorted_ids = match schema.id_kind() {
        IdKind::Integer => Encoding::DELTA_BINARY_PACKED,
        IdKind::Text => Encoding::DELTA_BYTE_ARRAY,
    };
    let by_id = SortingColumn { column_idx: 0, descending: false, nulls_first: true };
    let mut builder = common(options)?
        .set_max_row_group_row_count(Some(options.row_group_rows.max(1)))
        .set_max_row_group_bytes(Some(options.row_group_bytes.max(1)))
        .set_sorting_columns(Some(vec![by_id]))
        .set_column_bloom_filter_enabled(path(ID), true)
        .set_column_bloom_filter_fpp(path(ID), FALSE_POSITIVES)
        .set_column_bloom_filter_ndv(path(ID), options.row_group_rows as u64)
        .set_column_dictionary_enabled(path(ID), false)
        .set_column_encoding(path(ID), sorted_ids)
        .set_column_dictionary_enabled(path(VERSION), false)
        .set_column_encoding(path(VERSION), Encoding::DELTA_BINARY_PACKED);
    let json = schema.columns().iter().filter(|column| column.ty() == ColumnType::Json);
    // Nobody looks for JSON text by its order; how many are null is what counts.
    for name in json.map(|column| column.name()).chain([REST, LAYOUT]) {
        builder = builder.set_column_statistics_enabled(path(name), EnabledStatistics::Chunk);
    }
    for (field, array) in first.schema().fields().iter().zip(first.columns()) {
        if ![ID, VERSION].contains(&field.name().as_str()) {
            builder = coded(builder, path(field.name()), sample::coding(array));
        }
    }
    Ok(builder.build())
}

fn coded(
    builder: WriterPropertiesBuilder,
    column: ColumnPath,
    coding: Coding,
) -> WriterPropertiesBuilder {
    match coding {
        Coding::Dictionary => builder,
        Coding::Plain => builder.set_column_dictionary_enabled(column, false),
        Coding::Deltas => builder
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED),
    }
}

/// The properties of every file.
pub(super) fn common(options: &FileOptions) -> Result<WriterPropertiesBuilder> {
    let level = ZstdLevel::try_new(options.zstd_level)
        .map_err(|error| Error::invalid(format!("zstd level {}: {error}", options.zstd_level)))?;
    Ok(WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_data_page_row_count_limit(options.page_rows.max(1))
        .set_write_batch_size(options.page_rows.clamp(1, 1024)))
}

/// One component: a dot in a name is no nesting.
fn path(name: &str) -> ColumnPath {
    ColumnPath::new(vec![name.to_owned()])
}
