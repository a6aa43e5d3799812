//! Search indexes that are made again while the store is open, or by the next process.

use headwater_vector::primitives::{ErrorKind, Namespace};
use headwater_vector::{RecordId, VectorStore, rebuild};
use serde_json::json;

use crate::support::{memory, options, refused, row};

fn fill(store: &VectorStore) {
    let rows: Vec<_> = (0..700_u32)
        .map(|id| {
            let place = id as f32;
            row(json!({"id": id, "embedding": [place, place, 1.0], "text": format!("word{id}")}))
        })
        .collect();
    store.bulk_insert(&rows).wait().unwrap();
}

fn found(store: &VectorStore) -> Vec<RecordId> {
    let search = store.search().query("word300").vector(&[300.2, 300.2, 1.0]).limit(3);
    search.run().wait().unwrap().into_iter().map(|hit| hit.id).collect()
}

#[test]
fn an_open_index_is_rebuilt_to_the_end_with_progress() {
    let (ns, store) = memory();
    fill(&store);
    let before = found(&store);
    assert_eq!(before[0], RecordId::Integer(300));
    let mut told = Vec::new();
    rebuild(&ns, |progress| {
        assert_eq!(progress.store, "rows");
        told.push((progress.done, progress.total));
    })
    .unwrap();
    assert_eq!((told[0], told[told.len() - 1]), ((0, 700), (700, 700)));
    assert!(told.is_sorted());
    let stats = store.index_stats().wait().unwrap();
    assert_eq!((stats.vectors, stats.unlinked, stats.texts), (700, 0, 700));
    assert_eq!(found(&store), before);
    store.delete(300).wait().unwrap();
    assert!(!found(&store).contains(&RecordId::Integer(300)), "it follows the log again");
}

#[test]
fn an_index_that_is_not_open_is_left_whole_for_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.hw");
    let ns = Namespace::open(&path).unwrap();
    let store = VectorStore::create(&ns, "rows", options()).unwrap();
    fill(&store);
    rebuild(&ns, |_| {}).unwrap();
    drop(store);
    ns.close().unwrap();
    let ns = Namespace::open(&path).unwrap();
    let store: VectorStore = VectorStore::open(&ns, "rows").unwrap();
    let stats = store.index_stats().wait().unwrap();
    assert_eq!((stats.vectors, stats.unlinked, stats.texts, stats.tail), (700, 0, 700, 0));
    assert_eq!(found(&store)[0], RecordId::Integer(300));
}

#[test]
fn a_reader_does_not_touch_the_owner_s_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.hw");
    let owner = Namespace::open(&path).unwrap();
    let _: VectorStore = VectorStore::create(&owner, "rows", options()).unwrap();
    let reader = Namespace::builder(&path).read_only().open().unwrap();
    refused(rebuild(&reader, |_| {}), ErrorKind::ReadOnly, &["rebuild them there"]);
}
