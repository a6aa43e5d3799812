//! The README of a package.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What is longer is cut: no README of use is, and one document should not weigh more than all others.
const MOST_BYTES: u64 = 256 * 1024;

/// The README at `path`. Packages may name one that they do not ship.
pub(super) fn read(path: &Path) -> Option<String> {
    let mut text = Vec::new();
    File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_is_cut_where_it_grows_too_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("README.md");
        assert_eq!(read(&path), None);
        std::fs::write(&path, "# short").unwrap();
        assert_eq!(read(&path).as_deref(), Some("# short"));
        std::fs::write(&path, "x".repeat(300 * 1024)).unwrap();
        assert_eq!(read(&path).map(|text| text.len() as u64), Some(MOST_BYTES));
    }
}
