//! From a key to its file: nothing outside the root, nothing through a link, nothing of our own.

use std::fs::{Metadata, symlink_metadata};
use std::path::{Path as FilePath, PathBuf};

use object_store::Result;
use object_store::path::Path;

use super::fault::{Fault, if_there, io};

/// How the names of the store's own files and folders begin. No key has such a part.
pub(super) const RESERVED: &str = ".hw-";

/// The file of a key.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// What is there now.
    pub(super) metadata: Option<Metadata>,
}

/// Finds the file of `key`.
///
/// # Errors
/// When the key is empty, has a part that cannot be a file name here, or leads through a link.
pub(super) fn file(root: &FilePath, key: &Path) -> Result<Place> {
    if key.is_root() {
        return Err(Fault::EmptyKey { key: key.to_string() }.of(key));
    }
    place(root, key)
}

/// Finds the folder of a prefix; the empty one is the root.
pub(super) fn folder(root: &FilePath, prefix: &Path) -> Result<Place> {
    place(root, prefix)
}

fn place(root: &FilePath, key: &Path) -> Result<Place> {
    let mut path = root.to_owned();
    let mut metadata = None;
    let mut missing = false;
    for part in key.parts() {
        let part = part.as_ref();
        check(part).map_err(|reason| {
            Fault::Part { key: key.to_string(), part: part.to_owned(), reason }.of(key)
        })?;
        path.push(part);
        if !missing {
            metadata =
                if_there(symlink_metadata(&path)).map_err(|e| io("look at", &path)(e).of(key))?;
            missing = metadata.is_none();
        }
        if metadata.as_ref().is_some_and(|metadata| metadata.is_symlink()) {
            return Err(Fault::Link { path }.of(key));
        }
    }
    Ok(Place { path, metadata: if missing { None } else { metadata } })
}

fn check(part: &str) -> Result<(), &'static str> {
    if part.starts_with(RESERVED) {
        return Err("names that begin with `.hw-` are the store's own");
    }
    if part == "." || part == ".." || part.is_empty() {
        return Err("it names no file");
    }
    if part.contains(['/', '\0']) || (cfg!(windows) && part.contains(['\\', ':'])) {
        return Err("it has a character that file names cannot have here");
    }
    if part.len() > 255 {
        return Err("file names have at most 255 bytes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_no_files_are_refused_with_their_part() {
        let root = tempfile::tempdir().unwrap();
        let long = "n".repeat(256);
        for (key, what) in [("", "empty"), ("a/.hw-x", ".hw-x"), (&long, "255 bytes")] {
            let error = file(root.path(), &Path::parse(key).unwrap()).unwrap_err().to_string();
            assert!(error.contains(what), "{key}: {error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_below_the_root_is_not_followed() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(outside.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("out")).unwrap();
        for key in ["out", "out/secret", "out/new/x"] {
            let error = file(root.path(), &Path::from(key)).unwrap_err().to_string();
            assert!(error.contains("symbolic link"), "{key}: {error}");
        }
    }
}
