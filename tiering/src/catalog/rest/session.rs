//! One client's conversation with a catalog: its settings, its token, its addresses, its patience.

use std::time::Duration;

use headwater_primitives::{Error, ErrorKind};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use super::wire::{Config, Refusal, Token};
use super::{Login, RestCatalog};

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(60);
const CONNECTING: Duration = Duration::from_secs(10);
/// Requests that the catalog was too busy for are sent again after this, then after twice as long, and so on.
const PAUSE: Duration = Duration::from_millis(100);
const ATTEMPTS: u32 = 5;
/// What the protocol has for a token that has ended.
const TOKEN_ENDED: u16 = 419;

/// What came of a request.
pub(super) enum Refused {
    /// The catalog did not do it.
    Answer(StatusCode, Error),
    /// Whether the catalog did it is not known.
    Unknown(Error),
}

impl Refused {
    pub(super) fn is(&self, status: StatusCode) -> bool {
        matches!(self, Refused::Answer(code, _) if *code == status)
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Refused::Answer(_, error) | Refused::Unknown(error) => error,
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused::Answer(StatusCode::BAD_REQUEST, error)
    }
}

type Outcome<T> = Result<T, Refused>;

pub(super) struct Session {
    catalog: RestCatalog,
    http: Client,
    /// Asked for once, by the first request.
    greeted: Mutex<Option<Greeted>>,
}

/// What the catalog answered to the first request.
#[derive(Clone)]
struct Greeted {
    /// What all addresses begin with.
    base: Url,
    token: Option<String>,
}

impl Session {
    pub(super) fn new(catalog: RestCatalog) -> Result<Session, Error> {
        catalog.url()?;
        // A redirection would make another request of a commit, and take secrets elsewhere.
        let http = Client::builder().timeout(PATIENCE).connect_timeout(CONNECTING);
        let http = http.redirect(reqwest::redirect::Policy::none()).build();
        let http = http.map_err(|error| {
            Error::new(ErrorKind::Io, "the client of catalogs does not start").with_source(error)
        })?;
        Ok(Session { catalog, http, greeted: Mutex::default() })
    }

    pub(super) fn catalog(&self) -> &RestCatalog {
        &self.catalog
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Outcome<T> {
        self.ask(Method::GET, path, None::<&()>).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Outcome<T> {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&impl Serialize>,
    ) -> Outcome<T> {
        let mut greeted = self.greet(None).await?;
        let mut is_new_token = false;
        loop {
            let mut request = self.http.request(method.clone(), below(&greeted.base, path));
            if let Some(body) = body {
                request = request.json(body);
            }
            match self.send(signed(request, greeted.token.as_deref())).await {
                // A token ends; the credential gives another one.
                Err(refused) if refused.is(StatusCode::UNAUTHORIZED) && !is_new_token => {
                    greeted = self.greet(greeted.token.as_deref()).await?;
                    is_new_token = true;
                }
                outcome => return self.read(outcome?).await,
            }
        }
    }

    /// The catalog's settings, with another token than `spent`.
    async fn greet(&self, spent: Option<&str>) -> Outcome<Greeted> {
        let mut known = self.greeted.lock().await;
        if let Some(greeted) =
            known.as_ref().filter(|known| known.token.as_deref() != spent || spent.is_none())
        {
            return Ok(greeted.clone());
        }
        let root = below(&self.catalog.url()?, &["v1"]);
        let token = match self.catalog.login() {
            None => None,
            Some(Login::Token(token)) => Some(token),
            Some(Login::Credential(credential)) => Some(self.token(&root, &credential).await?),
        };
        let mut config = below(&root, &["config"]);
        if let Some(warehouse) = self.catalog.warehouse_name() {
            config.query_pairs_mut().append_pair("warehouse", warehouse);
        }
        let answer = self.send(signed(self.http.get(config), token.as_deref())).await;
        // That there is no such warehouse says nothing of tables.
        let answer = answer.map_err(|refused| Refused::from(refused.into_error()))?;
        let config: Config = self.read(answer).await?;
        let prefix = config.prefix().map(|prefix| prefix.split('/').collect::<Vec<_>>());
        let base = below(&root, &prefix.unwrap_or_default());
        Ok(known.insert(Greeted { base, token }).clone())
    }

    /// A token for the credential.
    async fn token(&self, root: &Url, credential: &str) -> Outcome<String> {
        let (id, secret) = credential.split_once(':').unwrap_or(("", credential));
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("scope", "catalog"),
        ];
        let request = self.http.post(below(root, &["oauth", "tokens"])).form(&form);
        let answer = self.send(request).await?;
        let Token { access_token } = self.read(answer).await?;
        Ok(access_token)
    }

    /// Sends `request`, again and again while the catalog has not begun with it.
    async fn send(&self, request: RequestBuilder) -> Outcome<Response> {
        let mut attempt = 0;
        loop {
            // Requests without a stream can be copied.
            let sent = match request.try_clone() {
                Some(request) => request.send().await,
                None => return Err(Error::corrupt("a request that cannot be sent twice").into()),
            };
            let refused = match sent {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) => self.refused(answer).await,
                Err(error) if error.is_connect() => {
                    Refused::Answer(StatusCode::SERVICE_UNAVAILABLE, self.failure(&error))
                }
                Err(error) => return Err(Refused::Unknown(self.failure(&error))),
            };
            attempt += 1;
            if attempt == ATTEMPTS || !has_not_begun(&refused) {
                return Err(refused);
            }
            tokio::time::sleep(PAUSE * 2_u32.pow(attempt - 1)).await;
        }
    }

