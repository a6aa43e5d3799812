//! Vectors at the edges of what floats can say: no panic, no NaN, and distances that still order.

use headwater_vector::quantize::{Codes, funnel};
use headwater_vector::{Compression, Metric};
use proptest::prelude::*;

/// Every compression that vectors of `dimensions` can have.
fn compressions(dimensions: usize) -> Vec<Compression> {
    let product = Compression::Product { bytes: dimensions.div_ceil(3) };
    vec![Compression::Int8, Compression::Binary, product]
}

/// Trains on `vectors` (as often as it takes), and scans for each of them.
fn search_all(metric: Metric, dimensions: usize, vectors: &[f32]) {
    let count = vectors.len() / dimensions;
    let sample = vectors.repeat(256usize.div_ceil(count));
    for compression in compressions(dimensions) {
        let codes = Codes::train(compression, metric, dimensions, &sample, 1).unwrap();
        let mut codes = codes.unwrap();
        for (slot, vector) in vectors.chunks_exact(dimensions).enumerate() {
            codes.set(slot as u32, vector).unwrap();
        }
        for query in vectors.chunks_exact(dimensions) {
            let found = codes.scan(query, count, |_| true).unwrap();
            assert_eq!(found.len(), count, "{metric} {compression:?}");
            assert!(found.iter().all(|candidate| !candidate.distance.is_nan()));
            let found = funnel(vectors, query, metric, &[], count, |_| true).unwrap();
            assert!(found.iter().all(|candidate| !candidate.distance.is_nan()));
        }
    }
}

#[test]
fn zero_equal_huge_and_tiny_vectors_have_distances() {
    let values = [0.0, -0.0, 1.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45, 1e30, -1e-30];
    for metric in Metric::ALL {
        for dimensions in [1, 2, 3, 65, 130] {
            for value in values {
                search_all(metric, dimensions, &vec![value; 3 * dimensions]);
            }
            let mixed: Vec<f32> =
                (0..9 * dimensions).map(|at| values[at * 7 % values.len()]).collect();
            search_all(metric, dimensions, &mixed);
        }
    }
}

#[test]
fn vectors_of_one_dimension_are_ordered() {
    let vectors: Vec<f32> = (0..300).map(|place| place as f32).collect();
    for compression in compressions(1) {
        let mut codes = Codes::train(compression, Metric::L2, 1, &vectors, 1).unwrap().unwrap();
        for (slot, vector) in vectors.chunks_exact(1).enumerate() {
            codes.set(slot as u32, vector).unwrap();
        }
        let found = codes.scan(&[250.0], 20, |_| true).unwrap();
        assert!(found.iter().any(|candidate| candidate.slot == 250), "{compression:?}: {found:?}");
    }
}

#[test]
fn huge_vectors_are_told_apart_by_cosine() {
    let (big, small) = (f32::MAX, f32::MIN_POSITIVE);
    let vectors = [[big, big], [-big, big], [small, small], [small, -small]];
    for query in [[big, big / 2.0], [small, small / 2.0]] {
        let found = funnel(vectors.as_flattened(), &query, Metric::Cosine, &[], 4, |_| true);
        let found = found.unwrap();
        assert_eq!(super::data::slots(&found), [0, 2, 3, 1], "{found:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_finite_vector_makes_nan(
        (dimensions, vectors) in (1usize..20, 1usize..5).prop_flat_map(|(dimensions, count)| {
            let float = any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |x| x.is_finite());
            (Just(dimensions), proptest::collection::vec(float, dimensions * count))
        }),
        metric in proptest::sample::select(&Metric::ALL[..]),
    ) {
        search_all(metric, dimensions, &vectors);
    }
}
