//! The row cache: gets by key served from memory, never older than what was acknowledged.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::FixedState;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};

use crate::sequence::Sequence;
use crate::time::Timestamp;

/// The number of a table of rows, unique in its namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableId(pub u32);

/// A row's key, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKey<'a> {
    /// An integer key.
    Integer(i64),
    /// A text key.
    Text(&'a str),
}

/// A row as the cache holds it.
#[derive(Clone, Debug)]
pub struct CachedRow {
    /// The sequence of the write that made the row.
    pub version: Sequence,
    /// When the row ends, if it does.
    pub expires: Option<Timestamp>,
    /// The row's bytes, shared.
    pub body: Arc<[u8]>,
}

/// The state of the namespace at which a row was read; taken before the read.
#[derive(Clone, Copy, Debug)]
pub struct ReadMark(u64);

/// Rows by key, with a budget in bytes.
///
/// Why it is never stale: commits are numbered. Before a group commits, the writer stores the
/// group's number into the fence of each key it writes; after the commit, and before anyone is
/// acknowledged, it publishes the number. An entry carries the published number that its reader saw
/// *before* reading, and counts only while its key's fence is not above that. So from the moment a
/// write can be seen by anybody, every entry read before it is dead, wherever it is. Fences are
/// shared by keys with the same hash, which costs a needless miss and never a stale hit.
pub struct RowCache {
    rows: Cache<OwnedKey, Entry, ByteWeight, FixedState>,
    fences: Box<[AtomicU64]>,
    published: Arc<AtomicU64>,
    hasher: FixedState,
    enabled: bool,
}

struct Entry {
    mark: u64,
    row: CachedRow,
}

impl Clone for Entry {
    fn clone(&self) -> Self {
        // Counting the new owner is an atomic write that all later loads wait for, and the caller
        // will read the bytes: have them fetched side by side.
        prefetch(&self.row.body);
        Entry { mark: self.mark, row: self.row.clone() }
    }
}

/// Begins to fetch the first cache lines of `bytes`.
fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(64).take(8) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing and faults on no address; every x86-64 has it.
        #[allow(unsafe_code)]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

impl RowCache {
    pub(crate) fn new(budget: usize) -> Self {
        let fences = (budget / 2048).next_power_of_two().clamp(1 << 10, 1 << 20);
        RowCache {
            rows: Cache::with(
                budget / 768,
                budget as u64,
                ByteWeight,
                FixedState::default(),
                Default::default(),
            ),
            fences: (0..fences).map(|_| AtomicU64::new(0)).collect(),
            published: Arc::default(),
            hasher: FixedState::default(),
            enabled: budget > 0,
        }
    }

    /// The mark to take before a read whose row is then given to [`fill`](Self::fill).
    pub fn mark(&self) -> ReadMark {
        ReadMark(self.published.load(Ordering::SeqCst))
    }

    /// The row under `key`, when it is held, still true, and not past its end at `now`.
    pub fn get(
        &self,
        table: TableId,
        key: RowKey<'_>,
        now: impl FnOnce() -> Timestamp,
    ) -> Option<CachedRow> {
        if !self.enabled {
            return None;
        }
        let key = Key { table, key };
        let entry = self.rows.get(&key)?;
        if self.fences[self.fence(&key)].load(Ordering::SeqCst) > entry.mark {
            return None;
        }
        match entry.row.expires {
            Some(expires) if expires <= now() => None,
            _ => Some(entry.row),
        }
    }

    /// Holds `row` as read at `mark`, unless its key was written since.
    pub fn fill(&self, table: TableId, key: RowKey<'_>, mark: ReadMark, row: CachedRow) {
        if !self.enabled {
            return;
        }
        let key = Key { table, key };
        if self.fences[self.fence(&key)].load(Ordering::SeqCst) <= mark.0 {
            self.rows.insert(key.to_owned(), Entry { mark: mark.0, row });
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        self.rows.weight()
    }

    /// Rows held.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row is held.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn slot(&self, table: TableId, key: RowKey<'_>) -> u32 {
        self.fence(&Key { table, key }) as u32
    }

    /// Ends every entry under the fences `slots`. Called before COMMIT.
    pub(crate) fn fence_group(&self, slots: &mut Vec<u32>) -> u64 {
        let number = self.published.load(Ordering::Relaxed) + 1;
        for slot in slots.drain(..) {
            self.fences[slot as usize].store(number, Ordering::SeqCst);
        }
        number
    }

