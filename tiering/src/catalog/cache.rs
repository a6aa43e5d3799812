//! Tables that were loaded lately, each with the manifests that it has read.

use std::sync::{Mutex, PoisonError};

use iceberg::TableIdent;
use iceberg::table::Table;

/// Tables kept; with [`MANIFEST_BYTES`] it bounds the memory.
const KEPT: usize = 32;
/// What a table's own cache of manifests may take.
pub(super) const MANIFEST_BYTES: u64 = 4 << 20;

/// The tables of one catalog by their metadata file, which never changes; the latest used last.
#[derive(Default)]
pub(super) struct Tables(Mutex<Vec<Table>>);

impl Tables {
    pub(super) fn find(&self, name: &TableIdent, location: &str) -> Option<Table> {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = tables.iter().position(|table| {
            table.identifier() == name && table.metadata_location() == Some(location)
        })?;
        let table = tables.remove(at);
        tables.push(table.clone());
        Some(table)
    }

    /// Keeps `table`; two versions of one table are enough.
    pub(super) fn keep(&self, table: &Table) {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |kept: &Table| kept.identifier() == table.identifier();
        let full = tables.len() >= KEPT;
        let older = tables.iter().filter(|kept| same(kept)).count();
        if older > 1 || full {
            let oldest = if older > 1 { tables.iter().position(same) } else { Some(0) };
            oldest.map(|at| tables.remove(at));
        }
        tables.push(table.clone());
    }
}
