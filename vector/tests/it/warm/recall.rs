//! How many of the true neighbours a search finds whose rows are half in the warm tier.

use headwater_testkit::dataset;
use headwater_vector::primitives::Namespace;
use headwater_vector::{Demote, Metric, Row, VectorOptions, VectorStore};

use super::support::demote;

/// The 32-bit values of a `.fvecs` or `.ivecs` file, row by row.
fn rows(file: &std::path::Path) -> Vec<Vec<u32>> {
    let bytes = std::fs::read(file).unwrap();
    let numbers: Vec<u32> =
        bytes.chunks_exact(4).map(|four| u32::from_le_bytes(four.try_into().unwrap())).collect();
    let width = numbers[0] as usize;
    numbers.chunks_exact(width + 1).map(|row| row[1..].to_vec()).collect()
}

#[test]
fn half_of_the_sift_vectors_are_as_good_as_found_in_the_warm_tier() {
    let Some(folder) = dataset("vectors-sift5k") else { return };
    let numbers = |file: &str| -> Vec<Vec<f32>> {
        let rows = rows(&folder.join(file)).into_iter();
        rows.map(|row| row.into_iter().map(f32::from_bits).collect()).collect()
    };
    let (base, queries) = (numbers("base_4900x128.fvecs"), numbers("query_100x128.fvecs"));
    let truth = rows(&folder.join("groundtruth_l2_100x100.ivecs"));
    let ns = Namespace::in_memory().unwrap();
    let options = VectorOptions::new(128).metric(Metric::L2);
    let store: VectorStore = VectorStore::create(&ns, "sift", options).unwrap();
    let row = |(id, vector): (usize, &Vec<f32>)| {
        Ok(Row { id: Some((id as i64).into()), embedding: Some(vector.clone()), ..Row::default() })
    };
    store.load(base.iter().enumerate().map(row), |_| ()).unwrap();
    assert_eq!(demote(&store, Demote::keep(2_450)).moved, 2_450);
    let mut found = 0;
    for (query, truth) in queries.iter().zip(&truth) {
        let hits = store.search().vector(query).limit(10).run().wait().unwrap();
        let is_true = |id: &str| truth[..10].iter().any(|row| row.to_string() == id);
        found += hits.iter().filter(|hit| is_true(&hit.id.to_string())).count();
    }
    let recall = found as f64 / (queries.len() * 10) as f64;
    println!("recall@10 {recall}");
    assert!(recall >= 0.95, "{recall}");
}
