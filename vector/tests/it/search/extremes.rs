//! Embeddings at the end of what numbers can say: nothing is lost, and nothing panics.

use headwater_vector::primitives::Namespace;
use headwater_vector::{Metric, VectorOptions, VectorStore};

use super::support::{full, ids, settle};

/// Inner products of these are infinite, or no number at all.
const EXTREMES: [[f32; 4]; 6] = [
    [f32::MAX, f32::MAX, f32::MAX, f32::MAX],
    [f32::MAX, -f32::MAX, f32::MAX, -f32::MAX],
    [-f32::MAX, -f32::MAX, f32::MAX, 1.0],
    [1e-30, 1e-30, 0.0, 0.0],
    [f32::MIN_POSITIVE, 0.0, 0.0, 1e-20],
    [1e20, -1e20, 1e20, -1e20],
];

#[test]
fn rows_with_the_largest_and_smallest_numbers_are_all_found() {
    for metric in [Metric::Cosine, Metric::L2, Metric::Dot] {
        let ns = Namespace::in_memory().unwrap();
        let store: VectorStore =
            VectorStore::create(&ns, "rows", VectorOptions::new(4).metric(metric)).unwrap();
        let query = EXTREMES[0];
        assert_eq!(store.search().vector(&query).run().wait().unwrap(), []);
        for (id, embedding) in EXTREMES.iter().cycle().take(120).enumerate() {
            store.put(&full(id as i64, embedding, "far", 0)).wait().unwrap();
        }
        settle(&store);
        for query in EXTREMES {
            let search = || store.search().vector(&query).limit(200);
            for search in [search(), search().exact(), search().dim(2), search().query("far")] {
                let mut found = ids(&search.run().wait().unwrap());
                found.sort();
                assert_eq!(
                    found,
                    (0..120).map(Into::into).collect::<Vec<_>>(),
                    "{metric}, {query:?}"
                );
            }
            let both = search().query("far").weights(0.5, 0.5).run().wait().unwrap();
            assert_eq!(both.len(), 120);
            assert!(both.iter().all(|hit| !hit.score.is_nan()), "{metric}, {query:?}");
        }
    }
}
