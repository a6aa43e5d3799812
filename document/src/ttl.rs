//! Sweeping documents that are past their end.

use std::time::Duration;

use headwater_cdc::ChangeLog;
use headwater_primitives::{Namespace, Result};

use crate::catalog::Catalog;
use crate::cold::{OnArchived, Thaw};
use crate::id::DocumentId;
use crate::index::Interrupted;
use crate::store::SWEEP;
use crate::write::Writing;

/// How often interrupted builds are gone on with; in between, the background thread has other work.
const RESUME: Duration = Duration::from_millis(100);
/// Documents deleted per transaction.
const BATCH: i64 = 500;

/// Starts the sweep of `namespace`, once, and the builds that a crash has left unfinished.
///
/// # Errors
/// SQLite's errors.
pub(crate) fn start(namespace: &Namespace) -> Result<()> {
    if namespace.is_read_only() {
        return Ok(());
    }
    let found = Interrupted::find(namespace)?;
    let interrupted = namespace.extension(|| found);
    // The tasks may hold no handle on the namespace, or the last one would never be dropped.
    if !interrupted.is_empty() {
        namespace.background("resume index builds", RESUME, move |namespace| {
            interrupted.resume(namespace)
        });
    }
    namespace.background("sweep documents", SWEEP, |namespace| {
        sweep(namespace, &ChangeLog::open(namespace)?)
    });
    Ok(())
}

fn sweep(namespace: &Namespace, changes: &ChangeLog) -> Result<()> {
    let names: Vec<String> = namespace.query(|sql| -> Result<_> {
        let mut statement = sql.prepare_cached("SELECT name FROM document_collections")?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<std::result::Result<_, _>>()?)
    })?;
    for name in names {
        while sweep_collection(namespace, changes, &name)? == BATCH as usize {}
    }
    Ok(())
}

/// Deletes a batch of ended documents, with their events. How many there were.
fn sweep_collection(namespace: &Namespace, changes: &ChangeLog, name: &str) -> Result<usize> {
    let Some(table) = Catalog::of(namespace).find(namespace, name)? else { return Ok(0) };
    let now = namespace.clock().now();
    let select = format!(
        "SELECT id FROM {} WHERE expires <= ? ORDER BY expires LIMIT {BATCH}",
        table.sql.table
    );
    let ids: Vec<DocumentId> = namespace.query(|sql| -> Result<_> {
        let mut statement = sql.prepare_cached(&select)?;
        let mut rows = statement.query([now.0])?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            ids.push(DocumentId::from_sql(row.get_ref(0)?)?);
        }
        Ok(ids)
    })?;
    let count = ids.len();
    if count == 0 {
        return Ok(0);
    }
    let (changes, within) = (changes.clone(), namespace.clone());
    namespace
        .transaction(move |tx| -> Result<()> {
            // What has an end of life stays out of the lake.
            let thaw = Thaw { namespace: &within, ahead: None, otherwise: OnArchived::Refuse };
            let writing = Writing { tx, table: &table, changes: &changes, id_field: "id", thaw };
            for id in ids {
                // It may have been written again since it was found.
                let row = writing.read_row(&id)?;
                if let Some(row) = row.filter(|row| row.expires.is_some_and(|end| end <= now)) {
                    writing.remove(id, &row)?;
                }
            }
            Ok(())
        })
        .wait()?;
    Ok(count)
}
