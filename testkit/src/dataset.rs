//! Finds the shared data sets that some tests run on.

use std::path::{Path, PathBuf};

use crate::skipped;

/// The directory of the data set `name`: `$HEADWATER_DATASETS/name`, or `shared/datasets/name`
/// beside the workspace. Without one it prints that the test is skipped and returns `None`.
///
/// # Panics
/// When it is missing and `CI=true`: there, a skipped test would look like a passed one.
pub fn dataset(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("HEADWATER_DATASETS").map(PathBuf::from);
    let found = find(name, root.as_deref());
    if found.is_none() {
        skipped(&format!(
            "data set {name} is in neither $HEADWATER_DATASETS nor ../shared/datasets"
        ));
    }
    found
}

fn find(name: &str, root: Option<&Path>) -> Option<PathBuf> {
    // At run time first: a cached build of this crate may have been made in another folder.
    let package = std::env::var_os("CARGO_MANIFEST_DIR");
    let package = package.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let beside = Path::new(&package).join("../../shared/datasets");
    [root, Some(beside.as_path())]
        .into_iter()
        .flatten()
        .map(|root| root.join(name))
        .find(|path| path.is_dir())
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn the_named_root_wins_and_a_missing_set_is_none() {
        let root = tempfile::tempdir().unwrap();
        let set = root.path().join("a-set");
        assert_eq!(find("a-set", Some(root.path())), None);
        std::fs::create_dir(&set).unwrap();
        assert_eq!(find("a-set", Some(root.path())), Some(set));
    }
}
