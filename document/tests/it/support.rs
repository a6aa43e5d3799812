//! What these tests share: ways to open, a typed document, and what a refusal looks like.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headwater_document::cdc::{ChangeLog, EventFilter, EventKey, Op, Start, UnifiedEvent};
use headwater_document::primitives::filter::Filter;
use headwater_document::primitives::{
    Error, ErrorKind, Namespace, NamespaceBuilder, Result, Sequence,
};
use headwater_document::{
    Document, DocumentId, DocumentStore, IdKind, IndexSpec, ToId, Uniqueness, Versioned, verify,
};
use proptest::test_runner::Config as ProptestConfig;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// So many cases of a property test, or `$PROPTEST_CASES` where that is set.
pub(crate) fn cases(normal: u32) -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = normal;
    }
    config
}

/// A namespace in memory with one untyped collection.
pub(crate) fn memory(collection: &str) -> (Namespace, DocumentStore) {
    let ns = Namespace::in_memory().unwrap();
    let store = DocumentStore::open(&ns, collection).unwrap();
    (ns, store)
}

/// Opens what may have been open just now. A child that another test is starting holds this process's
/// locks for a moment, between fork and exec.
pub(crate) fn opened(builder: NamespaceBuilder) -> Namespace {
    for _ in 0..200 {
        match builder.clone().open() {
            Err(error) if error.kind() == ErrorKind::Locked => {
                std::thread::sleep(Duration::from_millis(5));
            }
            opened => return opened.unwrap(),
        }
    }
    builder.open().unwrap()
}

/// Raises a flag when it is dropped, so that threads which wait for it end where a test fails, too.
pub(crate) struct Raise<'a>(pub(crate) &'a AtomicBool);

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
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
    let page = store.find(Filter::all()).limit(usize::MAX).run().wait().unwrap();
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

/// What both checks say: that of the change log and that of the documents.
pub(crate) fn defects(ns: &Namespace) -> Vec<String> {
    let changes = ChangeLog::open(ns).unwrap();
    let mut found = ns.snapshot(|snapshot| changes.verify(snapshot.sql())).unwrap();
    found.extend(verify(ns).unwrap());
    found
}

/// All events that there are, in order; a gap between their sequences is a failure.
pub(crate) fn events(ns: &Namespace) -> Vec<UnifiedEvent> {
    let changes = ChangeLog::open(ns).unwrap();
    let mut subscription = changes.subscribe(Start::Beginning, EventFilter::all()).unwrap();
    let mut events = Vec::new();
    while let Some(batch) = subscription.try_next_batch().unwrap() {
        events.extend(batch.events().map(Result::unwrap));
    }
    for (event, sequence) in events.iter().zip(changes.start().0..) {
        assert_eq!(event.sequence().0, sequence, "a gap or a repetition");
    }
    assert_eq!(changes.start().0 + events.len() as u64, changes.head().0 + 1);
    events
}

/// The documents of one collection as its events tell them, with the version of each.
pub(crate) fn folded(
    events: &[UnifiedEvent],
    table: &str,
) -> BTreeMap<EventKey, (Value, Sequence)> {
    let mut documents: BTreeMap<EventKey, (Value, Sequence)> = BTreeMap::new();
    for event in events.iter().filter(|event| event.table() == Some(table)) {
        let key = event.key().unwrap().to_owned();
        let before = documents.remove(&key).map(|(document, _)| document);
        if event.op() != Some(Op::Create) {
            assert_eq!(event.before_value().unwrap(), before, "event {}", event.sequence());
        }
        if let Some(after) = event.after_value().unwrap() {
            documents.insert(key, (after, event.sequence()));
        }
        assert_eq!(event.op() == Some(Op::Delete), event.after_bytes().is_none());
    }
    documents
}

/// The documents of one collection as it has them, with the version of each.
pub(crate) fn stored(store: &DocumentStore) -> BTreeMap<EventKey, (Value, Sequence)> {
    let page = store.find(Filter::all()).limit(usize::MAX).run().wait().unwrap();
    let entry = |found: Versioned<Value>| {
        let key = match found.id {
            DocumentId::Integer(id) => EventKey::Integer(id),
            DocumentId::Text(id) => EventKey::Text(id),
        };
        (key, (found.document, found.version))
    };
    page.documents.into_iter().map(entry).collect()
}
