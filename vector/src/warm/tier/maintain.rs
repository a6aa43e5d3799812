//! Keeping a dataset in order: stale entries out, files few, indexes up to date.

use std::sync::Arc;
use std::time::Duration;

use headwater_primitives::{Error, Result, fail};
use lance::Dataset;
use lance::dataset::DeleteBuilder;
use lance::dataset::cleanup::CleanupPolicyBuilder;
use lance::dataset::optimize::{CompactionOptions, compact_files};
use lance::deps::arrow_array::{Array, UInt64Array};
use lance::deps::datafusion::prelude::{col, lit};
use lance::index::DatasetIndexExt;
use lance::index::vector::VectorIndexParams;
use lance_index::IndexType;
use lance_index::optimize::OptimizeOptions;
use lance_index::scalar::ScalarIndexParams;
use lance_linalg::distance::MetricType;

use super::super::{Generation, Pointer, count};
use super::columns::{CHECKSUM, Found, GENERATION, ROW, VECTOR};
use super::error::of_lance;
use super::scan::{Scan, scanner};
use super::{Tier, dataset, liveness};
use crate::metric::Metric;
use crate::store::Inner;

/// Entries that training a product quantizer takes at least.
const TRAINABLE: u64 = 256;
/// Stale entries are removed once they are one in so many.
const STALE_SHARE: u64 = 5;
/// Entries removed in one go.
const REMOVED_AT_ONCE: usize = 8192;
/// Files of entries with which they are made into larger ones.
const MANY_FILES: usize = 16;
/// How long versions are kept that readers have no more: for followers in the middle of a read, and for
/// copies of the hot tier that are put back.
const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const ROW_INDEX: &str = "row";
const VECTOR_INDEX: &str = "vector";

/// Makes sure that `dataset` has `expected` behind its first `before` entries, whole and in order.
pub(super) async fn confirm(
    dataset: &Dataset,
    uri: &str,
    before: u64,
    expected: &[(i64, Generation)],
) -> Result<()> {
    use futures_lite::StreamExt;

    let in_place = |error| of_lance(uri, error);
    let different = |what: String| Error::corrupt(format!("warm tier {uri}: {what}"));
    let count = dataset.count_rows(None).await.map_err(in_place)? as u64;
    if count != before + expected.len() as u64 {
        return Err(different(format!(
            "it has {count} entries after {} were added to {before}",
            expected.len()
        )));
    }
    let columns = [ROW, GENERATION, CHECKSUM, VECTOR];
    let mut scanner = scanner(dataset, &columns).map_err(in_place)?;
    scanner.scan_in_order(true);
    scanner.limit(None, Some(before as i64)).map_err(in_place)?;
    let mut batches = scanner.try_into_stream().await.map_err(in_place)?;
    let mut expected = expected.iter();
    while let Some(batch) = batches.next().await {
        let found = Found::of(&batch.map_err(in_place)?)?;
        for at in 0..found.len() {
            let entry = (found.row(at), found.generation(at));
            if expected.next() != Some(&entry) || !found.is_whole(at) {
                return Err(different(format!("row number {} came back changed", entry.0)));
            }
        }
    }
    match expected.next() {
        None => Ok(()),
        Some((row, _)) => Err(different(format!("row number {row} did not come back"))),
    }
}

/// What is done to a dataset after a demotion has moved its rows.
pub(super) struct Maintenance {
    pub(super) inner: Arc<Inner>,
    pub(super) uri: String,
    pub(super) pointer: Pointer,
    pub(super) dataset: Dataset,
}

/// A dataset after that, with what readers are to be told.
pub(super) struct Maintained {
    pub(super) dataset: Dataset,
    pub(super) pointer: Pointer,
    pub(super) removed: u64,
}

impl Maintenance {
    pub(super) fn run(mut self) -> Result<Maintained> {
        let removed = if self.is_stale()? { self.remove_stale()? } else { 0 };
        fail::point("vector.demote.cleaned")?;
        let (namespace, dimensions) =
            (self.inner.namespace.clone(), self.inner.table.options.dimensions);
        let (metric, trained) = (self.inner.table.options.metric, self.pointer.trained);
        let (mut dataset, uri) = (self.dataset, self.uri.clone());
        let (dataset, entries, trained) = Tier::wait(&namespace, async move {
            let in_place = |error| of_lance(&uri, error);
            compact(&mut dataset, removed, dimensions).await.map_err(in_place)?;
            let entries = dataset.count_rows(None).await.map_err(in_place)? as u64;
            let trained = index(&mut dataset, metric, dimensions, entries, trained).await;
            Ok((dataset, entries, trained.map_err(in_place)?))
        })?;
        let version = dataset.version_id();
        let pointer = Pointer { version, entries, trained, unfinished: false, ..self.pointer };
        Ok(Maintained { dataset, pointer, removed })
    }

    /// Whether removing stale entries is worth it.
    fn is_stale(&self) -> Result<bool> {
        let live = self.inner.namespace.query(|sql| count(sql, &self.inner.table))?;
        let stale = self.pointer.entries.saturating_sub(live);
        Ok(self.pointer.unfinished || stale * STALE_SHARE > self.pointer.entries)
    }

