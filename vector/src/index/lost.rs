//! An index that is ahead of the log: an older `hot.db` was put in the place of the one it followed.
//!
//! It has to be noticed before anything is written. Once the log has come as far again, nothing tells
//! the history that the index has followed from the one that there is now.

use std::fs::File;
use std::path::Path;

use headwater_cdc::ChangeLog;
use headwater_primitives::{Namespace, Result, Sequence};

use super::file::{self, GRAPH};
use crate::graph::Graph;
use crate::table::Table;
use crate::text;

/// Removes the files of an index that follow a history which was lost.
pub(super) fn forget(namespace: &Namespace, changes: &ChangeLog, table: &Table) {
    let folder = file::folder_of(namespace.path(), table.number);
    let is_lost = |(epoch, sequence)| -> Result<bool> {
        Ok(!namespace.knows_position(changes.segments(), epoch, Sequence(sequence))?)
    };
    let positions = [graph_position(&folder), text::position_of(&folder.join("text"))];
    let removed = || -> Result<()> {
        for position in positions.into_iter().flatten() {
            if is_lost(position)? {
                tracing::warn!(store = %table.name, "the search index is ahead of the log: removed");
                return Ok(std::fs::remove_dir_all(&folder)?);
            }
        }
        Ok(())
    };
    if let Err(error) = removed() {
        tracing::warn!(%error, store = %table.name, "it is not known whether the search index holds");
    }
}

fn graph_position(folder: &Path) -> Option<(u64, u64)> {
    let mut file = File::open(folder.join(GRAPH)).ok()?;
    // A damaged one is not used anyway.
    let applied = Graph::applied(&mut file).ok()?;
    Some((applied.epoch, applied.sequence.0))
}
