//! Where files of a table lie, and how they are named: no name is ever used twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use headwater_primitives::{Error, Result, Sequence};
use object_store::path::Path;
use uuid::Uuid;

use crate::rows::date_text;
use crate::schema::PARTITION_FIELD;

/// Where one file lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FilePlace {
    /// In the object store.
    pub path: Path,
    /// The absolute URL, which Iceberg's metadata holds.
    pub url: String,
}

/// Names for the files that one attempt to write some rows makes.
///
/// A file is `data/_written_day=2026-01-31/<after>-<until>-<attempt>-<n>.parquet` below the table;
/// `n` counts all files of the attempt, from 0. Clones count together.
#[derive(Clone, Debug)]
pub struct FileNames {
    folder: Path,
    url: String,
    stem: String,
    next: Arc<AtomicU32>,
}

impl FileNames {
    /// Names below a table, which is the folder `folder` of the object store and has the absolute
    /// URL `url`. The rows are those of the sequences past `after`, up to `until`.
    pub fn new(folder: Path, url: &str, after: Sequence, until: Sequence, attempt: Uuid) -> Self {
        FileNames {
            folder,
            url: url.trim_end_matches('/').to_owned(),
            stem: format!("{}-{}-{attempt}", after.0, until.0),
            next: Arc::default(),
        }
    }

    /// The place of the next data file of the partition `day`.
    ///
    /// # Errors
    /// `InvalidInput` when the day is outside the years 0 to 9999.
    pub fn next_data(&self, day: i32) -> Result<FilePlace> {
        self.next(day, "")
    }

    /// The place of the next file of position deletes of the partition `day`.
    ///
    /// # Errors
    /// As [`next_data`](Self::next_data).
    pub fn next_deletes(&self, day: i32) -> Result<FilePlace> {
        self.next(day, "-deletes")
    }

    fn next(&self, day: i32, suffix: &str) -> Result<FilePlace> {
        let date = date_text(day).ok_or_else(|| {
            Error::invalid(format!("day {day} since 1970-01-01 is outside the years 0 to 9999"))
        })?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let parts = ["data".to_owned(), format!("{PARTITION_FIELD}={date}")];
        let name = format!("{}-{number}{suffix}.parquet", self.stem);
        let url = format!("{}/{}/{}/{name}", self.url, parts[0], parts[1]);
        let [data, partition] = parts;
        let path = self.folder.clone().join(data).join(partition).join(name);
        Ok(FilePlace { path, url })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_partition_range_attempt_and_number() {
        let attempt = Uuid::from_u128(7);
        let folder = Path::from("lake/document/customers");
        let names = FileNames::new(folder, "file:///a/lake/x/", Sequence(3), Sequence(9), attempt);
        let first = names.next_data(20_484).unwrap();
        let tail = format!("data/_written_day=2026-01-31/3-9-{attempt}-0.parquet");
        assert_eq!(first.url, format!("file:///a/lake/x/{tail}"));
        assert_eq!(first.path.as_ref(), format!("lake/document/customers/{tail}"));
        let second = names.clone().next_deletes(-1).unwrap();
        assert!(second.url.ends_with(
            "_written_day=1969-12-31/3-9-00000000-0000-0000-0000-000000000007-1-deletes.parquet"
        ));
        assert!(names.next_data(i32::MAX).is_err());
    }
}