    /// Publishes a commit. Called after COMMIT and before any acknowledgement.
    pub(crate) fn publish(&self, number: u64) {
        self.published.store(number, Ordering::SeqCst);
    }

    /// The number of the last published commit.
    pub(crate) fn published(&self) -> &Arc<AtomicU64> {
        &self.published
    }

    fn fence(&self, key: &Key<'_>) -> usize {
        // The high bits: the cache's own table uses the low ones.
        (self.hasher.hash_one(key) >> 40) as usize & (self.fences.len() - 1)
    }
}

#[derive(Clone, Copy)]
struct Key<'a> {
    table: TableId,
    key: RowKey<'a>,
}

impl Key<'_> {
    fn to_owned(self) -> OwnedKey {
        let key = match self.key {
            RowKey::Integer(key) => OwnedRowKey::Integer(key),
            RowKey::Text(key) => OwnedRowKey::Text(key.into()),
        };
        OwnedKey { table: self.table, key }
    }
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.table.0);
        match self.key {
            RowKey::Integer(key) => state.write_i64(key),
            RowKey::Text(key) => state.write(key.as_bytes()),
        }
    }
}

struct OwnedKey {
    table: TableId,
    key: OwnedRowKey,
}

enum OwnedRowKey {
    Integer(i64),
    Text(Box<str>),
}

impl OwnedKey {
    fn borrow(&self) -> Key<'_> {
        let key = match &self.key {
            OwnedRowKey::Integer(key) => RowKey::Integer(*key),
            OwnedRowKey::Text(key) => RowKey::Text(key),
        };
        Key { table: self.table, key }
    }
}

impl Hash for OwnedKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.borrow().hash(state);
    }
}

impl PartialEq for OwnedKey {
    fn eq(&self, other: &Self) -> bool {
        self.table == other.table && self.borrow().key == other.borrow().key
    }
}

impl Eq for OwnedKey {}

impl Equivalent<OwnedKey> for Key<'_> {
    fn equivalent(&self, key: &OwnedKey) -> bool {
        self.table == key.table && self.key == key.borrow().key
    }
}

#[derive(Clone)]
struct ByteWeight;

impl Weighter<OwnedKey, Entry> for ByteWeight {
    fn weight(&self, key: &OwnedKey, entry: &Entry) -> u64 {
        let text = match &key.key {
            OwnedRowKey::Integer(_) => 0,
            OwnedRowKey::Text(key) => key.len(),
        };
        // What an entry costs beside its bytes: the two structs, the shared buffer's header, a slot.
        (entry.row.body.len() + text + size_of::<OwnedKey>() + size_of::<Entry>() + 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: TableId = TableId(1);

    fn row(version: u64) -> CachedRow {
        CachedRow { version: Sequence(version), expires: None, body: Arc::from(*b"row") }
    }

    fn get(cache: &RowCache, key: RowKey<'_>) -> Option<u64> {
        cache.get(T, key, || Timestamp(10)).map(|row| row.version.0)
    }

    #[test]
    fn a_row_read_before_a_write_is_never_served_after_its_fence() {
        let cache = RowCache::new(1 << 20);
        let key = RowKey::Text("a");
        let mark = cache.mark();
        cache.fill(T, key, mark, row(1));
        assert_eq!(get(&cache, key), Some(1));

        let number = cache.fence_group(&mut vec![cache.slot(T, key)]);
        assert_eq!(get(&cache, key), None);
        cache.fill(T, key, mark, row(1));
        assert_eq!(get(&cache, key), None, "a fill from before the fence is refused");

        cache.publish(number);
        cache.fill(T, key, cache.mark(), row(2));
        assert_eq!(get(&cache, key), Some(2));
    }

    #[test]
    fn a_row_past_its_end_is_not_served() {
        let cache = RowCache::new(1 << 20);
        let key = RowKey::Integer(7);
        cache.fill(T, key, cache.mark(), CachedRow { expires: Some(Timestamp(10)), ..row(1) });
        assert_eq!(get(&cache, key), None);
    }

    #[test]
    fn the_budget_holds() {
        let cache = RowCache::new(64 << 10);
        for key in 0..10_000 {
            let body = Arc::from([0; 500]);
            cache.fill(T, RowKey::Integer(key), cache.mark(), CachedRow { body, ..row(1) });
        }
        assert!(cache.bytes() <= 64 << 10, "{} bytes", cache.bytes());
        assert!(!cache.is_empty());
    }
}
