//! Scans: order, bounds, prefixes, pages, and writes under way.

use std::ops::Bound;

use headwater_primitives::key::{self, Value};
use headwater_primitives::kv::{Batch, Direction, KeyRange, KvRead, KvReadExt, KvWrite};

use super::{Backend, Case, case, collect, contents, directions, entries, fill};

pub(super) fn cases<B: Backend>() -> Vec<Case<B>> {
    vec![
        case("keys_are_ordered_as_bytes", keys_are_ordered_as_bytes),
        case("every_kind_of_bound_in_both_directions", every_kind_of_bound_in_both_directions),
        case("a_prefix_scan_finds_its_prefix_only", a_prefix_scan_finds_its_prefix_only),
        case("a_tuple_prefix_matches_whole_parts", a_tuple_prefix_matches_whole_parts),
        case("a_scan_streams_over_many_pages", a_scan_streams_over_many_pages),
        case("a_scan_may_stop_early", a_scan_may_stop_early),
        case("a_scan_survives_writes_under_way", a_scan_survives_writes_under_way),
        case("several_scans_run_side_by_side", several_scans_run_side_by_side),
    ]
}

/// Keys whose order is easy to get wrong, in order.
const TRICKY: [&[u8]; 14] = [
    b"",
    b"\0",
    b"\0\0",
    b"\0\xff",
    b"\x01",
    b"A",
    b"a",
    b"a\0",
    b"a\0\0",
    b"aa",
    b"b",
    b"\x7f",
    b"\x80",
    b"\xff\xff",
];

fn keys_are_ordered_as_bytes<B: Backend>(backend: &B) {
    let kv = backend.open();
    let mut shuffled = TRICKY;
    shuffled.reverse();
    shuffled.rotate_left(5);
    shuffled.swap(2, 9);
    fill(&kv, shuffled);
    for direction in directions(&kv) {
        let mut expected = entries(TRICKY);
        if direction == Direction::Backward {
            expected.reverse();
        }
        assert_eq!(collect(&kv, KeyRange::all(), direction), expected, "{direction:?}");
    }
}

fn bounds_at(key: &[u8]) -> [Bound<&[u8]>; 3] {
    [Bound::Unbounded, Bound::Included(key), Bound::Excluded(key)]
}

/// Inverted and empty ranges are among the pairs, and yield nothing.
fn every_kind_of_bound_in_both_directions<B: Backend>(backend: &B) {
    let kv = backend.open();
    fill(&kv, TRICKY);
    let points: [&[u8]; 8] = [b"", b"\0", b"\0\x01", b"a", b"a\0", b"b", b"c", b"\xff\xff\xff"];
    for (low, high) in points.iter().flat_map(|low| points.iter().map(move |high| (low, high))) {
        for (start, end) in
            bounds_at(low).into_iter().flat_map(|s| bounds_at(high).map(move |e| (s, e)))
        {
            check_range(&kv, start, end);
        }
    }
}

fn check_range(kv: &impl super::OrderedKv, start: Bound<&[u8]>, end: Bound<&[u8]>) {
    let after_start = |key: &&[u8]| match start {
        Bound::Unbounded => true,
        Bound::Included(bound) => *key >= bound,
        Bound::Excluded(bound) => *key > bound,
    };
    let before_end = |key: &&[u8]| match end {
        Bound::Unbounded => true,
        Bound::Included(bound) => *key <= bound,
        Bound::Excluded(bound) => *key < bound,
    };
    for direction in directions(kv) {
        let mut expected = entries(TRICKY.into_iter().filter(after_start).filter(before_end));
        if direction == Direction::Backward {
            expected.reverse();
        }
        let found = collect(kv, KeyRange::new::<&[u8]>((start, end)), direction);
        assert_eq!(found, expected, "{start:?} to {end:?}, {direction:?}");
    }
}

fn a_prefix_scan_finds_its_prefix_only<B: Backend>(backend: &B) {
    let kv = backend.open();
    let keys: [&[u8]; 9] = [
        b"a",
        b"a\xfe",
        b"a\xff",
        b"a\xff\xff",
        b"a\xff\xffz",
        b"b",
        b"\xff",
        b"\xff\xff",
        b"\xff\xffa",
    ];
    fill(&kv, keys);
    let prefixes: [&[u8]; 7] = [b"", b"a", b"a\xff", b"a\xff\xff", b"\xff", b"\xff\xff", b"c"];
    for prefix in prefixes {
        for direction in directions(&kv) {
            let mut expected = entries(keys.into_iter().filter(|key| key.starts_with(prefix)));
            if direction == Direction::Backward {
                expected.reverse();
            }
            assert_eq!(collect(&kv, KeyRange::prefix(prefix), direction), expected, "{prefix:?}");
        }
    }
}

