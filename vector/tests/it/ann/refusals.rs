//! What an index does not take.

use headwater_vector::Metric;
use headwater_vector::graph::GraphOptions;
use headwater_vector::primitives::ErrorKind;

use super::Implementation;
use super::data::labels;
use crate::support::refused;

pub(crate) fn what_cannot_be_compared_is_refused_and_changes_nothing<I: Implementation>() {
    const NAN: f32 = f32::NAN;
    const INFINITE: f32 = f32::INFINITY;
    for metric in Metric::ALL {
        let index = I::empty(3, metric);
        index.insert(1, &[1.0, 0.0, 0.0]).unwrap();
        let mut wrong: Vec<(&[f32], &str)> = vec![
            (&[], "0 numbers, where each has 3"),
            (&[1.0, 2.0], "2 numbers, where each has 3"),
            (&[1.0, 2.0, 3.0, 4.0], "4 numbers, where each has 3"),
            (&[1.0, NAN, 0.0], "number 1 of the vector is NaN"),
            (&[1.0, 0.0, INFINITE], "number 2 of the vector is inf"),
            (&[-INFINITE, 0.0, 0.0], "number 0 of the vector is -inf"),
        ];
        if metric == Metric::Cosine {
            wrong.push((&[0.0, -0.0, 0.0], "a vector of zeros has no direction"));
        }
        for (vector, why) in wrong {
            refused(index.insert(1, vector), ErrorKind::InvalidInput, &[why]);
            refused(index.insert(2, vector), ErrorKind::InvalidInput, &[why]);
            refused(index.search(vector, 1, 10, None), ErrorKind::InvalidInput, &[why]);
        }
        let found = index.search(&[1.0, 0.0, 0.0], 5, 10, None).unwrap();
        assert_eq!((index.len(), labels(&found)), (1, vec![1]));
    }
    let index = I::empty(3, Metric::L2);
    index.insert(1, &[0.0; 3]).unwrap();
    assert_eq!(index.search(&[0.0; 3], 1, 10, None).unwrap()[0].distance, 0.0);
}

pub(crate) fn numbers_beyond_what_a_sum_can_hold_are_as_far_as_can_be<I: Implementation>() {
    for metric in [Metric::L2, Metric::Dot] {
        let index = I::empty(2, metric);
        for label in 0..200 {
            let large = if label % 2 == 0 { f32::MAX } else { f32::MIN };
            index.insert(label, &[large, f32::MAX]).unwrap();
        }
        index.insert(200, &[0.5, 0.5]).unwrap();
        for query in [[f32::MAX, f32::MIN], [0.5, 0.5], [f32::MIN, f32::MIN]] {
            let found = index.search(&query, 201, 300, None).unwrap();
            assert!(found.len() == 201 && found.iter().all(|one| !one.distance.is_nan()));
        }
    }
}

pub(crate) fn options_that_no_index_can_have_are_refused<I: Implementation>() {
    let usual = GraphOptions::new(4, Metric::L2);
    for (options, why) in [
        (GraphOptions { dimensions: 0, ..usual }, "0 dimensions"),
        (GraphOptions { dimensions: 1 << 20, ..usual }, "1048576 dimensions"),
        (GraphOptions { links: 3, ..usual }, "3 links"),
        (GraphOptions { links: 300, ..usual }, "300 links"),
        (GraphOptions { candidates: 2, ..usual }, "2 candidates"),
    ] {
        refused(I::new(options).map(drop), ErrorKind::InvalidInput, &[why]);
    }
}
