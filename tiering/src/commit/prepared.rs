//! A commit that is ready to be made.

use iceberg::{TableRequirement, TableUpdate};

/// What [`SqliteCatalog::commit_with`](crate::SqliteCatalog::commit_with) takes, and the files that were
/// written for it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Prepared {
    /// What must still hold when it is committed.
    pub requirements: Vec<TableRequirement>,
    /// What it changes. Empty when there is nothing to do.
    pub updates: Vec<TableUpdate>,
    /// The snapshot that it makes current, where it makes one.
    pub snapshot_id: Option<i64>,
    /// Locations of the manifests and the manifest list that it wrote, to be deleted when it is given
    /// up; [`orphans`](crate::orphans) finds them otherwise.
    pub written: Vec<String>,
}
