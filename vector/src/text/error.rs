//! What tantivy's failures are in the words of this framework.

use std::io;

use headwater_primitives::{Error, ErrorKind};
use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenReadError, OpenWriteError};

/// Translates a failure of tantivy. `doing` says what was tried.
pub(crate) fn failed(doing: &'static str) -> impl Fn(TantivyError) -> Error {
    move |error| {
        let kind = match (&error, system_error(&error)) {
            (_, Some(io)) => Error::from(io::Error::from(io.kind())).kind(),
            (TantivyError::LockFailure(LockError::LockBusy, _), _) => ErrorKind::Locked,
            _ if is_damage(&error) => ErrorKind::Corrupt,
            _ => ErrorKind::Io,
        };
        Error::new(kind, format!("{doing}: {error}")).with_source(error)
    }
}

/// Whether the failure says that the files are not those of a whole index, rather than that the
/// operating system would not let us at them.
pub(crate) fn is_damage(error: &TantivyError) -> bool {
    system_error(error).is_none()
        && matches!(
            error,
            TantivyError::OpenReadError(_)
                | TantivyError::IoError(_)
                | TantivyError::DataCorruption(_)
                | TantivyError::DeserializeError(_)
                | TantivyError::IncompatibleIndex(_)
                | TantivyError::SchemaError(_)
                | TantivyError::FieldNotFound(_)
                | TantivyError::InvalidArgument(_)
                | TantivyError::MissingPlugin(_)
                | TantivyError::InternalError(_)
        )
}

/// The operating system's error behind a failure, except that a file is missing.
fn system_error(error: &TantivyError) -> Option<&io::Error> {
    let error = match error {
        TantivyError::IoError(error)
        | TantivyError::OpenReadError(OpenReadError::IoError { io_error: error, .. })
        | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error: error, .. })
        | TantivyError::LockFailure(LockError::IoError(error), _) => error,
        _ => return None,
    };
    (error.raw_os_error().is_some() && error.kind() != io::ErrorKind::NotFound).then_some(error)
}