    async fn refused(&self, answer: Response) -> Refused {
        let status = match answer.status().as_u16() {
            TOKEN_ENDED => StatusCode::UNAUTHORIZED,
            _ => answer.status(),
        };
        let said = answer.bytes().await.map(|body| Refusal::of(&body)).unwrap_or_default();
        let kind = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorKind::Denied,
            _ if status.is_redirection() => ErrorKind::InvalidInput,
            StatusCode::NOT_FOUND => ErrorKind::NotFound,
            StatusCode::CONFLICT => ErrorKind::Conflict,
            StatusCode::NOT_ACCEPTABLE => ErrorKind::Unsupported,
            _ if status.is_client_error() => ErrorKind::InvalidInput,
            _ => ErrorKind::Io,
        };
        let message = format!("catalog {}: it answered {status}: {said}", self.catalog);
        let error = Error::new(kind, message);
        let is_known = !status.is_server_error() || status == StatusCode::SERVICE_UNAVAILABLE;
        if is_known { Refused::Answer(status, error) } else { Refused::Unknown(error) }
    }

    async fn read<T: DeserializeOwned>(&self, answer: Response) -> Outcome<T> {
        let body = answer.bytes().await.map_err(|error| Refused::Unknown(self.failure(&error)))?;
        // An answer without a body says no more than that it was done.
        let body = if body.is_empty() { b"null" } else { &*body };
        serde_json::from_slice(body).map_err(|error| {
            let message =
                format!("catalog {}: its answer is not understood: {error}", self.catalog);
            Refused::Unknown(Error::new(ErrorKind::Io, message).with_source(error))
        })
    }

    fn failure(&self, error: &reqwest::Error) -> Error {
        let mut message = format!("catalog {}: {error}", self.catalog);
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            message += &format!(": {error}");
            cause = error.source();
        }
        Error::new(ErrorKind::Io, message)
    }
}

fn has_not_begun(refused: &Refused) -> bool {
    refused.is(StatusCode::SERVICE_UNAVAILABLE) || refused.is(StatusCode::TOO_MANY_REQUESTS)
}

fn signed(request: RequestBuilder, token: Option<&str>) -> RequestBuilder {
    match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    }
}

/// The address of `path` below `base`, whose parts may have any characters.
fn below(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_addresses_are_escaped() {
        let base = Url::parse("http://host/catalog/").unwrap();
        let url = below(&base, &["v1", "namespaces", "a\u{1f}b", "tables", "x%2Fy/z"]);
        let path = "/catalog/v1/namespaces/a%1Fb/tables/x%252Fy%2Fz";
        assert_eq!(url.path(), path);
    }
}
