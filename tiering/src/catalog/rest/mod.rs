//! A catalog elsewhere that speaks the Iceberg REST protocol: where it is, and who asks it.

mod client;
mod session;
mod wire;

use std::fmt;

use headwater_primitives::{Error, ErrorKind, Result};
use reqwest::Url;

pub(crate) use client::{RestClient, Uncommitted};

/// An Iceberg REST catalog that has the tables of a lake, in place of the one in `hot.db`.
///
/// The token or credential is not kept with the lake; where none is given here, it is taken from the
/// environment: `HEADWATER_CATALOG_TOKEN`, or `HEADWATER_CATALOG_CREDENTIAL` as `id:secret`.
#[derive(Clone, PartialEq, Eq)]
pub struct RestCatalog {
    uri: String,
    warehouse: Option<String>,
    login: Option<Login>,
}

/// How a client says who it is.
#[derive(Clone, PartialEq, Eq)]
enum Login {
    Token(String),
    /// Exchanged for a token.
    Credential(String),
}

const TOKEN: &str = "HEADWATER_CATALOG_TOKEN";
const CREDENTIAL: &str = "HEADWATER_CATALOG_CREDENTIAL";

impl RestCatalog {
    /// The catalog at `uri`: what is before `/v1/` in its addresses.
    pub fn new(uri: impl Into<String>) -> RestCatalog {
        let uri = uri.into().trim_end_matches('/').to_owned();
        RestCatalog { uri, warehouse: None, login: None }
    }

    /// Which warehouse of the catalog, where it has several.
    #[must_use]
    pub fn warehouse(mut self, name: impl Into<String>) -> RestCatalog {
        self.warehouse = Some(name.into());
        self
    }

    /// The bearer token that goes with every request.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> RestCatalog {
        self.login = Some(Login::Token(token.into()));
        self
    }

    /// The client id and secret that the catalog gives tokens for (OAuth 2, client credentials).
    #[must_use]
    pub fn credential(mut self, id: &str, secret: &str) -> RestCatalog {
        self.login = Some(Login::Credential(format!("{id}:{secret}")));
        self
    }

    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    pub(crate) fn warehouse_name(&self) -> Option<&str> {
        self.warehouse.as_deref()
    }

    /// Whether both are the same catalog, whoever asks.
    pub(crate) fn is(&self, other: &RestCatalog) -> bool {
        (&self.uri, &self.warehouse) == (&other.uri, &other.warehouse)
    }

    fn login(&self) -> Option<Login> {
        let said = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let given = self.login.clone();
        given
            .or_else(|| said(TOKEN).map(Login::Token))
            .or_else(|| said(CREDENTIAL).map(Login::Credential))
    }

    /// Its address, if it can be one.
    fn url(&self) -> Result<Url> {
        let refused = |why: &str| {
            Error::invalid(format!(
                "catalog {}: {why}; it is to be like https://host/path",
                self.uri
            ))
        };
        let url = Url::parse(&self.uri).map_err(|error| refused(&error.to_string()))?;
        match url.scheme() {
            _ if url.host_str().is_none() => Err(refused("it names no host")),
            _ if url.password().is_some() || !url.username().is_empty() => {
                Err(refused("it has a login in it, which would be kept with the lake"))
            }
            _ if url.query().is_some() || url.fragment().is_some() => {
                Err(refused("it has more than a path"))
            }
            "http" => Ok(url),
            "https" if cfg!(feature = "https") => Ok(url),
            "https" => Err(Error::new(
                ErrorKind::Unsupported,
                format!("catalog {}: this program was built without the feature `https`", self.uri),
            )),
            _ => Err(refused("it is no web address")),
        }
    }
}

impl fmt::Debug for RestCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestCatalog")
            .field("uri", &self.uri)
            .field("warehouse", &self.warehouse)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for RestCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.warehouse {
            Some(warehouse) => write!(f, "{} (warehouse {warehouse})", self.uri),
            None => f.write_str(&self.uri),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cannot_be_one_is_refused_and_says_why() {
        for uri in [
            "",
            "catalog",
            "s3://bucket/catalog",
            "file:///catalog",
            "http://",
            "http://a:b@c/d",
            "http://c/d?e=f",
        ] {
            let error = RestCatalog::new(uri).url().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{uri}");
            assert!(error.to_string().contains("https://host/path"), "{error}");
        }
        assert!(RestCatalog::new("http://127.0.0.1:8181/catalog/").url().is_ok());
    }

    #[test]
    fn secrets_are_not_shown() {
        let catalog = RestCatalog::new("http://localhost").credential("id", "secret");
        assert!(!format!("{catalog:?} {catalog}").contains("secret"));
    }
}
