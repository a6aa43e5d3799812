//! A tantivy directory whose small files carry a checksum too.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tantivy::Directory;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    DirectoryLock, FileHandle, Lock, MmapDirectory, WatchCallback, WatchHandle, WritePtr,
};

const MAGIC: [u8; 4] = *b"HWc1";
/// CRC-32C of the content, then the magic.
const TRAILER: usize = 8;

/// tantivy's directory of memory-mapped files, which ends each file that it replaces as a whole (the
/// list of segments, the list of files) with a checksum. tantivy itself checks only segment files.
#[derive(Clone, Debug)]
pub(crate) struct CheckedDirectory(MmapDirectory);

impl CheckedDirectory {
    pub(crate) fn open(path: &Path) -> tantivy::Result<Self> {
        Ok(CheckedDirectory(MmapDirectory::open(path)?))
    }
}

impl Directory for CheckedDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.0.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.0.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.0.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.0.open_write(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let mut data = self.0.atomic_read(path)?;
        let content = checked(&data).ok_or_else(|| {
            let message = format!("{} does not match its checksum", path.display());
            let error = io::Error::new(io::ErrorKind::InvalidData, message);
            OpenReadError::wrap_io_error(error, path.to_path_buf())
        })?;
        data.truncate(content);
        Ok(data)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let checksum = crc32c::crc32c(data).to_le_bytes();
        self.0.atomic_write(path, &[data, &checksum, &MAGIC].concat())
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.0.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.0.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.0.watch(callback)
    }
}

/// The length of the content, when its trailer is right.
fn checked(data: &[u8]) -> Option<usize> {
    let content = data.len().checked_sub(TRAILER)?;
    let checksum = crc32c::crc32c(&data[..content]).to_le_bytes();
    (data[content..] == [checksum, MAGIC].concat()).then_some(content)
}
