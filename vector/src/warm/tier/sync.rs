//! Making a local dataset durable: Lance leaves its files to the operating system.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use headwater_primitives::{Error, Result};

/// The files of a dataset that are durable; none of them is ever written again.
pub(super) type Synced = HashSet<PathBuf>;

/// Syncs every file below `folder` that is not in `synced` yet, and the folders on the way.
pub(super) fn tree(folder: &Path, synced: &mut Synced) -> Result<()> {
    let mut new = Vec::new();
    let changed = below(folder, synced, &mut new)?;
    if changed {
        // The folder itself may be new, and its parents.
        for parent in folder.ancestors().skip(1).take(3) {
            sync(parent)?;
        }
    }
    synced.extend(new);
    Ok(())
}

/// Whether anything below `folder` was synced.
fn below(folder: &Path, synced: &Synced, new: &mut Vec<PathBuf>) -> Result<bool> {
    let mut changed = false;
    for entry in fs::read_dir(folder).map_err(|error| in_place(error, folder))? {
        let path = entry?.path();
        if path.is_dir() {
            changed |= below(&path, synced, new)?;
        } else if !synced.contains(&path) {
            sync(&path)?;
            new.push(path);
            changed = true;
        }
    }
    if changed {
        sync(folder)?;
    }
    Ok(changed)
}

fn sync(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| in_place(error, path))
}

fn in_place(error: std::io::Error, path: &Path) -> Error {
    Error::from(error).context(path.display())
}
