//! What the tests of searches share: rows, brute force, and looking at answers.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use headwater_vector::primitives::{Durability, Namespace};
use headwater_vector::{Metric, RecordId, Row, SearchHit, VectorOptions, VectorStore};
use serde_json::json;

/// Directions of four numbers, and the field "group" to filter by.
pub(crate) fn options(metric: Metric) -> VectorOptions {
    VectorOptions::new(4).metric(metric).filters(["group"])
}

/// The store "rows" in `folder`, made where it is not there.
pub(crate) fn opened(folder: &Path, metric: Metric) -> (Namespace, VectorStore) {
    let ns = Namespace::builder(folder).durability(Durability::Os).open().unwrap();
    let store = VectorStore::create(&ns, "rows", options(metric)).unwrap();
    (ns, store)
}

/// A row with everything.
pub(crate) fn full(id: impl Into<RecordId>, embedding: &[f32], text: &str, group: i64) -> Row {
    Row {
        id: Some(id.into()),
        embedding: Some(embedding.to_vec()),
        text: Some(text.to_owned()),
        metadata: json!({"group": group}).as_object().cloned().unwrap(),
    }
}

/// The ids of `hits`, in their order.
pub(crate) fn ids(hits: &[SearchHit]) -> Vec<RecordId> {
    hits.iter().map(|hit| hit.id.clone()).collect()
}

/// The ids that a search by words gives, ascending.
pub(crate) fn with_word(store: &VectorStore, word: &str) -> Vec<RecordId> {
    let mut found = ids(&store.search().query(word).limit(10_000).run().wait().unwrap());
    found.sort();
    found
}

/// What the metric says of two vectors.
pub(crate) fn distance(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    match metric {
        Metric::Dot => -dot(a, b),
        Metric::L2 => a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum(),
        _ => 1.0 - dot(a, b) / (dot(a, a) * dot(b, b)).sqrt(),
    }
}

/// A direction of `dimensions` numbers that follows from `seed`.
pub(crate) fn direction(seed: u64, dimensions: usize) -> Vec<f32> {
    let mut rng = headwater_testkit::Rng::new(seed);
    (0..dimensions).map(|_| rng.below(2_000_001) as f32 / 1_000_000.0 - 1.0).collect()
}

/// Waits until the index's thread has linked every vector.
pub(crate) fn settle(store: &VectorStore) {
    let patience = Instant::now() + Duration::from_secs(30);
    while store.index_stats().wait().unwrap().unlinked > 0 {
        assert!(Instant::now() < patience, "{:?}", store.index_stats().wait().unwrap());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// All files below `folder`, ascending.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// Makes `to` a copy of the folder `from`.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for path in files_below(from) {
        let copy = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(&path, copy).unwrap();
    }
}
