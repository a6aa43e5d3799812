//! What is found among vectors that do not change.

use headwater_testkit::Rng;
use headwater_vector::{Metric, RowSet};

use super::Implementation;
use super::data::{clustered, labels, random, recall};

pub(crate) fn random_vectors_are_found<I: Implementation>() {
    let (vectors, queries) = (random(1, 2000, 16), random(2, 25, 16));
    for metric in Metric::ALL {
        let index = I::filled(metric, &vectors);
        assert_eq!((index.len(), index.dimensions(), index.metric()), (2000, 16, metric));
        let recall = recall(&index, &vectors, &queries, 100, None);
        assert!(recall > 0.95, "{metric}: {recall}");
    }
}

pub(crate) fn clustered_vectors_are_found<I: Implementation>() {
    let mut vectors = clustered(3, 20, 100);
    let mut rng = Rng::new(33);
    for place in (1..vectors.len()).rev() {
        vectors.swap(place, rng.index(place + 1));
    }
    assert!(recall_in_clusters::<I>(&vectors) > 0.95);
}

/// One cluster after the other is the worst order: each has to be found from the ones before.
pub(crate) fn clusters_that_come_one_by_one_are_mostly_found<I: Implementation>() {
    assert!(recall_in_clusters::<I>(&clustered(3, 20, 100)) > 0.8);
}

/// With queries in each of the clusters.
fn recall_in_clusters<I: Implementation>(vectors: &[Vec<f32>]) -> f64 {
    let queries: Vec<_> = vectors.iter().step_by(37).cloned().collect();
    recall(&I::filled(Metric::L2, vectors), vectors, &queries, 100, None)
}

pub(crate) fn a_filter_gives_as_many_as_there_are_at_every_selectivity<I: Implementation>() {
    let (vectors, queries) = (random(4, 3000, 12), random(5, 10, 12));
    let index = I::filled(Metric::L2, &vectors);
    for every in [1, 2, 3, 10, 100, 1500] {
        let accept: RowSet = (0..3000).filter(|label| label % every == 0).collect();
        let recall = recall(&index, &vectors, &queries, 40, Some(&accept));
        assert!(recall > 0.9, "one in {every}: {recall}");
        let all = index.search(&queries[0], 700, 40, Some(&accept)).unwrap();
        assert_eq!(all.len(), accept.len().min(700), "one in {every}");
        assert!(all.iter().all(|found| accept.contains(found.label)));
    }
    // Those far away only, where a walk from the query's side finds none.
    let far: RowSet = (0..3000).filter(|label| vectors[*label as usize][0] > 0.9).collect();
    let mut query = queries[0].clone();
    query[0] = -1.0;
    let found = index.search(&query, 10, 10, Some(&far)).unwrap();
    assert!(found.len() == 10 && found.iter().all(|found| far.contains(found.label)));
    // Labels that are not there count for nothing.
    let mixed: RowSet = (2995..20_000).collect();
    assert_eq!(index.search(&query, 10, 10, Some(&mixed)).unwrap().len(), 5);
    assert!(index.search(&query, 10, 10, Some(&RowSet::default())).unwrap().is_empty());
}

pub(crate) fn nothing_and_more_than_there_is_can_be_asked_for<I: Implementation>() {
    let index = I::empty(3, Metric::L2);
    assert!(index.is_empty() && !index.delete(1).unwrap());
    assert!(index.search(&[0.0; 3], 10, 10, None).unwrap().is_empty());
    for label in [5, 6, u64::MAX] {
        index.insert(label, &[label as f32, 0.0, 0.0]).unwrap();
    }
    for candidates in [0, 1, usize::MAX] {
        assert!(index.search(&[5.9, 0.0, 0.0], 0, candidates, None).unwrap().is_empty());
        for k in [3, 4, usize::MAX] {
            let found = index.search(&[5.9, 0.0, 0.0], k, candidates, None).unwrap();
            assert_eq!(labels(&found), [6, 5, u64::MAX], "{k} of {candidates}");
        }
    }
}

pub(crate) fn the_same_vector_may_be_there_many_times<I: Implementation>() {
    let vectors: Vec<_> = (0..500).map(|at| vec![(at % 2) as f32 + 1.0, 1.0]).collect();
    for metric in Metric::ALL {
        let index = I::filled(metric, &vectors);
        let found = index.search(&[1.0, 1.0], 300, 300, None).unwrap();
        assert_eq!(found.len(), 300);
        assert_eq!(index.search(&[1.0, 1.0], 500, 10, None).unwrap().len(), 500);
    }
}
