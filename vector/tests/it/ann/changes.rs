//! What is found while vectors come, change and go.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use headwater_testkit::Rng;
use headwater_vector::{Metric, RowSet};

use super::Implementation;
use super::data::{distance, labels, random, recall, vector};

pub(crate) fn what_is_deleted_is_never_found<I: Implementation>() {
    let vectors = random(11, 1000, 12);
    let index = I::filled(Metric::Cosine, &vectors);
    let mut gone = HashSet::new();
    for label in (0..1000).filter(|label| label % 5 < 3) {
        assert!(index.delete(label).unwrap() && !index.delete(label).unwrap());
        gone.insert(label);
        if label % 50 == 0 {
            for query in [&vectors[label as usize], &vectors[1]] {
                let found = index.search(query, 20, 40, None).unwrap();
                assert_eq!(found.len(), 20);
                assert!(found.iter().all(|found| !gone.contains(&found.label)), "{label}");
            }
        }
    }
    assert_eq!(index.len(), 400);
    let left: RowSet = (0..1000).filter(|label| !gone.contains(label)).collect();
    let recall = recall(&index, &vectors, &random(12, 20, 12), 80, Some(&left));
    assert!(recall > 0.95, "{recall}");
    assert_eq!(index.search(&vectors[0], 10, 40, None).unwrap().len(), 10);
}

pub(crate) fn what_was_deleted_may_come_again<I: Implementation>() {
    let vectors = random(13, 600, 12);
    let index = I::filled(Metric::L2, &vectors);
    for _ in 0..2 {
        for label in (0..600).step_by(2) {
            assert!(index.delete(label).unwrap());
        }
        for label in (0..600).step_by(2) {
            index.insert(label, &vectors[label as usize]).unwrap();
        }
    }
    assert_eq!(index.len(), 600);
    let recall = recall(&index, &vectors, &random(14, 30, 12), 80, None);
    assert!(recall > 0.95, "{recall}");
}

pub(crate) fn an_update_replaces<I: Implementation>() {
    let vectors = random(15, 400, 8);
    let index = I::filled(Metric::L2, &vectors);
    let moved = random(16, 400, 8);
    for label in 0..400 {
        index.insert(label, &moved[label as usize]).unwrap();
        let found = index.search(&moved[label as usize], 1, 50, None).unwrap()[0];
        assert_eq!((found.label, found.distance), (label, 0.0));
    }
    assert_eq!(index.len(), 400);
    let found = labels(&index.search(&vectors[3], 400, 400, None).unwrap());
    assert_eq!(found.iter().collect::<HashSet<_>>().len(), 400, "each label once");
    assert!(recall(&index, &moved, &vectors[..30], 80, None) > 0.95);
    // One that moves for ever must leave nothing behind.
    for vector in &vectors {
        index.insert(7, vector).unwrap();
    }
    assert_eq!(index.len(), 400);
}

pub(crate) fn everything_may_go_and_come_again<I: Implementation>() {
    let vectors = random(17, 300, 8);
    let index = I::filled(Metric::L2, &vectors);
    for _ in 0..3 {
        (0..300).for_each(|label| assert!(index.delete(label).unwrap()));
        assert!(index.is_empty() && index.search(&[0.5; 8], 5, 10, None).unwrap().is_empty());
        (0..).zip(&vectors).for_each(|(label, vector)| index.insert(label, vector).unwrap());
        assert!(recall(&index, &vectors, &vectors[..20], 50, None) > 0.95);
    }
}

pub(crate) fn a_model_says_the_same_after_random_changes<I: Implementation>() {
    for metric in Metric::ALL {
        let (index, mut model) = (I::empty(6, metric), BTreeMap::new());
        let mut rng = Rng::new(18);
        for step in 0..800 {
            let label = rng.below(200);
            if rng.below(3) == 0 {
                assert_eq!(index.delete(label).unwrap(), model.remove(&label).is_some());
            } else {
                let vector = vector(&mut rng, 6);
                index.insert(label, &vector).unwrap();
                model.insert(label, vector);
            }
            if step % 100 != 0 {
                continue;
            }
            let query = vector(&mut rng, 6);
            // With as many candidates as there are vectors nothing is left to chance.
            let found = index.search(&query, 10, 400, None).unwrap();
            let mut truth: Vec<f64> =
                model.values().map(|vector| distance(metric, &query, vector)).collect();
            truth.sort_by(f64::total_cmp);
            truth.truncate(10);
            assert_eq!((index.len(), found.len()), (model.len(), truth.len()));
            for (found, truth) in found.iter().zip(truth) {
                assert!((f64::from(found.distance) - truth).abs() < 1e-4, "{found:?}, not {truth}");
            }
        }
    }
}

pub(crate) fn searches_go_on_beside_insertions_and_deletions<I: Implementation>() {
    let vectors = random(19, 1200, 12);
    let index = I::filled(Metric::L2, &vectors[..200]);
    let inserted = AtomicU64::new(200);
    std::thread::scope(|scope| {
        for part in 0..2 {
            let (index, vectors, inserted) = (&index, &vectors, &inserted);
            scope.spawn(move || {
                for label in (200 + part..1200).step_by(2) {
                    index.insert(label, &vectors[label as usize]).unwrap();
                    inserted.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        scope.spawn(|| (0..100).for_each(|label| assert!(index.delete(label).unwrap())));
        let mut searches = 0;
        while inserted.load(Ordering::SeqCst) < 1200 {
            // Of what was there from the beginning each is found at any time.
            let label = 100 + searches % 100;
            let found = index.search(&vectors[label as usize], 10, 100, None).unwrap();
            assert_eq!((found.len(), found[0].distance), (10, 0.0), "{found:?}");
            searches += 1;
        }
    });
    assert_eq!(index.len(), 1100);
    let left: RowSet = (100..1200).collect();
    assert!(recall(&index, &vectors, &vectors[300..330], 80, Some(&left)) > 0.95);
}
