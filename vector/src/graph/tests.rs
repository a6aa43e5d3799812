//! The graph against a scan, through insertions, removals, repairs and files.

use std::collections::{BTreeMap, HashSet};

use headwater_cdc::Position;
use headwater_primitives::Sequence;
use proptest::prelude::*;

use super::nodes::splitmix;
use super::*;
use crate::quantize::{Codes, Compression};

/// Numbers from -1 to 1, the same for the same seed.
fn vector(seed: u64, dimensions: usize) -> Vec<f32> {
    (0..dimensions as u64)
        .map(|at| {
            let random = splitmix(seed.wrapping_mul(1_000_003) + at + 1);
            (random >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn filled(metric: Metric, dimensions: usize, labels: std::ops::Range<u64>) -> Graph {
    let graph = Graph::new(GraphOptions::new(dimensions, metric)).unwrap();
    for label in labels {
        graph.insert(label, &vector(label, dimensions)).unwrap();
    }
    graph
}

/// The share of the true 10 nearest that a search with `ef` finds, over some queries.
fn recall(graph: &Graph, ef: usize, accept: Option<&RowSet>) -> f64 {
    let dimensions = graph.options().dimensions;
    let (mut hits, mut all) = (0, 0);
    for seed in 0..50 {
        let query = vector(1_000_000 + seed, dimensions);
        let truth: HashSet<u64> =
            graph.scan(&query, 10, accept).unwrap().iter().map(|found| found.label).collect();
        let found = graph.search(&query, 10, ef, accept).unwrap();
        assert!(found.is_sorted_by(|a, b| a.distance <= b.distance));
        hits += found.iter().filter(|found| truth.contains(&found.label)).count();
        all += truth.len();
    }
    hits as f64 / all as f64
}

#[test]
fn a_search_finds_nearly_what_a_scan_finds() {
    for metric in Metric::ALL {
        let graph = filled(metric, 24, 0..3000);
        let recall = recall(&graph, 100, None);
        assert!(recall > 0.95, "{metric}: {recall}");
    }
}

#[test]
fn a_filter_is_exact_at_every_selectivity() {
    let graph = filled(Metric::L2, 16, 0..6000);
    for every in [2, 4, 7, 100, 3000] {
        let accept: RowSet = (0..6000).filter(|label| label % every == 1).collect();
        let recall = recall(&graph, 60, Some(&accept));
        assert!(recall > 0.95, "one in {every}: {recall}");
        let found = graph.search(&vector(77, 16), 10, 60, Some(&accept)).unwrap();
        assert_eq!(found.len(), accept.len().min(10));
        assert!(found.iter().all(|found| accept.contains(found.label)));
    }
    assert!(graph.search(&vector(1, 16), 10, 60, Some(&RowSet::default())).unwrap().is_empty());
}

#[test]
fn removed_vectors_are_never_found_and_their_going_costs_no_recall() {
    let graph = filled(Metric::Cosine, 16, 0..4000);
    let before = recall(&graph, 80, None);
    let gone: HashSet<u64> = (0..4000).filter(|label| splitmix(*label).is_multiple_of(2)).collect();
    for label in &gone {
        assert!(graph.remove(*label) && !graph.remove(*label));
    }
    let check = |when: &str| {
        for seed in 0..50 {
            let found = graph.search(&vector(seed, 16), 20, 40, None).unwrap();
            assert_eq!(found.len(), 20);
            assert!(found.iter().all(|found| !gone.contains(&found.label)), "{when}");
        }
    };
    check("before the repair");
    graph.repair();
    check("after it");
    assert_eq!(graph.read().removed, 0);
    for label in 0..gone.len() as u64 {
        graph.insert(10_000 + label, &vector(10_000 + label, 16)).unwrap();
    }
    assert_eq!(graph.read().slots(), 4000, "slots are used again");
    let after = recall(&graph, 80, None);
    assert!(after > before - 0.01, "{before} before, {after} after");
}

#[test]
fn everything_may_go_and_come_again() {
    let graph = filled(Metric::L2, 8, 0..300);
    for _ in 0..3 {
        (0..300).for_each(|label| assert!(graph.remove(label)));
        assert!(graph.is_empty() && graph.search(&[0.5; 8], 5, 10, None).unwrap().is_empty());
        graph.repair();
        for label in 0..300 {
            graph.insert(label, &vector(label, 8)).unwrap();
        }
        assert_eq!((graph.len(), graph.staged()), (300, 0));
        assert!(recall(&graph, 50, None) > 0.95);
    }
}

#[test]
fn a_staged_vector_is_found_before_it_is_linked() {
    let graph = filled(Metric::L2, 8, 0..500);
    graph.stage(900, &[0.25; 8]).unwrap();
    graph.stage(901, &[0.5; 8]).unwrap();
    let found = graph.search(&[0.25; 8], 2, 10, None).unwrap();
    assert_eq!((found[0].label, found[0].distance, found.len()), (900, 0.0, 2));
    assert!(graph.remove(901));
    assert_eq!((graph.link_staged(10, 2), graph.staged()), (1, 0));
    assert_eq!(graph.search(&[0.25; 8], 1, 10, None).unwrap()[0].label, 900);
}

#[test]
fn many_threads_link_one_graph_while_others_search() {
    let graph = Graph::new(GraphOptions::new(16, Metric::L2)).unwrap();
    for label in 0..3000 {
        graph.stage(label, &vector(label, 16)).unwrap();
    }
    std::thread::scope(|scope| {
        let searching = scope.spawn(|| {
            for seed in 0..200 {
                assert_eq!(graph.search(&vector(seed, 16), 10, 20, None).unwrap().len(), 10);
            }
        });
        let mut linked = 0;
        while graph.staged() > 0 {
            linked += graph.link_staged(500, 4);
        }
        assert_eq!(linked, 3000);
        searching.join().unwrap();
    });
    assert!(recall(&graph, 80, None) > 0.95);
}

#[test]
fn codes_are_kept_up_with_every_change() {
    let graph = filled(Metric::Cosine, 32, 0..600);
    assert!(graph.scan_codes(&vector(9, 32), 10, 100, None).unwrap().is_none());
    graph.train(Compression::Int8).unwrap();
    assert_eq!(graph.code_bytes(), Some(Compression::Int8.bytes_per_vector(32)));
    for label in 0..600 {
        match label % 3 {
            0 => assert!(graph.remove(label)),
            1 => graph.insert(label, &vector(label + 5000, 32)).unwrap(),
            _ => {}
        }
    }
    graph.repair();
    (700..800).for_each(|label| graph.insert(label, &vector(label, 32)).unwrap());
    let accept: RowSet = (0..800).filter(|label| label % 7 == 0).collect();
    for seed in 0..20 {
        let query = vector(90_000 + seed, 32);
        for accept in [None, Some(&accept)] {
            let found = graph.scan_codes(&query, 10, 200, accept).unwrap().unwrap();
            assert_eq!(found, graph.scan(&query, 10, accept).unwrap());
        }
    }
}

#[test]
fn wrong_vectors_are_refused() {
    let graph = filled(Metric::Cosine, 4, 0..3);
    let refused = |vector: &[f32], why: &str| {
        for error in
            [graph.insert(9, vector).unwrap_err(), graph.search(vector, 1, 1, None).unwrap_err()]
        {
            assert!(error.to_string().contains(why), "{error}");
        }
    };
    refused(&[1.0; 3], "3 numbers, where each has 4");
    refused(&[1.0, f32::NAN, 1.0, 1.0], "number 1 of the vector is NaN");
    refused(&[f32::INFINITY, 1.0, 1.0, 1.0], "number 0 of the vector is inf");
    refused(&[0.0; 4], "no direction");
    assert_eq!(graph.len(), 3);
    assert!(graph.search(&[1.0; 4], 0, 0, None).unwrap().is_empty());
    assert_eq!(graph.search(&[f32::MAX; 4], 9, 1, None).unwrap().len(), 3);
}

#[test]
fn a_graph_comes_back_from_its_bytes() {
    let graph = filled(Metric::Cosine, 12, 0..2500);
    (0..100).for_each(|label| assert!(graph.remove(label * 7)));
    graph.stage(5000, &vector(5000, 12)).unwrap();
    let applied = Position { epoch: 3, sequence: Sequence(2600) };
    let mut bytes = Vec::new();
    graph.save(&mut bytes, applied).unwrap();
    let (back, position) = Graph::load(&mut bytes.as_slice()).unwrap();
    assert_eq!((position, back.options()), (applied, graph.options()));
    assert_eq!((back.len(), back.staged()), (graph.len(), 1));
    for seed in 0..20 {
        let query = vector(seed, 12);
        let answers = [&graph, &back].map(|graph| graph.search(&query, 10, 50, None).unwrap());
        assert_eq!(answers[0], answers[1]);
    }
    for label in 6000..6100 {
        back.insert(label, &vector(label, 12)).unwrap();
    }
    assert!(recall(&back, 80, None) > 0.95);
}

#[test]
fn codes_come_back_with_their_graph() {
    for compression in [Compression::Int8, Compression::Binary, Compression::Product { bytes: 8 }] {
        let graph = filled(Metric::Cosine, 32, 0..600);
        graph.train(compression).unwrap();
        (0..100).for_each(|label| assert!(graph.remove(label * 5)));
        graph.repair();
        (700..750).for_each(|label| graph.insert(label, &vector(label, 32)).unwrap());
        let mut bytes = Vec::new();
        graph.save(&mut bytes, Position::ZERO).unwrap();
        let (back, _) = Graph::load(&mut bytes.as_slice()).unwrap();
        for label in 800..820 {
            for graph in [&graph, &back] {
                graph.insert(label, &vector(label, 32)).unwrap();
            }
        }
        for seed in 0..20 {
            let query = vector(90_000 + seed, 32);
            let [found, again] = [&graph, &back]
                .map(|graph| graph.scan_codes(&query, 10, 15, None).unwrap().unwrap());
            assert_eq!(found, again, "{compression:?}");
        }
        back.keep_codes_of(compression);
        assert!(back.code_bytes().is_some());
        back.keep_codes_of(Compression::None);
        assert_eq!(back.code_bytes(), None);
    }
}

#[test]
fn a_code_of_what_was_in_a_slot_before_is_made_again() {
    let graph = filled(Metric::L2, 16, 0..300);
    graph.train(Compression::Int8).unwrap();
    let before: Vec<_> = (0..300).map(|slot| graph.read().stamp(slot)).collect();
    assert!(graph.remove(7));
    graph.repair();
    graph.insert(1000, &vector(1000, 16)).unwrap();
    let codes = Codes::load(&graph.codes_since(&before)).unwrap();
    let kept = (0..codes.slots() as u32).filter(|slot| codes.contains(*slot)).count();
    assert_eq!(kept, 299, "the slot of 7 is that of 1000 now");
    graph.write().take_codes(&codes.save()).unwrap();
    let found = graph.scan_codes(&vector(1000, 16), 1, 1, None).unwrap().unwrap();
    assert_eq!(found[0].label, 1000);
}

#[test]
fn damaged_bytes_are_refused() {
    let graph = filled(Metric::L2, 3, 0..60);
    graph.train(Compression::Int8).unwrap();
    let mut bytes = Vec::new();
    graph.save(&mut bytes, Position::ZERO).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        assert!(Graph::load(&mut damaged.as_slice()).is_err(), "byte {at}");
        assert!(Graph::load(&mut &bytes[..at]).is_err(), "{at} bytes");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u64),
    Stage(u64),
    Remove(u64),
    Link,
    Repair,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..60u64).prop_map(Step::Insert),
        3 => (0..60u64).prop_map(Step::Stage),
        5 => (0..60u64).prop_map(Step::Remove),
        1 => Just(Step::Link),
        1 => Just(Step::Repair),
        1 => Just(Step::Reload),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// So few vectors are all found by a search that keeps as many candidates.
    #[test]
    fn a_graph_is_a_map_of_vectors(steps in proptest::collection::vec(step(), 1..300)) {
        let mut graph = Graph::new(GraphOptions { links: 4, ..GraphOptions::new(5, Metric::L2) })?;
        let mut model: BTreeMap<u64, Vec<f32>> = BTreeMap::new();
        for (nth, step) in steps.into_iter().enumerate() {
            match step {
                Step::Insert(label) | Step::Stage(label) => {
                    let vector = vector(nth as u64, 5);
                    match step {
                        Step::Insert(_) => graph.insert(label, &vector)?,
                        _ => graph.stage(label, &vector)?,
                    }
                    model.insert(label, vector);
                }
                Step::Remove(label) => {
                    prop_assert_eq!(graph.remove(label), model.remove(&label).is_some());
                }
                Step::Link => drop(graph.link_staged(100, 1)),
                Step::Repair => graph.repair_now(),
                Step::Reload => {
                    let mut bytes = Vec::new();
                    graph.save(&mut bytes, Position::ZERO)?;
                    graph = Graph::load(&mut bytes.as_slice())?.0;
                }
            }
        }
        prop_assert_eq!(graph.len(), model.len());
        let query = vector(99_999, 5);
        let mut expected: Vec<(u64, f32)> = model
            .iter()
            .map(|(label, vector)| {
                let square = |(a, b): (&f32, &f32)| (a - b) * (a - b);
                (*label, vector.iter().zip(&query).map(square).sum())
            })
            .collect();
        expected.sort_by(|a, b| a.1.total_cmp(&b.1));
        for found in [graph.scan(&query, 60, None)?, graph.search(&query, 60, 200, None)?] {
            prop_assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                prop_assert!((found.distance - expected.1).abs() < 1e-4);
            }
        }
    }
}

#[test]
fn a_slot_that_another_vector_took_is_not_linked_as_was_planned_for_the_first() {
    let graph = filled(Metric::L2, 8, 0..500);
    let slot = graph.stage_slot(1_000, &vector(1_000, 8)).unwrap();
    let mut plan = Plan::default();
    graph.scratches.with(|scratch| graph.read().plan(slot, scratch, &mut plan));
    let moved = vector(2_000, 8);
    assert_eq!(graph.stage_slot(1_000, &moved).unwrap(), slot, "the slot is used again");
    assert!(!graph.scratches.with(|scratch| graph.write().apply(&plan, scratch)));
    assert!(graph.link_slot(slot));
    assert_eq!(graph.search(&moved, 1, 20, None).unwrap()[0].label, 1_000);
}
