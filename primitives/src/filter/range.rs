//! Sorted sets of key ranges: what an index scan has to visit.

use std::cmp::Ordering;
use std::ops::Bound;

use rusqlite::types::Value;

/// A contiguous range of index keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Where the range starts.
    pub start: Bound<Vec<u8>>,
    /// Where the range ends.
    pub end: Bound<Vec<u8>>,
}

impl KeyRange {
    /// The range of one key.
    pub fn point(key: Vec<u8>) -> Self {
        KeyRange { start: Bound::Included(key.clone()), end: Bound::Included(key) }
    }

    /// Whether `key` lies in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        let after_start = match &self.start {
            Bound::Unbounded => true,
            Bound::Included(start) => key >= start.as_slice(),
            Bound::Excluded(start) => key > start.as_slice(),
        };
        let before_end = match &self.end {
            Bound::Unbounded => true,
            Bound::Included(end) => key <= end.as_slice(),
            Bound::Excluded(end) => key < end.as_slice(),
        };
        after_start && before_end
    }

    /// The one key of the range, when it is a point.
    pub fn as_point(&self) -> Option<&[u8]> {
        match (&self.start, &self.end) {
            (Bound::Included(start), Bound::Included(end)) if start == end => Some(start),
            _ => None,
        }
    }

    /// The range as an SQL condition on `column`, which holds keys as blobs. Appends its parameters,
    /// for which the condition has one `?` each, to `params`.
    pub fn to_sql(&self, column: &str, params: &mut Vec<Value>) -> String {
        if let Some(point) = self.as_point() {
            params.push(Value::Blob(point.to_vec()));
            return format!("{column} = ?");
        }
        let mut bound = |bound: &Bound<Vec<u8>>, inclusive: &str, exclusive: &str| {
            let (operator, key) = match bound {
                Bound::Unbounded => return None,
                Bound::Included(key) => (inclusive, key),
                Bound::Excluded(key) => (exclusive, key),
            };
            params.push(Value::Blob(key.clone()));
            Some(format!("{column} {operator} ?"))
        };
        let start = bound(&self.start, ">=", ">");
        let end = bound(&self.end, "<=", "<");
        let both: Vec<String> = start.into_iter().chain(end).collect();
        if both.is_empty() { "1".to_owned() } else { format!("({})", both.join(" AND ")) }
    }

    fn is_empty(&self) -> bool {
        match (&self.start, &self.end) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(start), Bound::Included(end)) => start > end,
            (
                Bound::Included(start) | Bound::Excluded(start),
                Bound::Included(end) | Bound::Excluded(end),
            ) => start >= end,
        }
    }

    fn intersect(&self, other: &KeyRange) -> Option<KeyRange> {
        let start = match compare_starts(&self.start, &other.start) {
            Ordering::Less => &other.start,
            _ => &self.start,
        };
        let end = match compare_ends(&self.end, &other.end) {
            Ordering::Greater => &other.end,
            _ => &self.end,
        };
        let range = KeyRange { start: start.clone(), end: end.clone() };
        (!range.is_empty()).then_some(range)
    }

    /// Whether `later`, which starts no earlier, overlaps or adjoins this range.
    fn reaches(&self, later: &KeyRange) -> bool {
        match (&self.end, &later.start) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
            (Bound::Excluded(end), Bound::Excluded(start)) => start < end,
            (
                Bound::Included(end) | Bound::Excluded(end),
                Bound::Included(start) | Bound::Excluded(start),
            ) => start <= end,
        }
    }
}

/// The ranges of index keys in which every match of a filter has an entry: sorted and disjoint.
/// Without any range, the filter matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    ranges: Vec<KeyRange>,
    tightness: Tightness,
}

/// How much of an index some bounds leave to visit, by their shape alone: the least is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tightness {
    /// Nothing matches.
    Empty,
    /// This many single keys.
    Points(usize),
    /// A range with a lower and an upper limit.
    Range,
    /// A range with a limit on one side only.
    HalfRange,
}

impl Bounds {
    pub(crate) fn nothing() -> Self {
        Bounds { ranges: Vec::new(), tightness: Tightness::Empty }
    }

