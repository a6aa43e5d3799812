//! Errors of iceberg and of object stores as this project's, and back: the only place that knows both.

use std::error::Error as StdError;

use headwater_primitives::{Error, ErrorKind, Result};
use iceberg::ErrorKind as IcebergKind;

/// This project's error for one of iceberg's. Where one of ours is at the bottom of it, such as a
/// failure of the object store, its kind is kept.
pub fn from_iceberg(error: iceberg::Error) -> Error {
    let kind = kind_at_the_bottom(&error).unwrap_or(match error.kind() {
        IcebergKind::NamespaceAlreadyExists | IcebergKind::TableAlreadyExists => {
            ErrorKind::AlreadyExists
        }
        IcebergKind::NamespaceNotFound | IcebergKind::TableNotFound => ErrorKind::NotFound,
        IcebergKind::FeatureUnsupported => ErrorKind::Unsupported,
        IcebergKind::CatalogCommitConflicts => ErrorKind::Conflict,
        IcebergKind::PreconditionFailed => ErrorKind::InvalidInput,
        IcebergKind::DataInvalid => ErrorKind::Corrupt,
        _ => ErrorKind::Io,
    });
    Error::new(kind, format!("iceberg: {error}")).with_source(error)
}

/// Iceberg's error for one of ours, which stays its source. A `Conflict` becomes
/// `CatalogCommitConflicts`, and is retryable, since another attempt may succeed.
pub fn to_iceberg(error: Error) -> iceberg::Error {
    let (kind, retryable) = match error.kind() {
        ErrorKind::Conflict => (IcebergKind::CatalogCommitConflicts, true),
        ErrorKind::InvalidInput | ErrorKind::Corrupt => (IcebergKind::DataInvalid, false),
        ErrorKind::Unsupported | ErrorKind::NewerVersion => {
            (IcebergKind::FeatureUnsupported, false)
        }
        ErrorKind::ReadOnly | ErrorKind::Closed | ErrorKind::Locked => {
            (IcebergKind::PreconditionFailed, false)
        }
        _ => (IcebergKind::Unexpected, error.is_retryable()),
    };
    iceberg::Error::new(kind, "in the lake").with_source(error).with_retryable(retryable)
}

/// This project's error for an object store's, about the object at `location`.
pub(crate) fn from_store(error: object_store::Error, location: &str) -> Error {
    use object_store::Error as Store;
    let kind = kind_at_the_bottom(&error).unwrap_or(match &error {
        Store::NotFound { .. } => ErrorKind::NotFound,
        Store::AlreadyExists { .. } => ErrorKind::AlreadyExists,
        Store::Precondition { .. } => ErrorKind::Conflict,
        Store::InvalidPath { .. } => ErrorKind::InvalidInput,
        Store::NotSupported { .. } | Store::NotImplemented { .. } => ErrorKind::Unsupported,
        Store::PermissionDenied { .. } | Store::Unauthenticated { .. } => ErrorKind::Denied,
        _ => ErrorKind::Io,
    });
    Error::new(kind, format!("object {location}: {error}")).with_source(error)
}

/// This project's error for a store that could not be opened.
pub(crate) fn from_objects(error: headwater_objects::Error) -> Error {
    use headwater_objects::Error as Open;
    let kind = match &error {
        Open::FeatureOff { .. } => ErrorKind::Unsupported,
        other => kind_at_the_bottom(other).unwrap_or(ErrorKind::InvalidInput),
    };
    Error::new(kind, format!("the lake: {error}")).with_source(error)
}

/// The kind that one of our errors, or the operating system's, has somewhere below `error`.
fn kind_at_the_bottom(error: &(dyn StdError + 'static)) -> Option<ErrorKind> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(ours) = error.downcast_ref::<Error>() {
            return Some(ours.kind());
        }
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(Error::from(std::io::Error::from(io.kind())).kind());
        }
        cause = error.source();
    }
    None
}

/// `?` for iceberg's results where this project's are returned.
pub(crate) trait OrLake<T> {
    fn or_lake(self) -> Result<T>;
}

impl<T> OrLake<T> for iceberg::Result<T> {
    fn or_lake(self) -> Result<T> {
        self.map_err(from_iceberg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_survives_the_way_through_iceberg() {
        for kind in [ErrorKind::NotFound, ErrorKind::DiskFull, ErrorKind::Conflict] {
            let there = to_iceberg(Error::new(kind, "what happened"));
            assert_eq!(from_iceberg(there).kind(), kind);
        }
    }

    #[test]
    fn a_conflict_is_what_icebergs_transactions_try_again() {
        let conflict = to_iceberg(Error::new(ErrorKind::Conflict, "lost the race"));
        assert_eq!(conflict.kind(), IcebergKind::CatalogCommitConflicts);
        assert!(conflict.retryable());
        assert!(!to_iceberg(Error::invalid("no")).retryable());
    }

    #[test]
    fn a_full_disk_below_the_object_store_is_named() {
        let source = Box::new(std::io::Error::from(std::io::ErrorKind::StorageFull));
        let error = object_store::Error::Generic { store: "test", source };
        assert_eq!(from_store(error, "memory:///lake/a").kind(), ErrorKind::DiskFull);
    }
}
