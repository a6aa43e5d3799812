//! The file that says what a folder of text index was made with.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::language::Language;

/// Its name.
const FILE: &str = "headwater.text";
const MAGIC: [u8; 4] = *b"HWtx";
/// Counts up whenever the schema or the analysis changes what is in an index.
const VERSION: u16 = 1;

/// The content: magic, version, length of the language's code (0: none), the code, CRC-32C of it all.
/// Numbers are little-endian.
fn content(language: Option<Language>) -> Vec<u8> {
    let code = language.map_or("", Language::code);
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.push(code.len() as u8);
    bytes.extend(code.as_bytes());
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

/// Writes it into `folder`, durably. The last step of making an index, so that a folder with the file
/// has a whole index.
pub(crate) fn write(folder: &Path, language: Option<Language>) -> io::Result<()> {
    let mut file = File::create(folder.join(FILE))?;
    file.write_all(&content(language))?;
    file.sync_all()?;
    File::open(folder)?.sync_all()
}

/// What is wrong with the one in `folder`; `None` when it is that of an index in `language`.
pub(crate) fn mismatch(folder: &Path, language: Option<Language>) -> io::Result<Option<String>> {
    let bytes = match fs::read(folder.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some(format!("{FILE} is missing")));
        }
        Err(error) => return Err(error),
    };
    if bytes == content(language) {
        return Ok(None);
    }
    Ok(Some(read(&bytes).map_or_else(
        || format!("{FILE} is damaged"),
        |(version, code)| {
            let wanted = language.map_or("", Language::code);
            format!(
                "the index has format {version} and the language {code:?}, \
                 wanted are {VERSION} and {wanted:?}"
            )
        },
    )))
}

fn read(bytes: &[u8]) -> Option<(u16, &str)> {
    let (body, checksum) = bytes.split_last_chunk::<4>()?;
    let rest = body.strip_prefix(&MAGIC)?;
    let (version, rest) = rest.split_first_chunk::<2>()?;
    let (length, code) = rest.split_first()?;
    let whole =
        usize::from(*length) == code.len() && crc32c::crc32c(body).to_le_bytes() == *checksum;
    whole.then(|| Some((u16::from_le_bytes(*version), std::str::from_utf8(code).ok()?)))?
}

#[cfg(test)]
mod tests {
    use super::{FILE, mismatch, write};
    use crate::text::language::Language;

    #[test]
    fn only_an_index_in_the_same_language_matches() {
        let folder = tempfile::tempdir().unwrap();
        let german = Some(Language::parse("de").unwrap());
        assert!(mismatch(folder.path(), german).unwrap().unwrap().contains("missing"));
        write(folder.path(), german).unwrap();
        assert_eq!(mismatch(folder.path(), german).unwrap(), None);
        let other = mismatch(folder.path(), None).unwrap().unwrap();
        assert!(other.contains("\"de\""), "{other}");
    }

    #[test]
    fn any_flipped_byte_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), None).unwrap();
        let path = folder.path().join(FILE);
        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 4;
            std::fs::write(&path, damaged).unwrap();
            assert!(mismatch(folder.path(), None).unwrap().is_some(), "byte {at}");
        }
    }
}
