//! The rows that recent filters match, kept up with every write.

use std::sync::Arc;

use headwater_primitives::filter::Filter;
use headwater_primitives::jsonb::View;
use headwater_primitives::{Namespace, Result};

use crate::filters::matching_rows;
use crate::row_set::RowSet;
use crate::table::Table;

/// Filters kept: each one is evaluated on every row that is written.
const KEPT: usize = 32;
/// Bytes that their sets may take.
const BYTES: usize = 64 << 20;

/// Which rows match, by filter; the filter used longest ago goes first.
#[derive(Default)]
pub(super) struct FilterSets {
    /// The one used last at the end.
    kept: Vec<Kept>,
}

struct Kept {
    text: String,
    filter: Filter,
    rows: Arc<RowSet>,
}

impl FilterSets {
    /// The rows that match `filter`.
    ///
    /// Cost: none for a filter that is kept; otherwise that of the query.
    pub(super) fn get(
        &mut self,
        namespace: &Namespace,
        table: &Table,
        filter: &Filter,
    ) -> Result<Arc<RowSet>> {
        let text = filter.to_string();
        let kept = match self.kept.iter().position(|kept| kept.text == text) {
            Some(at) => self.kept.remove(at),
            None => {
                // It may see more than was fed: what comes once more changes nothing.
                let rows =
                    namespace.snapshot(|snapshot| matching_rows(snapshot.sql(), table, filter))?;
                let rows = rows.into_iter().map(|row| row as u64).collect();
                Kept { text, filter: filter.clone(), rows: Arc::new(rows) }
            }
        };
        let rows = kept.rows.clone();
        self.kept.push(kept);
        self.evict();
        Ok(rows)
    }

    /// Takes in a row as it is now.
    pub(super) fn update(&mut self, row: u64, metadata: &[u8]) -> Result<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let metadata = View::parse(metadata)?;
        for kept in &mut self.kept {
            let matches = kept.filter.matches(metadata);
            if matches != kept.rows.contains(row) {
                let rows = Arc::make_mut(&mut kept.rows);
                let changed = if matches { rows.insert(row) } else { rows.remove(row) };
                debug_assert!(changed);
            }
        }
        Ok(())
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, row: u64) {
        for kept in &mut self.kept {
            if kept.rows.contains(row) {
                Arc::make_mut(&mut kept.rows).remove(row);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }

    fn evict(&mut self) {
        let mut bytes: usize = self.kept.iter().map(|kept| kept.rows.bytes()).sum();
        while self.kept.len() > KEPT || (bytes > BYTES && self.kept.len() > 1) {
            bytes -= self.kept.remove(0).rows.bytes();
        }
    }
}
