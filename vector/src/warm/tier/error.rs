//! What Lance fails with, as errors of ours.

use headwater_primitives::{Error, ErrorKind};

/// `error` of the dataset at `location`.
pub(super) fn of_lance(location: &str, error: lance::Error) -> Error {
    use lance::Error as Lance;

    let kind = match &error {
        Lance::NotFound { .. } | Lance::DatasetNotFound { .. } => ErrorKind::NotFound,
        Lance::CorruptFile { .. } => ErrorKind::Corrupt,
        Lance::VersionNotFound { .. } => ErrorKind::Corrupt,
        Lance::NotSupported { .. } => ErrorKind::Unsupported,
        _ => ErrorKind::Io,
    };
    Error::new(kind, format!("warm tier {location}: {error}")).with_source(error)
}

/// What a demotion's stream is ended with so that nothing of it is committed.
pub(super) fn cancelled() -> lance::deps::arrow_schema::ArrowError {
    lance::deps::arrow_schema::ArrowError::ExternalError("the demotion was cancelled".into())
}
