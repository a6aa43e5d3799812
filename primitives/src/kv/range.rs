//! A range of keys, and the direction in which a scan walks it.

use std::ops::{Bound, RangeBounds};

use crate::key;

/// The order in which a scan yields its entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest key first.
    #[default]
    Forward,
    /// Largest key first.
    Backward,
}

/// A range of keys: from [`start`](Self::start), which is inside, to [`end`](Self::end), which is
/// not.
///
/// Every kind of bound has this one form, since the smallest key after `k` is `k` followed by a
/// zero byte. So backends meet no other kind.
///
/// ```
/// use headwater_primitives::kv::KeyRange;
///
/// let range = KeyRange::new("b"..="d");
/// assert!(range.contains(b"d"));
/// assert!(!range.contains(b"d\0"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyRange {
    start: Vec<u8>,
    end: Option<Vec<u8>>,
}

impl KeyRange {
    /// The keys between any two bounds: `a..b`, `a..=b`, `a..`, `..b`, or a pair of [`Bound`]s.
    /// Where the end is not after the start, the range is empty.
    pub fn new<K: AsRef<[u8]>>(bounds: impl RangeBounds<K>) -> Self {
        let start = match bounds.start_bound() {
            Bound::Unbounded => Vec::new(),
            Bound::Included(key) => key.as_ref().to_vec(),
            Bound::Excluded(key) => successor(key.as_ref()),
        };
        let end = match bounds.end_bound() {
            Bound::Unbounded => None,
            Bound::Included(key) => Some(successor(key.as_ref())),
            Bound::Excluded(key) => Some(key.as_ref().to_vec()),
        };
        Self { start, end }
    }

    /// Every key.
    pub fn all() -> Self {
        Self { start: Vec::new(), end: None }
    }

    /// The keys that begin with the bytes of `prefix`.
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> Self {
        let start = prefix.into();
        let end = key::prefix_end(&start);
        Self { start, end }
    }

    /// The keys that are tuples beginning with the parts of `prefix`, the tuple `prefix` itself
    /// included, encoded as [`key::encode`](crate::key::encode) does.
    pub fn tuples(prefix: &[key::Value]) -> Self {
        Self::prefix(key::encode(prefix))
    }

    /// The first key that is inside, if it is present.
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// The first key past the range, or `None` where it reaches to the last key of the store.
    pub fn end(&self) -> Option<&[u8]> {
        self.end.as_deref()
    }

    /// Whether `key` is inside.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= self.start() && self.end().is_none_or(|end| key < end)
    }

    /// Whether no key can be inside.
    pub fn is_empty(&self) -> bool {
        self.end().is_some_and(|end| end <= self.start())
    }

    /// What is left of the range once a scan in `direction` has yielded `key`.
    #[must_use]
    pub fn after(mut self, key: &[u8], direction: Direction) -> Self {
        match direction {
            Direction::Forward => self.start = successor(key),
            Direction::Backward => self.end = Some(key.to_vec()),
        }
        self
    }
}

/// The smallest key after `key`.
fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}
