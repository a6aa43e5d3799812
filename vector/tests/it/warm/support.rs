//! What the tests of the warm tier share.

use std::ops::ControlFlow;
use std::path::Path;

use headwater_vector::primitives::{Durability, Namespace};
use headwater_vector::{Demote, DemoteReport, Metric, RecordId, Row, VectorOptions, VectorStore};
use serde_json::json;

pub(crate) const DIMENSIONS: usize = 8;

pub(crate) fn options() -> VectorOptions {
    VectorOptions::new(DIMENSIONS).metric(Metric::L2).filters(["group"])
}

/// The store "rows" in `folder`, made where it is not there.
pub(crate) fn opened(folder: &Path) -> (Namespace, VectorStore) {
    let ns = Namespace::builder(folder).durability(Durability::Os).open().unwrap();
    let store = VectorStore::create(&ns, "rows", options()).unwrap();
    (ns, store)
}

/// A namespace in memory with the store "rows" of the rows 0 to `count`.
pub(crate) fn filled(count: i64) -> (Namespace, VectorStore) {
    let ns = Namespace::in_memory().unwrap();
    let store = VectorStore::create(&ns, "rows", options()).unwrap();
    store.load((0..count).map(|id| Ok(row(id))), |_| ()).unwrap();
    (ns, store)
}

/// The embedding that the row `id` has at first: the farther the numbers, the farther the rows.
pub(crate) fn embedding(id: i64) -> Vec<f32> {
    let id = id as f32;
    vec![id, 1.0, id * 0.5, 2.0, 3.0, id, 0.25, 1.0]
}

pub(crate) fn row(id: i64) -> Row {
    Row {
        id: Some(id.into()),
        embedding: Some(embedding(id)),
        text: Some(format!("w{id}x stone")),
        metadata: json!({"group": id % 3}).as_object().cloned().unwrap(),
    }
}

pub(crate) fn demote(store: &VectorStore, demote: Demote) -> DemoteReport {
    store.demote(demote, |_| ControlFlow::Continue(())).unwrap()
}

/// The ids of the `k` rows nearest to where the row `id` began, by an exact search.
pub(crate) fn nearest(store: &VectorStore, id: i64, k: usize) -> Vec<RecordId> {
    let search = store.search().vector(&embedding(id)).limit(k).exact();
    search.run().wait().unwrap().into_iter().map(|hit| hit.id).collect()
}
