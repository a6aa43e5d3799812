//! Searches whose first stage reads compressed codes.

use std::time::{Duration, Instant};

use headwater_vector::primitives::{ErrorKind, Namespace};
use headwater_vector::{Compression, Metric, Row, VectorOptions, VectorStore};

use crate::support::refused;

const DIMENSIONS: usize = 32;

fn filled(compression: Compression, rows: u32) -> (Namespace, VectorStore) {
    let ns = Namespace::in_memory().unwrap();
    let options = VectorOptions::new(DIMENSIONS).metric(Metric::L2).compression(compression);
    let store: VectorStore = VectorStore::create(&ns, "codes", options).unwrap();
    let rows: Vec<Row> = (0..rows)
        .map(|id| Row {
            id: Some(i64::from(id).into()),
            embedding: Some(embedding(id)),
            ..Row::default()
        })
        .collect();
    store.bulk_insert(&rows).wait().unwrap();
    (ns, store)
}

/// Points on a few curves, so that neighbours are near.
fn embedding(id: u32) -> Vec<f32> {
    let turn = id as f32 / 40.0;
    (0..DIMENSIONS).map(|at| (turn + at as f32 / (1.0 + (id % 7) as f32)).sin()).collect()
}

fn wait_for_codes(store: &VectorStore) -> usize {
    let start = Instant::now();
    loop {
        if let Some(bytes) = store.index_stats().wait().unwrap().code_bytes {
            return bytes;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "no codes were made");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn every_compression_finds_the_true_neighbours_and_says_its_size() {
    for compression in [Compression::Int8, Compression::Binary, Compression::Product { bytes: 8 }] {
        let (_ns, store) = filled(compression, 1500);
        assert_eq!(wait_for_codes(&store), compression.bytes_per_vector(DIMENSIONS));
        let mut hits = 0;
        for id in (0..1500).step_by(50) {
            let query = embedding(id);
            let truth = store.search().vector(&query).exact().run().wait().unwrap();
            let found = store.search().vector(&query).oversampling(20).run().wait().unwrap();
            assert_eq!((found.len(), &found[0].id), (10, &truth[0].id));
            hits += found.iter().filter(|hit| truth.iter().any(|one| one.id == hit.id)).count();
        }
        assert!(hits >= 270, "{compression:?}: {hits} of 300");
    }
}

#[test]
fn a_store_that_is_too_small_compares_the_vectors_themselves() {
    let (_ns, store) = filled(Compression::Product { bytes: 8 }, 20);
    let found = store.search().vector(&embedding(3)).compressed().limit(1).run().wait().unwrap();
    assert_eq!(found[0].id, 3i64.into());
    assert_eq!(store.index_stats().wait().unwrap().code_bytes, None);
}

#[test]
fn a_store_without_codes_refuses_to_search_them() {
    let (_ns, store) = filled(Compression::None, 1);
    let search = store.search().vector(&embedding(0)).compressed();
    refused(search.run().wait(), ErrorKind::InvalidInput, &["codes", "not compressed"]);
}
