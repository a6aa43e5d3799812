//! What a folder holds, found out before anything in it is written.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rusqlite::Connection;

use super::open::log_of;
use crate::error::{Error, ErrorKind, Result};

/// `HWTR`: says in the SQLite header that the file is ours.
pub(super) const APPLICATION_ID: u32 = 0x4857_5452;
/// The version of `hot.db` itself; each part has its own beside it.
pub(super) const FORMAT: u32 = 1;

/// Refuses `hot` when its header says that it is not ours: without SQLite, which leaves files of its
/// own beside one that it has opened.
pub(super) fn check_header(hot: &Path) -> Result<()> {
    let file = match File::open(hot) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let len = file.metadata()?.len();
    let mut header = Vec::new();
    file.take(100).read_to_end(&mut header)?;
    if header.is_empty() {
        return match has_content(&log_of(hot)) {
            // SQLite would delete it.
            true => Err(Error::corrupt("hot.db is empty, but its write-ahead log is not")),
            false => Ok(()),
        };
    }
    if header.len() < 100 || !header.starts_with(b"SQLite format 3\0") {
        return Err(not_a_database());
    }
    let number = |bytes: &[u8]| bytes.iter().fold(0, |n, byte| n << 8 | u32::from(*byte));
    let (application, format) = (number(&header[68..72]), number(&header[60..64]));
    // What made it ours may still be in the write-ahead log.
    if application != 0 {
        judge(application, format)?;
    }
    let page = u64::from(number(&header[16..18])).max(512);
    if application != 0 && len % page != 0 && !has_content(&log_of(hot)) {
        return Err(Error::corrupt("hot.db is cut short: it ends within a page"));
    }
    Ok(())
}

/// Checks that the file is ours. `true` when it is empty, and may become ours.
pub(super) fn inspect(connection: &Connection, read_only: bool) -> Result<bool> {
    let number = |pragma: &str| -> Result<u32> {
        // SQLite shows both as signed.
        let number: i32 =
            connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?;
        Ok(number as u32)
    };
    let (application, format) = (number("application_id")?, number("user_version")?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application == 0 && tables == 0 && !read_only {
        return Ok(true);
    }
    judge(application, format).map(|()| false)
}

fn judge(application: u32, format: u32) -> Result<()> {
    if application != APPLICATION_ID {
        return Err(Error::new(
            ErrorKind::NotADatabase,
            "hot.db is an SQLite database of another program: choose another folder",
        ));
    }
    if format > FORMAT {
        return Err(Error::new(
            ErrorKind::NewerVersion,
            format!(
                "hot.db has format {format}, and this code knows {FORMAT}: use a newer release"
            ),
        ));
    }
    Ok(())
}

/// Says what SQLite's errors mean while a namespace is opened.
pub(super) fn unreadable(error: Error) -> Error {
    let from_sqlite = std::error::Error::source(&error).is_some();
    match error.kind() {
        ErrorKind::NotADatabase if from_sqlite => not_a_database().with_source(error),
        ErrorKind::Corrupt if from_sqlite => {
            Error::corrupt("hot.db is damaged: restore it, or rebuild it").with_source(error)
        }
        _ => error,
    }
}

fn not_a_database() -> Error {
    Error::new(
        ErrorKind::NotADatabase,
        "hot.db is not an SQLite database: choose another folder, or restore the file",
    )
}

/// Whether there is a file at `path` that is not empty.
pub(super) fn has_content(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.len() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a `hot.db` with these bytes, beside a log of as many bytes as `log` says.
    fn said(hot: &[u8], log: usize) -> Option<ErrorKind> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hot.db");
        std::fs::write(&path, hot).unwrap();
        std::fs::write(log_of(&path), vec![0; log]).unwrap();
        check_header(&path).err().map(|error| error.kind())
    }

    #[test]
    fn a_header_tells_ours_from_others_newer_and_damaged_ones() {
        let mut ours = vec![0; 4096];
        ours[..16].copy_from_slice(b"SQLite format 3\0");
        ours[16..18].copy_from_slice(&4096u16.to_be_bytes());
        assert_eq!(said(&ours, 0), None, "what makes it ours may be in the log");
        ours[60..64].copy_from_slice(&FORMAT.to_be_bytes());
        ours[68..72].copy_from_slice(&APPLICATION_ID.to_be_bytes());
        assert_eq!(said(&ours, 0), None);
        assert_eq!(said(&[ours.as_slice(), &[0]].concat(), 0), Some(ErrorKind::Corrupt));
        assert_eq!(said(&[ours.as_slice(), &[0]].concat(), 9), None, "the log completes it");
        ours[63] += 1;
        assert_eq!(said(&ours, 0), Some(ErrorKind::NewerVersion));
        ours[71] += 1;
        assert_eq!(said(&ours, 0), Some(ErrorKind::NotADatabase));
    }

    #[test]
    fn a_file_that_is_missing_or_empty_may_become_ours() {
        assert!(check_header(Path::new("/nowhere/at/all/hot.db")).is_ok());
        assert_eq!(said(b"", 0), None);
        assert_eq!(said(b"", 1), Some(ErrorKind::Corrupt));
    }
}
