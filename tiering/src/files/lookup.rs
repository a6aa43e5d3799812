//! One row by its key: statistics, pages, bloom filter, and only then the row itself.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::ArrowError;
use futures_util::TryStreamExt;
use headwater_primitives::{IdKind, RecordId, Result, Sequence};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, RowFilter};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;

use super::failure;
use super::keys::Keys;
use super::reader::FileReader;
use super::selection::{self, Chosen};
use crate::rows::LakeRow;
use crate::schema::{ID, VERSION};

impl FileReader {
    /// The row with this id and version, if the file has it and it is not deleted.
    ///
    /// Row groups and pages whose ids lie elsewhere are not read; where pages may hold the id, the
    /// bloom filter is asked first. Of the remaining pages of `id` and `_version` the row is found,
    /// and of the other columns only the pages with that row are read.
    ///
    /// # Errors
    /// `Corrupt` when the file is damaged, and what the object store reports.
    pub async fn get(&self, key: &RecordId, version: Sequence) -> Result<Option<LakeRow>> {
        let system = self.schema.system();
        let (Some(id), Some(versions)) =
            (self.column_index(system.id), self.column_index(system.version))
        else {
            return Err(failure::corrupt(&self.place.url, "no columns id and _version"));
        };
        let chosen = self.where_it_may_be(key, version, id, versions);
        let chosen = self.without_bloomed(chosen, key, id).await?.without(&self.deleted);
        if chosen.is_empty() {
            return Ok(None);
        }
        let builder = self.builder(&self.footer.plain);
        let mask = ProjectionMask::leaves(builder.parquet_schema(), [id, versions]);
        let is_it = is_row(self.schema.id_kind(), key.clone(), version);
        let failed = |error| failure::of_parquet(error, &self.place.url);
        let mut stream = builder
            .with_row_groups(chosen.groups.clone())
            .with_row_selection(chosen.selection())
            .with_row_filter(RowFilter::new(vec![Box::new(ArrowPredicateFn::new(mask, is_it))]))
            .with_limit(1)
            .build()
            .map_err(failed)?;
        while let Some(batch) = stream.try_next().await.map_err(failed)? {
            let rows = self.decoder.rows(&batch)?;
            if !rows.is_empty() {
                return rows.row(0).map(Some);
            }
        }
        Ok(None)
    }

    /// The pages that may hold the row, by the statistics of row groups and pages.
    fn where_it_may_be(
        &self,
        key: &RecordId,
        version: Sequence,
        id: usize,
        versions: usize,
    ) -> Chosen {
        let mut chosen = Chosen::default();
        let version = RecordId::Integer(version.0.cast_signed());
        for (group, span) in selection::spans(self.metadata()).enumerate() {
            let columns = self.metadata().row_group(group);
            let may_hold = |column: usize, value: &RecordId| {
                columns.column(column).statistics().is_none_or(|found| in_statistics(found, value))
            };
            if !may_hold(id, key) || !may_hold(versions, &version) {
                continue;
            }
            let pages = self.pages(group, id, span.clone(), key);
            if !pages.is_empty() {
                chosen.add(group, span, pages);
            }
        }
        chosen
    }

    /// The positions of the rows of those pages of the row group that may hold the id.
    fn pages(&self, group: usize, id: usize, span: Range<u64>, key: &RecordId) -> Vec<Range<u64>> {
        let indexes = self.metadata().column_index().and_then(|index| index.get(group)?.get(id));
        let offsets = self.metadata().offset_index().and_then(|index| index.get(group)?.get(id));
        let (Some(index), Some(offsets)) = (indexes, offsets) else {
            return vec![span];
        };
        let pages = offsets.page_locations();
        let start_of = |page: usize| match pages.get(page) {
            Some(page) => span.start + page.first_row_index.unsigned_abs(),
            None => span.end,
        };
        (0..pages.len())
            .filter(|page| in_page(index, *page, key))
            .map(|page| start_of(page)..start_of(page + 1))
            .collect()
    }

    /// Leaves out the row groups whose bloom filter does not know the id.
    async fn without_bloomed(&self, chosen: Chosen, key: &RecordId, id: usize) -> Result<Chosen> {
        // One row group costs less to look at than its filter does.
        if chosen.groups.len() < 2 {
            return Ok(chosen);
        }
        let mut builder = self.builder(&self.footer.plain);
        let mut kept = Vec::new();
        for group in &chosen.groups {
            let filter = builder
                .get_row_group_column_bloom_filter(*group, id)
                .await
                .map_err(|error| failure::of_parquet(error, &self.place.url))?;
            let may_hold = filter.is_none_or(|filter| match key {
                RecordId::Integer(id) => filter.check(id),
                RecordId::Text(id) => filter.check(&**id),
            });
            if may_hold {
                kept.push(*group);
            }
        }
        Ok(chosen.only(&kept))
    }
}

fn in_statistics(statistics: &Statistics, value: &RecordId) -> bool {
    match (statistics, value) {
        (Statistics::Int64(found), RecordId::Integer(value)) => {
            is_between(found.min_opt(), value, found.max_opt())
        }
        (Statistics::ByteArray(found), RecordId::Text(value)) => {
            let (min, max) = (found.min_bytes_opt(), found.max_bytes_opt());
            is_between(min, value.as_bytes(), max)
        }
        _ => true,
    }
}

fn in_page(index: &ColumnIndexMetaData, page: usize, value: &RecordId) -> bool {
    match (index, value) {
        (ColumnIndexMetaData::INT64(index), RecordId::Integer(value)) => {
            is_between(index.min_value(page), value, index.max_value(page))
        }
        (ColumnIndexMetaData::BYTE_ARRAY(index), RecordId::Text(value)) => {
            is_between(index.min_value(page), value.as_bytes(), index.max_value(page))
        }
        _ => true,
    }
}

/// A bound that is not known bounds nothing. One of a text may be shortened: down below, up above.
fn is_between<T: Ord + ?Sized>(min: Option<&T>, value: &T, max: Option<&T>) -> bool {
    min.is_none_or(|min| min <= value) && max.is_none_or(|max| value <= max)
}

/// The test of the columns `id` and `_version`.
fn is_row(
    kind: IdKind,
    key: RecordId,
    version: Sequence,
) -> impl FnMut(RecordBatch) -> Result<BooleanArray, ArrowError> {
    let version = version.0.cast_signed();
    let missing = |name: &str| ArrowError::SchemaError(format!("no column {name} of ours"));
    move |batch| {
        let ids = batch.column_by_name(ID).and_then(|ids| Keys::of(kind, ids));
        let ids = ids.ok_or_else(|| missing(ID))?;
        let versions = batch.column_by_name(VERSION).map(Arc::clone);
        let versions = versions.ok_or_else(|| missing(VERSION))?;
        let versions = versions.as_primitive_opt::<Int64Type>().ok_or_else(|| missing(VERSION))?;
        let is_it = |index| versions.value(index) == version && ids.equals(index, &key);
        Ok((0..batch.num_rows()).map(|index| Some(is_it(index))).collect())
    }
}
