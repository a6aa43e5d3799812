//! Every level equals the portable one, bit by bit.

use proptest::prelude::*;

use super::*;

const PORTABLE: Level = Level(Instructions::Portable);

/// `count` codes of `stride` bytes.
fn codes(count: usize, stride: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), count * stride)
}

fn floats(len: usize) -> impl Strategy<Value = Vec<f32>> {
    proptest::collection::vec(-1e3f32..1e3, len)
}

/// The answer of each level, the portable one first.
fn answers<T: Clone + Default>(count: usize, kernel: impl Fn(Level, &mut [T])) -> Vec<Vec<T>> {
    let answer = |level| {
        let mut out = vec![T::default(); count];
        kernel(level, &mut out);
        out
    };
    [PORTABLE].into_iter().chain(Level::available()).map(answer).collect()
}

fn bits(sums: &[f32]) -> Vec<u32> {
    sums.iter().map(|sum| sum.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_level_has_the_same_integer_products(
        (query, stride, count, codes) in (1usize..200, 0usize..9, 0usize..9).prop_flat_map(
            |(dimensions, more, count)| {
                let query = proptest::collection::vec(-127i8..=127, dimensions);
                let stride = dimensions + more;
                (query, Just(stride), Just(count), codes(count, stride))
            },
        ),
    ) {
        let all = answers(count, |level, out| int8_dots(level, &query, &codes, stride, out));
        prop_assert!(all.iter().all(|answer| *answer == all[0]), "{all:?}");
    }

    #[test]
    fn every_level_counts_the_same_bits(
        (query, planes, stride, count, codes) in (1usize..9, 0usize..9, 0usize..9).prop_flat_map(
            |(words, more, count)| {
                let query = proptest::collection::vec(any::<u64>(), words);
                let planes = words.div_ceil(2) * PLANE_WORDS;
                let planes = proptest::collection::vec(any::<u64>(), planes);
                let stride = words * 8 + more;
                (query, planes, Just(stride), Just(count), codes(count, stride))
            },
        ),
    ) {
        let all = answers(count, |level, out| hammings(level, &query, &codes, stride, out));
        prop_assert!(all.iter().all(|answer| *answer == all[0]), "{all:?}");
        let words = query.len();
        let all =
            answers(count, |level, out| plane_sums(level, &planes, words, &codes, stride, out));
        prop_assert!(all.iter().all(|answer| *answer == all[0]), "{all:?}");
    }

    #[test]
    fn every_level_adds_the_same_entries_of_a_table(
        (bytes, count, table, codes) in (1usize..40, 0usize..9).prop_flat_map(|(bytes, count)| {
            (Just(bytes), Just(count), floats(bytes * CENTROIDS), codes(count, bytes))
        }),
    ) {
        let all = answers(count, |level, out| table_sums(level, &table, &codes, bytes, out));
        prop_assert!(all.iter().all(|answer| bits(answer) == bits(&all[0])), "{all:?}");
    }

    #[test]
    fn every_level_has_the_same_distances_of_floats(
        (a, b, columns) in (1usize..70).prop_flat_map(|dimensions| {
            (floats(dimensions), floats(dimensions), floats(dimensions * CENTROIDS))
        }),
    ) {
        let all = answers(CENTROIDS + 5, |level, out| {
            let (distances, rest) = out.split_first_chunk_mut().unwrap();
            column_distances(level, &a, &columns, distances);
            let (dot, norm) = dot_and_norm(level, &a, &b);
            let (place, nearest) = smallest(level, distances);
            let distance = squared_distance(level, &a, &b);
            rest.copy_from_slice(&[distance, dot, norm, place as f32, nearest]);
        });
        prop_assert!(all.iter().all(|answer| bits(answer) == bits(&all[0])));
    }
}

#[test]
fn the_portable_kernels_give_what_is_worked_out_by_hand() {
    let mut sums = [0; 2];
    int8_dots(PORTABLE, &[1, -2], &[3, 4, 99, 255, 127, 99], 3, &mut sums);
    assert_eq!(sums, [3 - 8, 255 - 254]);

    let code = [0b1011u64.to_le_bytes(), 1u64.to_le_bytes()].concat();
    let mut sums = [0];
    hammings(PORTABLE, &[0b0110, 0], &code, 16, &mut sums);
    assert_eq!(sums, [3 + 1]);

    // The numbers 1, -1, 7, -8 for the first four bits, and 2 for bit 64.
    let planes = [0b0111, 0, 0b0110, 1, 0b0110, 0, 0b1010, 0];
    plane_sums(PORTABLE, &planes, 2, &code, 16, &mut sums);
    assert_eq!(sums, [1 - 1 - 8 + 2]);

    let mut table = vec![0.0; 2 * CENTROIDS];
    (table[5], table[CENTROIDS + 7]) = (0.5, 2.0);
    let mut sums = [0.0];
    table_sums(PORTABLE, &table, &[5, 7], 2, &mut sums);
    assert_eq!(sums, [2.5]);

    assert_eq!(squared_distance(PORTABLE, &[1.0, 2.0], &[4.0, 6.0]), 25.0);
    assert_eq!(dot_and_norm(PORTABLE, &[1.0, 2.0], &[3.0, -4.0]), (-5.0, 25.0));
    let mut columns = vec![0.0; 2 * CENTROIDS];
    (columns[1], columns[CENTROIDS + 1]) = (3.0, 4.0);
    let mut distances = [0.0; CENTROIDS];
    column_distances(PORTABLE, &[0.0, 0.0], &columns, &mut distances);
    assert_eq!(distances[..3], [0.0, 25.0, 0.0]);
    assert_eq!(smallest(PORTABLE, &distances), (0, 0.0));
    distances[0] = 1.0;
    assert_eq!(smallest(PORTABLE, &distances), (2, 0.0));
    assert_eq!(smallest(PORTABLE, &[f32::INFINITY; CENTROIDS]), (0, f32::INFINITY));
}
