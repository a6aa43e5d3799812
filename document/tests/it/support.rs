//! What these tests share: ways to open, a typed document, and what a refusal looks like.

use std::fmt::Debug;

use headwater_document::cdc::ChangeLog;
use headwater_document::primitives::{Error, ErrorKind, Namespace, Result, Sequence};
use headwater_document::{
    Document, DocumentId, DocumentStore, IdKind, IndexSpec, ToId, Uniqueness,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A namespace in memory with one untyped collection.
pub(crate) fn memory(collection: &str) -> (Namespace, DocumentStore) {
    let ns = Namespace::in_memory().unwrap();
    let store = DocumentStore::open(&ns, collection).unwrap();
    (ns, store)
}

/// The message of `result`, which must be an error of this kind.
#[track_caller]
pub(crate) fn refused<T: Debug>(result: Result<T>, kind: ErrorKind) -> String {
    match result {
        Ok(value) => panic!("expected {kind:?}, and it did {value:?}"),
        Err(error) => check_kind(&error, kind),
    }
}

#[track_caller]
fn check_kind(error: &Error, kind: ErrorKind) -> String {
    assert_eq!(error.kind(), kind, "{error}");
    error.to_string()
}

/// The sequence of the last event.
pub(crate) fn head(ns: &Namespace) -> Sequence {
    ChangeLog::open(ns).unwrap().head()
}

/// Every document of the collection, in the order of the ids.
pub(crate) fn all(store: &DocumentStore) -> Vec<Value> {
    let found = store.find(headwater_document::primitives::filter::Filter::all());
    let page = found.limit(1_000_000).run().wait().unwrap();
    page.documents.into_iter().map(|found| found.document).collect()
}

/// A typed document with an integer id under another name and a unique field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    #[serde(rename = "number")]
    pub(crate) id: i64,
    pub(crate) owner: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
}

impl Account {
    pub(crate) fn new(id: i64, owner: &str) -> Self {
        Account { id, owner: owner.to_owned(), email: None, tags: Vec::new() }
    }
}

impl Document for Account {
    fn collection() -> &'static str {
        "accounts"
    }

    fn id_kind() -> Option<IdKind> {
        Some(IdKind::Integer)
    }

    fn id_field() -> &'static str {
        "number"
    }

    fn indexes() -> &'static [IndexSpec] {
        &[
            IndexSpec { path: "email", uniqueness: Uniqueness::Unique },
            IndexSpec { path: "owner", uniqueness: Uniqueness::Many },
        ]
    }

    fn document_id(&self) -> Result<Option<DocumentId>> {
        self.id.to_id().map(Some)
    }
}
