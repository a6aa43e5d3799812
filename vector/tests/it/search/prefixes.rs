//! Searches by the first numbers of embeddings whose prefixes mean something.

use std::collections::HashSet;

use headwater_testkit::Rng;
use headwater_vector::primitives::Namespace;
use headwater_vector::primitives::filter::field;
use headwater_vector::{Metric, RecordId, Row, VectorOptions, VectorStore};
use serde_json::json;

const DIMENSIONS: usize = 64;
const ROWS: u64 = 3_000;

/// As Matryoshka training makes them: each number says less than the one before.
fn matryoshka(seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    let number = |at: usize| {
        let noise: i64 = (0..4).map(|_| rng.below(2_001) as i64 - 1_000).sum();
        noise as f32 / 1_000.0 * 0.85_f32.powi(at as i32)
    };
    (0..DIMENSIONS).map(number).collect()
}

fn store(metric: Metric) -> VectorStore {
    let ns = Namespace::in_memory().unwrap();
    let options = VectorOptions::new(DIMENSIONS).metric(metric).filters(["group"]);
    let store: VectorStore = VectorStore::create(&ns, "rows", options).unwrap();
    let row = |id: u64| Row {
        id: Some((id as i64).into()),
        embedding: Some(matryoshka(id)),
        metadata: json!({"group": id % 20}).as_object().cloned().unwrap(),
        ..Row::default()
    };
    store.load((0..ROWS).map(|id| Ok(row(id))), |_| ()).unwrap();
    store
}

#[test]
fn prefixes_find_the_true_neighbours_and_keep_to_filters() {
    for metric in [Metric::Cosine, Metric::L2, Metric::Dot] {
        let store = store(metric);
        for group in [None, Some(3)] {
            for prefixes in [&[17][..], &[16], &[8, 24], &[12, 16, 32], &[DIMENSIONS]] {
                let recall = recall(&store, group, prefixes, 128);
                assert!(recall > 0.95, "{metric}, {prefixes:?}, {group:?}: {recall}");
            }
        }
    }
}

#[test]
fn more_candidates_make_up_for_a_prefix_that_says_little() {
    let store = store(Metric::Cosine);
    let (few, many) = (recall(&store, None, &[3], 10), recall(&store, None, &[3], 1_200));
    assert!(few < 0.9 && many > 0.95, "{few}, {many}");
}

/// The share of the ten nearest that a search by `prefixes` finds.
fn recall(store: &VectorStore, group: Option<i64>, prefixes: &[usize], candidates: usize) -> f64 {
    let (mut found, mut all) = (0, 0);
    for seed in 0..20 {
        let query = matryoshka(1_000_000 + seed);
        let search = || {
            let search = store.search().vector(&query);
            match group {
                Some(group) => search.filter(field("group").eq(group)),
                None => search,
            }
        };
        let nearest: HashSet<RecordId> = {
            let hits = search().exact().run().wait().unwrap();
            hits.into_iter().map(|hit| hit.id).collect()
        };
        let hits = search().dims(prefixes).candidates(candidates).run().wait().unwrap();
        assert_eq!(hits.len(), 10);
        for hit in hits {
            let RecordId::Integer(id) = hit.id else { panic!("{hit:?}") };
            assert!(group.is_none_or(|group| id % 20 == group));
            found += usize::from(nearest.contains(&hit.id));
            all += 1;
        }
    }
    found as f64 / all as f64
}
