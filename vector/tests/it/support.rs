//! What these tests share: a small store, rows for it, and the events that there are.

use std::fmt::Debug;

use headwater_vector::cdc::{ChangeLog, EventFilter, Start, UnifiedEvent};
use headwater_vector::primitives::{Error, ErrorKind, Namespace, Result};
use headwater_vector::{Metric, Row, VectorOptions, VectorStore, verify};
use serde_json::Value;

/// Three dimensions, and two indexed fields.
pub(crate) fn options() -> VectorOptions {
    VectorOptions::new(3).metric(Metric::L2).filters(["year", "tags"])
}

/// A namespace in memory with one store of rows of any shape.
pub(crate) fn memory() -> (Namespace, VectorStore) {
    let ns = Namespace::in_memory().unwrap();
    let store = VectorStore::create(&ns, "rows", options()).unwrap();
    (ns, store)
}

pub(crate) fn row(json: Value) -> Row {
    serde_json::from_value(json).unwrap()
}

/// All events of `ns`.
pub(crate) fn events(ns: &Namespace) -> Vec<UnifiedEvent> {
    let changes = ChangeLog::open(ns).unwrap();
    let mut all = changes.subscribe(Start::Beginning, EventFilter::all()).unwrap();
    let mut events = Vec::new();
    while let Some(batch) = all.try_next_batch().unwrap() {
        events.extend(batch.events().map(Result::unwrap));
    }
    events
}

/// Everything that is wrong in `ns`.
pub(crate) fn defects(ns: &Namespace) -> Vec<String> {
    let changes = ChangeLog::open(ns).unwrap();
    let mut found = ns.snapshot(|view| changes.verify(view.sql())).unwrap();
    found.extend(verify(ns).unwrap());
    found
}

/// `result` must be an error of this kind that says all of `parts`.
#[track_caller]
pub(crate) fn refused<T: Debug>(result: Result<T, Error>, kind: ErrorKind, parts: &[&str]) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "{part:?} is not in {error}");
    }
}