    /// Removes the entries that do not count. How many.
    fn remove_stale(&mut self) -> Result<u64> {
        let namespace = self.inner.namespace.clone();
        let before = self.dataset.clone();
        let mut scan = Scan::begin(&namespace, &before, &[ROW, GENERATION], |scanner| {
            scanner.with_row_id();
            Ok(())
        })?;
        let (mut stale, mut removed) = (Vec::new(), 0);
        while let Some(batch) = scan.next_batch()? {
            let found = Found::of(&batch)?;
            let ids: &UInt64Array = batch
                .column_by_name(lance::dataset::ROW_ID)
                .and_then(|column| column.as_any().downcast_ref())
                .ok_or_else(|| Error::corrupt("the warm tier's dataset gives no row ids"))?;
            let entries: Vec<_> =
                (0..found.len()).map(|at| (found.row(at), found.generation(at))).collect();
            let live = liveness::of(&namespace, &self.inner.table, &entries)?;
            stale.extend((0..found.len()).filter(|at| !live[*at]).map(|at| ids.value(at)));
            if stale.len() >= REMOVED_AT_ONCE {
                removed += self.remove(std::mem::take(&mut stale))?;
            }
        }
        Ok(removed + self.remove(stale)?)
    }

    fn remove(&mut self, ids: Vec<u64>) -> Result<u64> {
        if ids.is_empty() {
            return Ok(0);
        }
        let (dataset, uri, count) = (self.dataset.clone(), self.uri.clone(), ids.len() as u64);
        self.dataset = Tier::wait(&self.inner.namespace, async move {
            let ids = ids.into_iter().map(lit).collect();
            let those = col(lance::dataset::ROW_ID).in_list(ids, false);
            let deleted = DeleteBuilder::from_expr(Arc::new(dataset), those).execute().await;
            let deleted = deleted.map_err(|error| of_lance(&uri, error))?;
            Ok((*deleted.new_dataset).clone())
        })?;
        Ok(count)
    }
}

/// Makes many small files into fewer, without the entries that were removed.
async fn compact(dataset: &mut Dataset, removed: u64, dimensions: usize) -> lance::Result<()> {
    if removed == 0 && dataset.count_fragments() < MANY_FILES {
        return Ok(());
    }
    let target_rows_per_fragment = dataset::rows_per_file(dimensions);
    let options = CompactionOptions { target_rows_per_fragment, ..CompactionOptions::default() };
    compact_files(dataset, options, None).await.map(drop)
}

/// Brings the indexes up to date. How many entries there were when the vectors' was trained.
async fn index(
    dataset: &mut Dataset,
    metric: Metric,
    dimensions: usize,
    entries: u64,
    trained: u64,
) -> lance::Result<u64> {
    if entries == 0 {
        return Ok(0);
    }
    let there = dataset.load_indices().await?;
    let has = |name: &str| there.iter().any(|index| index.name == name);
    let (has_rows, has_vectors) = (has(ROW_INDEX), has(VECTOR_INDEX));
    dataset.optimize_indices(&OptimizeOptions::default()).await?;
    if !has_rows {
        let (name, params) = (Some(ROW_INDEX.to_owned()), ScalarIndexParams::default());
        dataset.create_index(&[ROW], IndexType::BTree, name, &params, false).await?;
    }
    let is_due = entries >= TRAINABLE && (!has_vectors || entries > trained.saturating_mul(2));
    if !is_due {
        return Ok(if has_vectors { trained } else { 0 });
    }
    let params = vector_params(metric, dimensions, entries);
    let name = Some(VECTOR_INDEX.to_owned());
    let made = dataset.create_index(&[VECTOR], IndexType::Vector, name, &params, true).await;
    match made {
        Ok(_) => Ok(entries),
        Err(error) => {
            // Searches look at all entries then.
            tracing::warn!(%error, "the warm tier's vectors have no index");
            Ok(if has_vectors { trained } else { 0 })
        }
    }
}

fn vector_params(metric: Metric, dimensions: usize, entries: u64) -> VectorIndexParams {
    let partitions = ((entries as f64).sqrt() as usize).clamp(1, 65_536);
    match sub_vectors(dimensions) {
        Some(parts) => VectorIndexParams::ivf_pq(partitions, 8, parts, self::metric(metric), 50),
        None => VectorIndexParams::ivf_flat(partitions, self::metric(metric)),
    }
}

/// Into how many parts a product quantizer cuts vectors; `None` where they cannot be cut evenly.
fn sub_vectors(dimensions: usize) -> Option<usize> {
    let widths: &[usize] = if dimensions >= 512 { &[8, 4, 6, 5, 7] } else { &[4, 3, 5, 6, 7, 2] };
    let width = widths.iter().find(|width| dimensions.is_multiple_of(**width))?;
    Some(dimensions / width).filter(|parts| *parts > 1)
}

/// A metric as Lance calls it.
pub(super) fn metric(metric: Metric) -> MetricType {
    match metric {
        Metric::Cosine => MetricType::Cosine,
        Metric::L2 => MetricType::L2,
        Metric::Dot => MetricType::Dot,
    }
}

/// Removes versions that were replaced long ago. What cannot be removed now is so the next time.
pub(super) fn clean_up(inner: &Inner, dataset: Option<&Dataset>) {
    let Some(dataset) = dataset.cloned() else { return };
    let uri = dataset.uri().to_owned();
    let cleaned = Tier::wait(&inner.namespace, async move {
        let policy = CleanupPolicyBuilder::default()
            .before_timestamp(dataset.version().timestamp - KEPT_FOR)
            .build();
        dataset.cleanup_with_policy(policy).await.map_err(|error| of_lance(&uri, error))
    });
    if let Err(error) = cleaned {
        tracing::warn!(%error, "old versions of a warm tier were not removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_cut_evenly_or_not_at_all() {
        for (dimensions, parts) in
            [(128, Some(32)), (768, Some(96)), (6, Some(2)), (97, None), (3, None), (1, None)]
        {
            assert_eq!(sub_vectors(dimensions), parts, "{dimensions}");
        }
    }
}
