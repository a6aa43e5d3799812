//! Removes what killed processes left behind.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path as FilePath;

use object_store::{Error, Result};

use super::DurableLocal;
use super::fault::{if_there, io};
use super::temp::is_temporary;
use crate::blocking;

/// What a sweep has removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Swept {
    /// Temporary files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl DurableLocal {
    /// Removes the temporary files of processes that ended before they could. Those of living
    /// processes are locked, and stay. Visits every folder below the root, so it costs about what a
    /// full listing does; nothing depends on it but disk space.
    ///
    /// # Errors
    /// When a folder cannot be read or a file cannot be removed.
    pub async fn sweep(&self) -> Result<Swept> {
        let root = self.root().to_owned();
        blocking::run(move || sweep(&root)).await
    }
}

fn sweep(root: &FilePath) -> Result<Swept> {
    let mut swept = Swept::default();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |e| io("sweep", &folder)(e).of(folder.display());
        let Some(entries) = if_there(fs::read_dir(&folder)).map_err(failed)? else {
            continue;
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && entry.file_name().to_str().is_some_and(is_temporary) {
                let bytes = remove_unlocked(&entry.path())?;
                swept.files += u64::from(bytes.is_some());
                swept.bytes += bytes.unwrap_or(0);
            }
        }
    }
    Ok(swept)
}

/// Removes the file unless its process lives; returns its size if it was removed.
fn remove_unlocked(path: &FilePath) -> Result<Option<u64>> {
    let key = || path.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned();
    let failed = |e| -> Error { io("sweep", path)(e).of(key()) };
    let Some(file) = if_there(File::open(path)).map_err(failed)? else {
        return Ok(None);
    };
    if file.try_lock().is_err() {
        return Ok(None);
    }
    let size = file.metadata().map_err(failed)?.len();
    // Removed under the lock: whoever just made it and waits for the lock will see that.
    let removed = if_there(fs::remove_file(path)).map_err(failed)?;
    Ok(removed.map(|()| size))
}
