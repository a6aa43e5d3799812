//! Failures of Parquet and of the object store as this project's.

use headwater_primitives::{Error, ErrorKind};
use parquet::errors::ParquetError;

/// A failure to read or write the Parquet file at `location`.
pub(super) fn of_parquet(error: ParquetError, location: &str) -> Error {
    let kind = match &error {
        ParquetError::External(cause) => match cause.downcast_ref::<object_store::Error>() {
            Some(cause) => kind_of_store(cause),
            None => ErrorKind::Io,
        },
        ParquetError::NYI(_) => ErrorKind::Unsupported,
        _ => ErrorKind::Corrupt,
    };
    Error::new(kind, format!("file {location} of the lake: {error}")).with_source(error)
}

/// A file whose content is not what it has to be.
pub(super) fn corrupt(location: &str, what: impl std::fmt::Display) -> Error {
    Error::corrupt(format!("file {location} of the lake: {what}"))
}

fn kind_of_store(error: &object_store::Error) -> ErrorKind {
    match error {
        object_store::Error::NotFound { .. } => ErrorKind::NotFound,
        object_store::Error::AlreadyExists { .. } => ErrorKind::AlreadyExists,
        object_store::Error::InvalidPath { .. } => ErrorKind::InvalidInput,
        object_store::Error::NotSupported { .. } | object_store::Error::NotImplemented { .. } => {
            ErrorKind::Unsupported
        }
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => ErrorKind::Denied,
        other => kind_below(other),
    }
}

/// The kind that one of our errors, or the operating system's, has somewhere below `error`.
fn kind_below(error: &dyn std::error::Error) -> ErrorKind {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(ours) = error.downcast_ref::<Error>() {
            return ours.kind();
        }
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Error::from(std::io::Error::from(io.kind())).kind();
        }
        cause = error.source();
    }
    ErrorKind::Io
}
