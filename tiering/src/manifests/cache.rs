//! File sets by snapshot, under a budget of bytes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use headwater_primitives::Result;
use iceberg::table::Table;
use uuid::Uuid;

use super::FileSet;

/// The live files of snapshots, loaded once and kept while they are used and fit. Snapshots never change,
/// so nothing in here is ever stale.
#[derive(Debug)]
pub struct Manifests {
    budget: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The latest used last.
    sets: Vec<(Key, Arc<FileSet>)>,
    bytes: usize,
}

/// A table, and one of its snapshots.
type Key = (Uuid, i64);

impl Manifests {
    /// A cache of about `budget` bytes. A set that is larger is loaded at every call.
    pub fn new(budget: usize) -> Manifests {
        Manifests { budget, kept: Mutex::default() }
    }

    /// The live files of the snapshot `snapshot_id` of `table`, or of its current one.
    ///
    /// # Errors
    /// As [`FileSet::load`].
    pub async fn load(&self, table: &Table, snapshot_id: Option<i64>) -> Result<Arc<FileSet>> {
        let Some(id) = snapshot_id.or(table.metadata().current_snapshot_id()) else {
            return Ok(Arc::default());
        };
        let key = (table.metadata().uuid(), id);
        if let Some(known) = self.lock().find(key) {
            return Ok(known);
        }
        let loaded = Arc::new(FileSet::load(table, Some(id)).await?);
        self.lock().keep(key, &loaded, self.budget);
        Ok(loaded)
    }

    /// About how many bytes it holds.
    pub fn memory(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn find(&mut self, key: Key) -> Option<Arc<FileSet>> {
        let at = self.sets.iter().position(|(known, _)| *known == key)?;
        let found = self.sets.remove(at);
        let set = found.1.clone();
        self.sets.push(found);
        Some(set)
    }

    fn keep(&mut self, key: Key, set: &Arc<FileSet>, budget: usize) {
        if set.memory() > budget || self.find(key).is_some() {
            return;
        }
        self.bytes += set.memory();
        self.sets.push((key, set.clone()));
        while self.bytes > budget {
            let (_, oldest) = self.sets.remove(0);
            self.bytes -= oldest.memory();
        }
    }
}
