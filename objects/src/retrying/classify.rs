//! Which errors may go away by themselves.

use std::io;

use object_store::Error;

/// Whether the same request may succeed later. If so, the failed one may also have had its effect.
pub(super) fn may_pass(error: &Error) -> bool {
    match error {
        Error::Generic { source, .. } => {
            let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(source.as_ref());
            while let Some(one) = cause {
                if let Some(verdict) = verdict(one) {
                    return verdict;
                }
                cause = one.source();
            }
            true
        }
        // All others are answers: the object, the condition, the credentials or the request.
        _ => false,
    }
}

/// What one cause says, if it says anything.
fn verdict(cause: &(dyn std::error::Error + 'static)) -> Option<bool> {
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return Some(io_may_pass(error.kind()));
    }
    if crate::local::is_final(cause) {
        return Some(false);
    }
    status(&cause.to_string()).map(status_may_pass)
}

fn io_may_pass(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        kind,
        Kind::TimedOut
            | Kind::Interrupted
            | Kind::WouldBlock
            | Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::ConnectionRefused
            | Kind::NotConnected
            | Kind::BrokenPipe
            | Kind::UnexpectedEof
            | Kind::ResourceBusy
            | Kind::NetworkUnreachable
            | Kind::HostUnreachable
    )
}

/// The HTTP status in a service's error; its type is private to `object_store`.
fn status(message: &str) -> Option<u16> {
    let (_, rest) = message.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

fn status_may_pass(status: u16) -> bool {
    matches!(status, 408 | 409 | 425 | 429 | 500 | 502..=599)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Generic { store: "test", source: source.into() }
    }

    #[test]
    fn only_what_may_go_away_is_repeated() {
        let cases = [
            (generic("the connection was lost"), true),
            (generic("Server returned non-2xx status code: 503 Slow Down: "), true),
            (
                generic("Server returned non-2xx status code: 400 Bad Request: status code: 500"),
                false,
            ),
            (generic("Server returned non-2xx status code: 501 Not Implemented: "), false),
            (generic(io::Error::from(io::ErrorKind::ConnectionReset)), true),
            (generic(io::Error::from(io::ErrorKind::StorageFull)), false),
            (Error::Precondition { path: "a".into(), source: "changed".into() }, false),
            (Error::NotFound { path: "a".into(), source: "gone".into() }, false),
        ];
        for (error, expected) in cases {
            assert_eq!(may_pass(&error), expected, "{error}");
        }
    }
}
