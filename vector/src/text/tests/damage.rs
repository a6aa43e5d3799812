//! Folders that hold no whole index.

use std::fs;
use std::path::{Path, PathBuf};

use super::{found, indexed, open};
use crate::text::{Opening, TextIndex};

/// A folder with a closed index, some of whose rows were deleted.
fn folder() -> tempfile::TempDir {
    let (folder, index) = indexed(Some("en"), &["a wing in slip flow", "heat", "wing"]);
    index.apply([(5, "another wing")].into_iter(), &[2]).unwrap();
    index.commit((1, 9)).unwrap();
    drop(index);
    folder
}

/// The files in `folder`, without tantivy's locks: they are empty, and stay behind.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.metadata().unwrap().len() > 0);
    files.sort();
    files
}

fn copy(from: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in files(from) {
        fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
    }
    copy
}

/// The index in `folder` asks to be rebuilt, is empty, and can be used.
fn assert_rebuilt(folder: &Path, language: Option<&str>, case: &str) {
    let (index, opening) = open(folder, language);
    assert!(matches!(opening, Opening::Rebuild(_)), "{case}: {opening:?}");
    assert_eq!((index.position(), index.snapshot().rows()), (None, 0), "{case}");
    assert_usable(index);
    assert_eq!(open(folder, language).1, Opening::Current, "{case}");
}

fn assert_usable(index: TextIndex) {
    index.apply([(1, "wing")].into_iter(), &[]).unwrap();
    index.commit((2, 2)).unwrap();
    assert_eq!(found(&index.snapshot(), "wing"), [1]);
}

#[test]
fn an_untouched_copy_is_whole() {
    let copy = copy(folder().path());
    let (index, opening) = open(copy.path(), Some("en"));
    assert_eq!((opening, index.position()), (Opening::Current, Some((1, 9))));
    assert_eq!(found(&index.snapshot(), "wing"), [0, 5]);
}

#[test]
fn a_missing_file_is_noticed() {
    // Rows without a word have positions all the same, of their labels.
    let (wordless, index) = indexed(Some("en"), &["...", ""]);
    drop(index);
    for folder in [folder(), wordless] {
        for file in files(folder.path()) {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let copy = copy(folder.path());
            fs::remove_file(copy.path().join(&name)).unwrap();
            assert_rebuilt(copy.path(), Some("en"), &format!("{name} missing"));
        }
    }
}

#[test]
fn a_truncated_file_is_noticed() {
    let folder = folder();
    for file in files(folder.path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&file).unwrap();
        for length in [0, 1, 4, 7, bytes.len() / 2, bytes.len() - 1] {
            let copy = copy(folder.path());
            fs::write(copy.path().join(&name), &bytes[..length]).unwrap();
            assert_rebuilt(copy.path(), Some("en"), &format!("{name} cut to {length}"));
        }
    }
}

#[test]
fn a_flipped_byte_is_noticed_or_harmless() {
    let folder = folder();
    for file in files(folder.path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&file).unwrap();
        let places = (0..bytes.len()).step_by(bytes.len() / 12 + 1);
        for place in places.chain(bytes.len().saturating_sub(9)..bytes.len()) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x11;
            let copy = copy(folder.path());
            fs::write(copy.path().join(&name), damaged).unwrap();
            let (index, opening) = open(copy.path(), Some("en"));
            match opening {
                // The version numbers in a footer are not part of what is indexed.
                Opening::Current => assert_eq!(found(&index.snapshot(), "wing"), [0, 5]),
                _ => assert_eq!(index.position(), None, "{name}, byte {place}"),
            }
        }
    }
}

#[test]
fn another_language_is_rebuilt() {
    for other in [None, Some("de")] {
        assert_rebuilt(folder().path(), other, "another language");
    }
}

#[test]
fn another_format_and_foreign_files_are_removed() {
    let folder = folder();
    fs::write(folder.path().join("headwater.text"), b"HWtx\xff\xff\x02en1234").unwrap();
    assert_rebuilt(folder.path(), Some("en"), "another format");
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::write(folder.path().join("sub/file"), b"x").unwrap();
    assert_rebuilt(folder.path(), Some("en"), "foreign files");
    assert!(!folder.path().join("sub").exists());
}

#[test]
fn an_index_whose_making_was_interrupted_is_rebuilt() {
    let folder = folder();
    fs::remove_file(folder.path().join("headwater.text")).unwrap();
    assert_rebuilt(folder.path(), Some("en"), "interrupted");
}
