//! What this crate asks of a REST catalog. Of a table it takes only where its metadata file is: that is
//! read in the lake, where all readers will find it.

use std::fmt;

use headwater_primitives::{Error, ErrorKind, Result};
use iceberg::{NamespaceIdent, TableCreation, TableIdent, TableRequirement, TableUpdate};
use reqwest::StatusCode;
use serde::de::IgnoredAny;

use super::RestCatalog;
use super::session::{Refused, Session};
use super::wire::{CommitTable, CreateNamespace, CreateTable, Table};

/// A client of a catalog. It connects with its first request.
pub(crate) struct RestClient(Session);

/// How a commit failed.
pub(crate) enum Uncommitted {
    /// It was refused.
    Refused(Error),
    /// Whether it was made is not known.
    Unknown(Error),
}

/// What stands between the levels of a namespace.
const LEVELS: &str = "\u{1f}";

impl RestClient {
    pub(crate) fn new(catalog: RestCatalog) -> Result<RestClient> {
        Ok(RestClient(Session::new(catalog)?))
    }

    pub(crate) fn catalog(&self) -> &RestCatalog {
        self.0.catalog()
    }

    /// Makes the namespace where it is missing.
    pub(crate) async fn create_namespace(&self, name: &NamespaceIdent) -> Result<()> {
        let body = CreateNamespace { namespace: name, properties: Default::default() };
        match self.0.post::<IgnoredAny>(&["namespaces"], &body).await {
            Ok(_) => Ok(()),
            Err(refused) if refused.is(StatusCode::CONFLICT) => Ok(()),
            Err(refused) => Err(refused.into_error()),
        }
    }

    /// Makes a table, and returns where its metadata is; `None` when there is one of that name.
    pub(crate) async fn create_table(
        &self,
        namespace: &NamespaceIdent,
        creation: &TableCreation,
    ) -> Result<Option<String>> {
        let path = ["namespaces", &namespace.join(LEVELS), "tables"];
        match self.0.post::<Table>(&path, &CreateTable::from(creation)).await {
            Ok(table) => self.location_of(table).map(Some),
            Err(refused) if refused.is(StatusCode::CONFLICT) => Ok(None),
            Err(refused) => Err(refused.into_error()),
        }
    }

    /// Where the metadata of a table is now; `None` when there is no such table.
    pub(crate) async fn location(&self, table: &TableIdent) -> Result<Option<String>> {
        let namespace = table.namespace().join(LEVELS);
        let path = ["namespaces", &namespace, "tables", table.name()];
        match self.0.get::<Table>(&path).await {
            Ok(table) => self.location_of(table).map(Some),
            Err(refused) if refused.is(StatusCode::NOT_FOUND) => Ok(None),
            Err(refused) => Err(refused.into_error()),
        }
    }

    /// Changes a table, and returns where its metadata is since.
    pub(crate) async fn commit(
        &self,
        table: &TableIdent,
        requirements: &[TableRequirement],
        updates: &[TableUpdate],
    ) -> Result<String, Uncommitted> {
        let namespace = table.namespace().join(LEVELS);
        let path = ["namespaces", &namespace, "tables", table.name()];
        let body = CommitTable { identifier: table, requirements, updates };
        match self.0.post::<Table>(&path, &body).await {
            Ok(table) => self.location_of(table).map_err(Uncommitted::Unknown),
            // A proxy says this of a catalog that has the commit already.
            Err(Refused::Answer(StatusCode::SERVICE_UNAVAILABLE, error)) => {
                Err(Uncommitted::Unknown(error))
            }
            Err(Refused::Answer(_, error)) => Err(Uncommitted::Refused(error)),
            Err(Refused::Unknown(error)) => Err(Uncommitted::Unknown(error)),
        }
    }

    fn location_of(&self, table: Table) -> Result<String> {
        table.metadata_location.ok_or_else(|| {
            let catalog = self.catalog();
            let message = format!("catalog {catalog}: it does not say where a table's metadata is");
            Error::new(ErrorKind::Unsupported, message)
        })
    }
}

impl fmt::Debug for RestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RestClient").field(self.catalog()).finish()
    }
}
