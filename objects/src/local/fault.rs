//! Errors of the local store: which file, which step, and what the operating system said.

use std::io::{self, ErrorKind};
use std::path::{Path as FilePath, PathBuf};

use object_store::Error;

/// What went wrong with a file or folder below the root.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("cannot {step} {}: {source}", path.display())]
    Io { step: &'static str, path: PathBuf, source: io::Error },
    #[error("{} is a symbolic link, and keys do not lead through links", path.display())]
    Link { path: PathBuf },
    #[error("{} is not a file", path.display())]
    NotAFile { path: PathBuf },
    #[error("the key {key:?} is empty; it must name an object")]
    EmptyKey { key: String },
    #[error("the key {key:?} has the part {part:?}; {reason}")]
    Part { key: String, part: String, reason: &'static str },
    #[error("{0}")]
    Says(String),
}

impl Fault {
    /// As an error of the trait, for the object with this key.
    pub(super) fn of(self, key: impl ToString) -> Error {
        let kind = match &self {
            Self::Io { source, .. } => Some(source.kind()),
            _ => None,
        };
        let (path, source) = (key.to_string(), Box::new(self));
        match kind {
            Some(ErrorKind::NotFound) => Error::NotFound { path, source },
            Some(ErrorKind::AlreadyExists) => Error::AlreadyExists { path, source },
            Some(ErrorKind::PermissionDenied) => Error::PermissionDenied { path, source },
            _ => Error::Generic { store: "DurableLocal", source },
        }
    }
}

/// Says which step on which file failed; to be used in `map_err`.
pub(super) fn io<'a>(
    step: &'static str,
    path: &'a FilePath,
) -> impl FnOnce(io::Error) -> Fault + 'a {
    move |source| Fault::Io { step, path: path.to_owned(), source }
}

/// `None` instead of an error where nothing is there.
pub(super) fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        // A file where a folder would be: below it there is nothing either.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether this is an error of the local store that stays the same when it is tried again.
pub(crate) fn is_final(error: &(dyn std::error::Error + 'static)) -> bool {
    // What the operating system said is for the caller to judge.
    error.downcast_ref::<Fault>().is_some_and(|fault| !matches!(fault, Fault::Io { .. }))
}
