//! The one error type of the framework: a stable kind, a message that says what was wrong, and a cause.

use std::error::Error as StdError;
use std::fmt;

/// What sort of failure an [`Error`] is. Stable: match on it, never on the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument, document, filter, path or key was refused before anything was written.
    InvalidInput,
    /// What was named does not exist.
    NotFound,
    /// A key or a unique value is taken.
    AlreadyExists,
    /// The row is no longer at the version that the caller expected.
    Conflict,
    /// A foreign key of the caller's own SQL does not hold.
    ForeignKey,
    /// The work did what a caller may not do in a transaction (transaction control, `PRAGMA`, `ATTACH`).
    Denied,
    /// The caller's closure panicked.
    Panicked,
    /// The whole commit group was lost. Nothing of it was written; try again.
    GroupAborted,
    /// The namespace is closed.
    Closed,
    /// The namespace is owned by another process.
    Locked,
    /// The namespace was opened read-only, or its files cannot be written.
    ReadOnly,
    /// `.wait()` was called on the thread that would have to do the work.
    WouldDeadlock,
    /// A read snapshot was ended because it kept the write-ahead log from being reset.
    SnapshotTooOld,
    /// A transaction needs a value that is not in the hot tier: fetch it, and try again.
    NotFetched,
    /// The change log no longer holds what the consumer needs next: take a new snapshot.
    ResnapshotRequired,
    /// The past state that was asked for is older than what history reaches.
    PastHorizon,
    /// A newer owner took over this cursor.
    Fenced,
    /// The file is not an SQLite database.
    NotADatabase,
    /// Stored data is damaged.
    Corrupt,
    /// The data was written by a newer version of this code.
    NewerVersion,
    /// The disk is full.
    DiskFull,
    /// The caller asked for an end before the work was done.
    Cancelled,
    /// A size limit was passed.
    TooLarge,
    /// This backend or build cannot do it.
    Unsupported,
    /// The operating system failed.
    Io,
    /// SQLite failed in a way that no other kind describes.
    Sqlite,
}

/// A failure: [`kind`](Error::kind) for code, the message for people.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// A result with [`Error`] as its default error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` whose message says what was wrong, where, and what would be right.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, message: message.into(), source: None }))
    }

    /// Shorthand for the commonest refusal.
    pub fn invalid(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::InvalidInput, message)
    }

    /// Shorthand for damage found in stored data.
    pub fn corrupt(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Corrupt, message)
    }

    /// Attaches the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Puts `context` and a colon before the message.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// The stable kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may succeed when it is simply made again.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::GroupAborted | ErrorKind::SnapshotTooOld | ErrorKind::NotFetched
        )
    }

    /// The same kind and message without the cause, for the members of a group that failed together.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Error::new(self.0.kind, self.0.message.clone())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.0.kind).field("message", &self.0.message);
        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match error.kind() {
            Io::StorageFull | Io::QuotaExceeded => ErrorKind::DiskFull,
            Io::PermissionDenied | Io::ReadOnlyFilesystem => ErrorKind::ReadOnly,
            Io::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Io,
        };
        Error::new(kind, error.to_string()).with_source(error)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        use rusqlite::ffi;
        let kind = match &error {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                Code::NotADatabase => ErrorKind::NotADatabase,
                Code::DatabaseCorrupt => ErrorKind::Corrupt,
                Code::DiskFull => ErrorKind::DiskFull,
                Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied => ErrorKind::ReadOnly,
                Code::SystemIoFailure | Code::FileLockingProtocolFailed => ErrorKind::Io,
                Code::DatabaseBusy | Code::DatabaseLocked => ErrorKind::Locked,
                Code::AuthorizationForStatementDenied => ErrorKind::Denied,
                Code::OperationInterrupted => ErrorKind::SnapshotTooOld,
                Code::TooBig => ErrorKind::TooLarge,
                Code::ConstraintViolation => match failure.extended_code {
                    ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::ForeignKey,
                    ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                    | ffi::SQLITE_CONSTRAINT_UNIQUE
                    | ffi::SQLITE_CONSTRAINT_ROWID => ErrorKind::AlreadyExists,
                    _ => ErrorKind::InvalidInput,
                },
                _ => ErrorKind::Sqlite,
            },
            rusqlite::Error::QueryReturnedNoRows => ErrorKind::NotFound,
            _ => ErrorKind::Sqlite,
        };
        Error::new(kind, error.to_string()).with_source(error)
    }
}
