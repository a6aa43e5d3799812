//! Reading all rows of a table of the lake that count.

use futures_util::StreamExt;
use headwater_primitives::filter::Filter;
use headwater_primitives::{RecordId, Result, Sequence};

use super::ColdTable;
use super::view::Over;
use crate::files::{ColumnExtent, Extent, Pruner, Scan};
use crate::manifests::LiveFile;
use crate::tier::Lake;

pub(super) async fn fold<S>(
    lake: &Lake,
    table: &ColdTable,
    over: &Over,
    filter: &Filter,
    mut state: S,
    mut each: impl FnMut(&mut S, RecordId, Sequence, &[u8]) -> Result<()>,
) -> Result<S> {
    let pruner = (!filter.is_all()).then(|| Pruner::new(filter, &table.schema));
    let mut body = Vec::new();
    for file in table.files.data() {
        let pruned = pruner.as_ref().is_some_and(|pruner| !pruner.can_match(&extent(file)));
        let end = end_of(over, file);
        if pruned || end == 0 {
            continue;
        }
        let reader = table.open(lake, file).await?;
        let scan = Scan { pruner: pruner.clone(), ..Scan::default() };
        let mut batches = reader.scan(&scan)?;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            let rows = reader.decoder().rows(&batch.rows)?;
            for index in 0..rows.len() {
                if batch.positions.value(index).cast_unsigned() >= end {
                    break;
                }
                let (id, version) = (rows.key(index), rows.version(index));
                let key = (id, version);
                if over.tombstones.contains(&key) {
                    continue;
                }
                body.clear();
                rows.body(index, &mut body)?;
                each(&mut state, key.0, version, &body)?;
            }
            tokio::task::yield_now().await;
        }
    }
    Ok(state)
}

/// [`fold`] where every row counts that is not deleted.
pub(crate) async fn fold_all<S>(
    lake: &Lake,
    table: &ColdTable,
    filter: &Filter,
    state: S,
    each: impl FnMut(&mut S, RecordId, Sequence, &[u8]) -> Result<()>,
) -> Result<S> {
    fold(lake, table, &Over::default(), filter, state, each).await
}

/// The position from which on the rows of the file are still hot.
pub(super) fn end_of(over: &Over, file: &LiveFile) -> u64 {
    let unreleased = over.unreleased.iter().find(|(location, _)| *location == file.location);
    unreleased.map_or(u64::MAX, |(_, from)| *from)
}

/// What the manifests say of the file's columns.
pub(super) fn extent(file: &LiveFile) -> Extent {
    let columns = file.columns().iter().map(|bounds| {
        let (lower, upper) = (bounds.lower.clone(), bounds.upper.clone());
        (bounds.field, ColumnExtent { nulls: bounds.nulls, lower, upper })
    });
    Extent { rows: file.records, columns: columns.collect() }
}
