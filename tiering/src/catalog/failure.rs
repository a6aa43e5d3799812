//! A failure inside the catalog: iceberg's or ours, until it is known which one the caller wants.

use headwater_primitives::{Error, rusqlite};
use iceberg::{ErrorKind, NamespaceIdent, TableIdent};

use crate::error::{from_iceberg, to_iceberg};

pub(super) type Outcome<T> = Result<T, Failure>;

#[derive(Debug)]
pub(super) enum Failure {
    Iceberg(iceberg::Error),
    Ours(Error),
}

impl Failure {
    pub(super) fn into_iceberg(self) -> iceberg::Error {
        match self {
            Failure::Iceberg(error) => error,
            Failure::Ours(error) => to_iceberg(error),
        }
    }

    pub(super) fn into_ours(self) -> Error {
        match self {
            Failure::Iceberg(error) => from_iceberg(error),
            Failure::Ours(error) => error,
        }
    }

    fn named(kind: ErrorKind, message: String) -> Failure {
        Failure::Iceberg(iceberg::Error::new(kind, message))
    }

    pub(super) fn no_namespace(name: &NamespaceIdent) -> Failure {
        Failure::named(ErrorKind::NamespaceNotFound, format!("namespace {name} does not exist"))
    }

    pub(super) fn namespace_exists(name: &NamespaceIdent) -> Failure {
        Failure::named(
            ErrorKind::NamespaceAlreadyExists,
            format!("namespace {name} exists already"),
        )
    }

    pub(super) fn namespace_in_use(name: &NamespaceIdent, by: &str) -> Failure {
        let message = format!("namespace {name} is not empty: it has {by}; drop those first");
        Failure::named(ErrorKind::PreconditionFailed, message)
    }

    pub(super) fn no_table(table: &TableIdent) -> Failure {
        Failure::named(ErrorKind::TableNotFound, format!("table {table} does not exist"))
    }

    pub(super) fn table_exists(table: &TableIdent) -> Failure {
        Failure::named(ErrorKind::TableAlreadyExists, format!("table {table} exists already"))
    }

    /// Somebody else committed to `table` first.
    pub(super) fn lost_race(table: &TableIdent, expected: &str) -> Failure {
        let message = format!(
            "table {table} is no longer at {expected}: another commit was first; load it and try again"
        );
        let error = iceberg::Error::new(ErrorKind::CatalogCommitConflicts, message);
        Failure::Iceberg(error.with_retryable(true))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Ours(error)
    }
}

impl From<iceberg::Error> for Failure {
    fn from(error: iceberg::Error) -> Failure {
        Failure::Iceberg(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure::Ours(error.into())
    }
}
