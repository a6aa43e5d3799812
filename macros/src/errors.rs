//! Several errors in one expansion, so that all are shown at once.

use syn::{Error, Result};

/// Adds `error` to those found so far.
pub(crate) fn collect(errors: &mut Option<Error>, error: Error) {
    match errors {
        Some(errors) => errors.combine(error),
        None => *errors = Some(error),
    }
}

/// The value, or `None` with its error added to those found so far.
pub(crate) fn keep<T>(result: Result<T>, errors: &mut Option<Error>) -> Option<T> {
    result.map_err(|error| collect(errors, error)).ok()
}