fn a_tuple_prefix_matches_whole_parts<B: Backend>(backend: &B) {
    let kv = backend.open();
    let text = |text: &str| Value::Text(text.to_owned());
    let tuples = [
        vec![text("a")],
        vec![text("a"), Value::Int(-7)],
        vec![text("a"), Value::Int(300)],
        vec![text("a"), text("b")],
        vec![text("a\0")],
        vec![text("a\0b"), Value::Int(1)],
        vec![text("ab")],
        vec![text("b"), Value::Int(1)],
    ];
    for tuple in &tuples {
        kv.put(&key::encode(tuple), b"").unwrap();
    }
    let found: Vec<Vec<Value>> = kv
        .scan_prefix(&[text("a")], Direction::Forward)
        .map(|entry| key::decode(&entry.unwrap().0).unwrap())
        .collect();
    assert_eq!(found, tuples[..4]);
    assert_eq!(kv.scan_prefix(&[], Direction::Forward).count(), tuples.len());
    assert_eq!(kv.scan_prefix(&[text("a"), Value::Int(300)], Direction::Forward).count(), 1);
    assert_eq!(kv.get_tuple(&tuples[2]).unwrap(), Some(vec![]));
    assert_eq!(kv.get_tuple(&[text("a"), Value::Int(301)]).unwrap(), None);
}

fn numbered(number: u32) -> [u8; 4] {
    number.to_be_bytes()
}

/// Puts the keys of `numbers` in one batch.
fn fill_numbers(kv: &dyn KvWrite, numbers: impl Iterator<Item = u32>) {
    let mut batch = Batch::new();
    for number in numbers {
        batch.put(numbered(number), numbered(number));
    }
    kv.write_batch(batch).unwrap();
}

fn a_scan_streams_over_many_pages<B: Backend>(backend: &B) {
    let kv = backend.open();
    fill_numbers(&kv, 0..5_000);
    for direction in directions(&kv) {
        let mut expected = entries((17..4_321).map(numbered));
        if direction == Direction::Backward {
            expected.reverse();
        }
        let range = KeyRange::new(numbered(17)..numbered(4_321));
        assert!(collect(&kv, range, direction) == expected, "{direction:?}");
    }
}

fn a_scan_may_stop_early<B: Backend>(backend: &B) {
    let kv = backend.open();
    fill_numbers(&kv, 0..1_000);
    for direction in directions(&kv) {
        let mut scan = kv.scan(KeyRange::all(), direction);
        scan.next().unwrap().unwrap();
        drop(scan);
        let first = kv.first(KeyRange::new(numbered(10)..=numbered(20)), direction).unwrap();
        let expected = if direction == Direction::Forward { 10 } else { 20 };
        assert_eq!(first.unwrap().0, numbered(expected));
        assert_eq!(kv.first(KeyRange::new(numbered(2_000)..), direction).unwrap(), None);
    }
    kv.put(b"after", b"the scans").unwrap();
    assert_eq!(contents(&kv).len(), 1_001);
}

/// Even numbers stay, odd ones come and go while the scan runs.
fn a_scan_survives_writes_under_way<B: Backend>(backend: &B) {
    const LAST: u32 = 3_000;
    for direction in directions(&backend.open()) {
        let kv = backend.open();
        fill_numbers(&kv, 0..LAST);
        let mut found = Vec::new();
        for (step, entry) in kv.scan(KeyRange::all(), direction).enumerate() {
            found.push(entry.unwrap().0);
            if step % 100 == 0 {
                let odd = ((step as u32 * 7 + 1) % LAST) | 1;
                kv.delete(&numbered(odd)).unwrap();
                kv.put(&numbered(LAST + 1 + step as u32), b"new").unwrap();
                kv.put(&numbered(odd.wrapping_mul(2) % LAST), b"rewritten").unwrap();
            }
        }
        if direction == Direction::Backward {
            found.reverse();
        }
        assert!(found.is_sorted_by(|a, b| a < b), "out of order or twice, {direction:?}");
        let even = (0..LAST).step_by(2).map(numbered);
        for key in even {
            assert!(found.binary_search(&key.to_vec()).is_ok(), "missed {key:?}, {direction:?}");
        }
    }
}

fn several_scans_run_side_by_side<B: Backend>(backend: &B) {
    let kv = backend.open();
    fill_numbers(&kv, 0..700);
    let first = kv.scan(KeyRange::all(), Direction::Forward);
    let second = kv.scan(KeyRange::new(numbered(100)..), Direction::Forward);
    let pairs: Vec<_> = first.zip(second).map(|(a, b)| (a.unwrap().0, b.unwrap().0)).collect();
    assert_eq!(pairs.len(), 600);
    for (number, (a, b)) in (0u32..).zip(pairs) {
        assert_eq!((a, b), (numbered(number).to_vec(), numbered(number + 100).to_vec()));
    }
}
