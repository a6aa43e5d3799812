//! Files on their way to a key: written under a name of the store's own, removed unless published.
//!
//! A file is locked for as long as its process lives, which is how a sweep knows those whose
//! process was killed.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path as FilePath, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::place::RESERVED;
use super::sync::Folders;

/// The beginning of the name of such a file.
const TEMPORARY: &str = "tmp-";

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Whether a file with this name is on its way, or was when its process ended.
pub(super) fn is_temporary(name: &str) -> bool {
    name.strip_prefix(RESERVED).is_some_and(|rest| rest.starts_with(TEMPORARY))
}

/// A file that has no key yet.
#[derive(Debug)]
pub(super) struct Temporary {
    file: File,
    /// `None` once it has its key.
    path: Option<PathBuf>,
}

impl Temporary {
    /// Makes one in `folder`, and the folder where it is missing.
    pub(super) fn create(folders: &Folders, folder: &FilePath) -> io::Result<Self> {
        folders.ensure(folder)?;
        // Few can be in the way: a name that was used before, a sweep, a folder removed by others.
        for _ in 0..100 {
            let path = folder.join(name());
            match File::options().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => {
                    let temporary = Self { file, path: Some(path) };
                    temporary.file.lock()?;
                    if is_linked(&temporary.file)? {
                        return Ok(temporary);
                    }
                    // A sweep took it before it was locked.
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    folders.forget();
                    folders.ensure(folder)?;
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("no name was free for a temporary file"))
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Renames it to `to`, over what is there.
    pub(super) fn replace(&mut self, to: &FilePath) -> io::Result<()> {
        if let Some(path) = &self.path {
            fs::rename(path, to)?;
            self.path = None;
        }
        Ok(())
    }

    /// Gives it the name `to`, which nothing may have.
    pub(super) fn create_at(&mut self, to: &FilePath) -> io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        match fs::hard_link(path, to) {
            // There are file systems without links. The caller holds the key's lock and has looked.
            Err(error)
                if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) =>
            {
                self.replace(to)
            }
            result => result,
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            // What cannot be removed now is left to a sweep.
            let _ = fs::remove_file(path);
        }
    }
}

fn name() -> String {
    let (count, process) = (COUNT.fetch_add(1, Ordering::Relaxed), process::id());
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{RESERVED}{TEMPORARY}{process:x}-{time:x}-{count:x}")
}

#[cfg(unix)]
fn is_linked(file: &File) -> io::Result<bool> {
    Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) > 0)
}

#[cfg(not(unix))]
fn is_linked(_file: &File) -> io::Result<bool> {
    // An open file cannot be removed there.
    Ok(true)
}
