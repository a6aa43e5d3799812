//! Exact neighbours by comparing each query with everything.

use std::thread;

use crate::vector::data::Vectors;

/// The labels of the `k` nearest accepted vectors of each query, nearest first, lower label first
/// among equals; on all cores.
pub(crate) fn nearest(
    base: &Vectors,
    queries: &Vectors,
    k: usize,
    accept: impl Fn(u32) -> bool + Sync,
) -> Vec<Vec<u32>> {
    let queries: Vec<&[f32]> = queries.rows().collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = queries.len().div_ceil(threads).max(1);
    let answer = |part: &[&[f32]]| -> Vec<Vec<u32>> {
        part.iter().map(|query| nearest_of(base, query, k, &accept)).collect()
    };
    let answer = &answer;
    thread::scope(|scope| {
        let workers: Vec<_> =
            queries.chunks(share).map(|part| scope.spawn(move || answer(part))).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("comparing vectors does not panic"))
            .collect()
    })
}

fn nearest_of(base: &Vectors, query: &[f32], k: usize, accept: impl Fn(u32) -> bool) -> Vec<u32> {
    let mut all: Vec<(f64, u32)> = (0..)
        .zip(base.rows())
        .filter(|(label, _)| accept(*label))
        .map(|(label, row)| (squared_distance(query, row), label))
        .collect();
    let nearer = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if k < all.len() {
        all.select_nth_unstable_by(k, nearer);
        all.truncate(k);
    }
    all.sort_unstable_by(nearer);
    all.into_iter().map(|(_, label)| label).collect()
}

/// In double precision, so that the order is right where `f32` would round two distances to one.
fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    // Several sums, since the compiler may not reorder the additions of one.
    let mut sums = [0.0; 8];
    let ((a_chunks, a_rest), (b_chunks, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += squared_difference(*a, *b);
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| squared_difference(*a, *b));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

fn squared_difference(a: f32, b: f32) -> f64 {
    let difference = f64::from(a) - f64::from(b);
    difference * difference
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first_and_only_accepted_ones() {
        let mut base = Vectors::new(9);
        for distance in [3.0, 1.0, 2.0, 1.0, 9.0] {
            base.push(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, distance]);
        }
        let mut queries = Vectors::new(9);
        queries.push(&[0.0; 9]);
        assert_eq!(nearest(&base, &queries, 3, |_| true), [[1, 3, 2]]);
        assert_eq!(nearest(&base, &queries, 3, |label| label != 1), [[3, 2, 0]]);
        assert_eq!(nearest(&base, &queries, 3, |label| label == 4), [[4]]);
    }
}
