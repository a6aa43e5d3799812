//! Funnels over prefixes, beside what a scan of everything says.

use headwater_primitives::ErrorKind;
use headwater_vector::Metric;
use headwater_vector::quantize::{Stage, funnel};

use super::data::{Set, slots};

fn stage(dimensions: usize, keep: usize) -> Stage {
    Stage { dimensions, keep }
}

/// The distance in 64 bits, without a trick.
fn distance(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let sum = |of: fn(f64, f64) -> f64, a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| of(f64::from(*a), f64::from(*b))).sum()
    };
    let dot = |a: &[f32], b: &[f32]| sum(|a, b| a * b, a, b);
    match metric {
        Metric::L2 => sum(|a, b| (a - b) * (a - b), a, b),
        Metric::Dot => -dot(a, b),
        _ => 1.0 - dot(a, b) / (dot(a, a) * dot(b, b)).sqrt(),
    }
}

#[test]
fn without_stages_a_funnel_is_an_exact_scan() {
    for metric in Metric::ALL {
        let set = Set::fading(metric, 37, 300);
        for query in set.queries.chunks_exact(37) {
            let vectors = set.vectors.chunks_exact(37);
            let mut expected: Vec<_> = vectors.map(|v| distance(metric, query, v)).collect();
            let found = funnel(&set.vectors, query, metric, &[], 10, |_| true).unwrap();
            for candidate in &found {
                let expected = expected[candidate.slot as usize];
                assert!((f64::from(candidate.distance) - expected).abs() < 1e-5, "{metric}");
            }
            expected.sort_by(f64::total_cmp);
            assert!((f64::from(found[9].distance) - expected[9]).abs() < 1e-5, "{metric}");
        }
    }
}

#[test]
fn a_funnel_finds_what_the_whole_vectors_say() {
    for metric in Metric::ALL {
        let set = Set::fading(metric, 64, 2000);
        let recall = |stages: &[Stage]| {
            set.recall(|query| funnel(&set.vectors, query, metric, stages, 10, |_| true).unwrap())
        };
        let short = recall(&[stage(8, 10)]);
        let long = recall(&[stage(8, 400), stage(24, 60)]);
        println!("{metric}: recall@10 {short:.3} of 8 dimensions, {long:.3} of a funnel");
        assert!(long >= 0.97 && short < long, "{metric}: {short} {long}");
    }
}

#[test]
fn a_prefix_under_cosine_counts_as_a_vector_of_its_own() {
    // By its first dimension alone the second vector points the right way; by its length it would not.
    let vectors = [[10.0, 0.0, 1.0], [0.1, 0.0, 0.0], [-9.0, 1.0, 0.0]];
    let query = [0.5, 0.0, 0.0];
    let stages = [stage(1, 2)];
    let found = funnel(vectors.as_flattened(), &query, Metric::Cosine, &stages, 1, |_| true);
    assert_eq!(slots(&found.unwrap()), [1]);
}

#[test]
fn refused_slots_are_never_measured_and_a_stage_keeps_k_at_least() {
    let set = Set::fading(Metric::L2, 16, 100);
    let query = &set.queries[..16];
    let stages = [stage(4, 1), stage(8, 0)];
    let found = funnel(&set.vectors, query, Metric::L2, &stages, 30, |slot| slot % 2 == 0);
    let found = found.unwrap();
    assert_eq!(found.len(), 30);
    assert!(found.iter().all(|candidate| candidate.slot % 2 == 0));
    assert!(found.is_sorted_by(|a, b| a.distance <= b.distance));
    assert!(funnel(&[], query, Metric::L2, &stages, 30, |_| true).unwrap().is_empty());
    assert!(funnel(&set.vectors, query, Metric::L2, &[], 0, |_| true).unwrap().is_empty());
}

#[test]
fn prefixes_that_do_not_ascend_are_refused() {
    let refused: [&[Stage]; 4] =
        [&[stage(0, 1)], &[stage(5, 1)], &[stage(2, 1), stage(2, 1)], &[stage(3, 1), stage(1, 1)]];
    for stages in refused {
        let found = funnel(&[0.0; 8], &[0.0; 4], Metric::L2, stages, 1, |_| true);
        assert_eq!(found.unwrap_err().kind(), ErrorKind::InvalidInput, "{stages:?}");
    }
    let found = funnel(&[0.0; 7], &[0.0; 4], Metric::L2, &[], 1, |_| true).unwrap_err();
    assert_eq!(found.to_string(), "7 numbers are not whole vectors of the query's 4 dimensions");
    assert!(funnel(&[], &[], Metric::L2, &[], 1, |_| true).is_err());
}