    pub(crate) fn points(keys: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut keys: Vec<Vec<u8>> = keys.into_iter().collect();
        keys.sort_unstable();
        keys.dedup();
        let tightness = Tightness::Points(keys.len());
        let ranges: Vec<KeyRange> = keys.into_iter().map(KeyRange::point).collect();
        if ranges.is_empty() { Bounds::nothing() } else { Bounds { ranges, tightness } }
    }

    pub(crate) fn range(range: KeyRange, tightness: Tightness) -> Self {
        if range.is_empty() {
            return Bounds::nothing();
        }
        Bounds { ranges: vec![range], tightness }
    }

    /// The ranges, sorted and disjoint.
    pub fn ranges(&self) -> &[KeyRange] {
        &self.ranges
    }

    /// The ranges by value.
    pub fn into_ranges(self) -> Vec<KeyRange> {
        self.ranges
    }

    /// Whether nothing can match.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Which of several bounds to prefer.
    pub fn tightness(&self) -> Tightness {
        self.tightness
    }

    /// Whether `key` lies in one of the ranges. O(log n) of their number.
    pub fn contains(&self, key: &[u8]) -> bool {
        let after = self.ranges.partition_point(|range| match &range.start {
            Bound::Unbounded => true,
            Bound::Included(start) => start.as_slice() <= key,
            Bound::Excluded(start) => start.as_slice() < key,
        });
        after > 0 && self.ranges[after - 1].contains(key)
    }

    /// The keys in both.
    pub(crate) fn intersect(&self, other: &Bounds) -> Bounds {
        let mut ranges = Vec::new();
        let (mut left, mut right) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            ranges.extend(a.intersect(b));
            if compare_ends(&a.end, &b.end).is_le() {
                left.next();
            } else {
                right.next();
            }
        }
        let tightness = match self.tightness.min(other.tightness) {
            _ if ranges.is_empty() => Tightness::Empty,
            Tightness::Points(_) => Tightness::Points(ranges.len()),
            // Two limits of which neither decides alone: one from each side, as a rule.
            Tightness::HalfRange => Tightness::Range,
            tighter => tighter,
        };
        Bounds { ranges, tightness }
    }

    /// The keys in either.
    pub(crate) fn union(self, other: Bounds) -> Bounds {
        let mut all = self.ranges;
        all.extend(other.ranges);
        all.sort_by(|a, b| compare_starts(&a.start, &b.start));
        let mut ranges: Vec<KeyRange> = Vec::with_capacity(all.len());
        for range in all {
            match ranges.last_mut() {
                Some(last) if last.reaches(&range) => {
                    if compare_ends(&last.end, &range.end).is_lt() {
                        last.end = range.end;
                    }
                }
                _ => ranges.push(range),
            }
        }
        let tightness = match self.tightness.max(other.tightness) {
            Tightness::Points(_) => Tightness::Points(ranges.len()),
            looser => looser,
        };
        Bounds { ranges, tightness }
    }
}

fn compare_starts(a: &Bound<Vec<u8>>, b: &Bound<Vec<u8>>) -> Ordering {
    match (a, b) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Less,
        (_, Bound::Unbounded) => Ordering::Greater,
        (Bound::Included(a), Bound::Excluded(b)) => a.cmp(b).then(Ordering::Less),
        (Bound::Excluded(a), Bound::Included(b)) => a.cmp(b).then(Ordering::Greater),
        (Bound::Included(a), Bound::Included(b)) | (Bound::Excluded(a), Bound::Excluded(b)) => {
            a.cmp(b)
        }
    }
}

fn compare_ends(a: &Bound<Vec<u8>>, b: &Bound<Vec<u8>>) -> Ordering {
    match (a, b) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Greater,
        (_, Bound::Unbounded) => Ordering::Less,
        (Bound::Included(a), Bound::Excluded(b)) => a.cmp(b).then(Ordering::Greater),
        (Bound::Excluded(a), Bound::Included(b)) => a.cmp(b).then(Ordering::Less),
        (Bound::Included(a), Bound::Included(b)) | (Bound::Excluded(a), Bound::Excluded(b)) => {
            a.cmp(b)
        }
    }
}
