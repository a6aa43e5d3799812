//! Syncing: files, folders, and folders that were just made.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether what is acknowledged survives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Sync {
    /// Files and folders are synced before a write is acknowledged.
    #[default]
    Full,
    /// Nothing is synced. What is acknowledged survives the end of the process, not a power cut.
    Off,
}

/// How many folders are remembered as durable. Past it all are forgotten, which costs a sync each.
const REMEMBERED: usize = 4096;

/// The folders of a store, and which of them are known to survive a power cut.
#[derive(Debug)]
pub(super) struct Folders {
    root: PathBuf,
    sync: Sync,
    durable: Mutex<HashSet<PathBuf>>,
}

impl Folders {
    /// Makes the root where it is missing. Its path is resolved, so that links above it are no part
    /// of any key.
    pub(super) fn open(root: &FilePath, sync: Sync) -> io::Result<Self> {
        let mut folders = Self { root: PathBuf::new(), sync, durable: Mutex::default() };
        folders.make(root)?;
        folders.root = root.canonicalize()?;
        if let Some(parent) = folders.root.parent() {
            // Whoever made the root may not have synced it; whose parent is closed to us, did.
            match folders.sync_folder(parent) {
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
                result => result?,
            }
        }
        Ok(folders)
    }

    pub(super) fn root(&self) -> &FilePath {
        &self.root
    }

    pub(super) fn sync_file(&self, file: &File) -> io::Result<()> {
        match self.sync {
            Sync::Full => file.sync_all(),
            Sync::Off => Ok(()),
        }
    }

    /// Makes the names in `folder` durable: files that came, went or were renamed.
    pub(super) fn sync_folder(&self, folder: &FilePath) -> io::Result<()> {
        match self.sync {
            // Windows has no handle to sync a folder with; NTFS journals its names.
            Sync::Full if cfg!(unix) => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }

    /// Makes `folder`, which is below the root, and the folders between, and makes their names
    /// durable.
    ///
    /// A folder that was there may have been made by another process a moment ago, which has not
    /// synced it yet; so each is synced once by us. A store never removes a folder, which is why
    /// that holds from then on.
    pub(super) fn ensure(&self, folder: &FilePath) -> io::Result<()> {
        if folder == self.root || self.known().contains(folder) {
            return Ok(());
        }
        let parent = folder.parent().unwrap_or(&self.root);
        self.ensure(parent)?;
        make_one(folder)?;
        self.sync_folder(parent)?;
        let mut known = self.known();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(folder.to_owned());
        Ok(())
    }

    /// Looks again, after someone else has removed a folder.
    pub(super) fn forget(&self) {
        self.known().clear();
    }

    /// Makes a folder with those above it that are missing, and syncs each that was made.
    fn make(&self, folder: &FilePath) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(FilePath::new("."));
        self.make(parent)?;
        make_one(folder)?;
        self.sync_folder(parent)
    }

    fn known(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes one folder, or finds it made.
fn make_one(folder: &FilePath) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(_) if folder.is_dir() => Ok(()),
        result => result,
    }
}
