//! Where a namespace that another process owns is indexed: the owner's files are not touched.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use headwater_primitives::{Error, Result};

/// A new folder in the system's temporary one, that only this user can read.
///
/// # Errors
/// When it cannot be made.
pub(super) fn folder() -> Result<PathBuf> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("headwater-follower-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        match private().create(&folder) {
            // Left by a process of the same number, about whatever namespace.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::from(error).context(folder.display())),
            Ok(()) => return Ok(folder),
        }
    }
}

fn private() -> DirBuilder {
    #[allow(unused_mut)]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}
