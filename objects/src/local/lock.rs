//! Locks that order the writes of one key, between threads and between processes.

use std::fs::{self, File};
use std::io;
use std::path::{Path as FilePath, PathBuf};

use object_store::path::Path;

use super::place::RESERVED;

/// How many lock files there are. Part of the layout on disk: two processes that count differently
/// would not exclude each other.
const FILES: u64 = 64;

/// The lock files of a root. Each stands for many keys; none is ever removed.
#[derive(Debug)]
pub(super) struct Locks {
    folder: PathBuf,
}

/// Holds the locks of one or two keys until it is dropped, or until the process ends.
#[derive(Debug)]
pub(super) struct Locked {
    _files: Vec<File>,
}

impl Locks {
    pub(super) fn new(root: &FilePath) -> Self {
        Self { folder: root.join(format!("{RESERVED}locks")) }
    }

    /// Waits for the keys' locks. They are taken in one order everywhere, so nobody waits in a ring.
    pub(super) fn lock(&self, keys: &[&Path]) -> io::Result<Locked> {
        let mut numbers: Vec<u64> = keys.iter().map(|key| number(key)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let files =
            numbers.into_iter().map(|number| self.file(number)).collect::<io::Result<_>>()?;
        Ok(Locked { _files: files })
    }

    fn file(&self, number: u64) -> io::Result<File> {
        let path = self.folder.join(format!("{number:02x}"));
        let open = || File::options().create(true).append(true).open(&path);
        let file = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&self.folder)?;
                open()?
            }
            result => result?,
        };
        file.lock()?;
        Ok(file)
    }
}

/// FNV-1a (Fowler, Noll and Vo), the same in every build.
fn number(key: &Path) -> u64 {
    let hash = key.as_ref().bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    });
    (hash ^ (hash >> 32)) % FILES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_same_lock_in_every_version() {
        assert_eq!(number(&Path::from("lake/a.parquet")), 52);
        assert_eq!(number(&Path::from("lake/b.parquet")), 30);
    }

    #[test]
    fn two_keys_of_one_lock_do_not_wait_for_each_other() {
        let root = tempfile::tempdir().unwrap();
        let key = Path::from("a");
        assert_eq!(Locks::new(root.path()).lock(&[&key, &key]).unwrap()._files.len(), 1);
    }
}
