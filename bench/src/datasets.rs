//! Finds the shared data sets that some areas measure on.

use std::path::PathBuf;

use crate::{Outcome, workspace_root};

/// The folder of the data set `name`: `$HEADWATER_DATASETS/name`, else `shared/datasets/name` beside
/// the workspace.
pub(crate) fn dataset(name: &str) -> Outcome<PathBuf> {
    let named = std::env::var_os("HEADWATER_DATASETS").map(PathBuf::from);
    let beside = workspace_root().join("../shared/datasets");
    let candidates = [named, Some(beside)].into_iter().flatten().map(|root| root.join(name));
    candidates.into_iter().find(|folder| folder.is_dir()).ok_or_else(|| {
        format!("data set {name} is in neither $HEADWATER_DATASETS nor ../shared/datasets").into()
    })
}
