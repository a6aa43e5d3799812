//! The lock file: one process owns a namespace at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};

/// Holds `LOCK` until it is dropped. The operating system lets go when the process ends, however.
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child process that is being started has the file too, for a moment.
        let _ = self.0.unlock();
    }
}

impl Lock {
    pub(crate) fn acquire(directory: &Path) -> Result<Lock> {
        let path = directory.join("LOCK");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| Error::from(error).context(path.display()))?;
        match file.try_lock() {
            Ok(()) => {
                // Who holds it, for the message that the next one gets. The lock itself is the
                // operating system's, so a failure to write this is no failure.
                let _ = file.set_len(0);
                let _ = file.seek(SeekFrom::Start(0));
                let _ = write!(file, "{}", std::process::id());
                Ok(Lock(file))
            }
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                let _ = file.read_to_string(&mut owner);
                let owner = owner.trim();
                let owner = if owner.is_empty() { "another process" } else { owner };
                Err(Error::new(
                    ErrorKind::Locked,
                    format!(
                        "namespace {} is open in process {owner}: close it there, or open it \
                         read-only here",
                        directory.display()
                    ),
                ))
            }
            Err(TryLockError::Error(error)) => Err(Error::from(error).context(path.display())),
        }
    }
}
