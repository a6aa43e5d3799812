//! The source files of a package: found on the disk and counted.

use std::fs;
use std::io;
use std::path::Path;

use crate::model::{Language, SourceFile};

/// Folders that are no part of a package's source. A package within a package, as in a workspace,
/// has a manifest of its own and is left out for that.
const SKIPPED: [&str; 3] = ["target", ".git", "node_modules"];

/// Counts the source files in `folder`, in the order of their paths.
pub(super) fn count(folder: &Path, package: &str) -> io::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    walk(folder, &mut |path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let Some(language) = extension.and_then(Language::of) else { return Ok(()) };
        let text = fs::read(path)?;
        let name = path.strip_prefix(folder).unwrap_or(path);
        let name = name.to_string_lossy().replace('\\', "/");
        files.push(SourceFile {
            id: format!("{package}/{name}"),
            package: package.to_owned(),
            language,
            bytes: text.len() as u64,
            lines: lines(&text),
            unsafe_words: if language == Language::Rust { words(&text, b"unsafe") } else { 0 },
            reviews: 0,
        });
        Ok(())
    })?;
    files.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(files)
}

fn walk(folder: &Path, found: &mut impl FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_file() {
            found(&path)?;
        } else if kind.is_dir() && !is_skipped(&path) {
            walk(&path, found)?;
        }
    }
    Ok(())
}

fn is_skipped(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default();
    SKIPPED.iter().any(|skipped| name == *skipped) || folder.join("Cargo.toml").exists()
}

/// How many lines there are, a last one without its end included.
fn lines(text: &[u8]) -> u64 {
    let ends = text.iter().filter(|byte| **byte == b'\n').count() as u64;
    ends + u64::from(text.last().is_some_and(|byte| *byte != b'\n'))
}

/// How often `word` stands in `text` by itself.
fn words(text: &[u8], word: &[u8]) -> u64 {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let mut count = 0;
    let mut from = 0;
    while let Some(offset) = text[from..].iter().position(|byte| *byte == word[0]) {
        let at = from + offset;
        let end = at + word.len();
        let alone = text[at..].starts_with(word)
            && !is_part(at.checked_sub(1).and_then(|before| text.get(before)))
            && !is_part(text.get(end));
        count += u64::from(alone);
        from = at + 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::{lines, words};

    #[test]
    fn a_last_line_needs_no_end() {
        assert_eq!([&b""[..], b"a", b"a\n", b"a\n\nb"].map(lines), [0, 1, 1, 3]);
    }

    #[test]
    fn only_whole_words_count() {
        let text = b"unsafe { unsafe_code } not_unsafe unsafely (unsafe)unsafe";
        assert_eq!(words(text, b"unsafe"), 3);
    }
}
