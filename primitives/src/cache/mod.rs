//! The row cache: gets by key served from memory, never older than what was acknowledged.

mod key;
mod order;
mod row;
mod shard;

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use foldhash::fast::FixedState;

use self::key::Key;
pub use self::key::{RowKey, TableId};
use self::row::{Block, prefetch};
pub use self::row::{CachedRow, RowBody};
use self::shard::Shard;
use crate::time::Timestamp;

/// The state of the namespace at which a row was read; taken before the read.
#[derive(Clone, Copy, Debug)]
pub struct ReadMark(u64);

/// Rows by key, with a budget in bytes that holds at every moment. A get takes one shared lock of
/// many and copies nothing; a row above one shard's part of the budget (2 MiB or more, in a cache of
/// so much) is not held.
///
/// Why it is never stale: commits are numbered. Before a group commits, the writer stores the
/// group's number into the fence of each key it writes; after the commit, and before anyone is
/// acknowledged, it publishes the number. An entry carries the published number that its reader saw
/// *before* reading, and counts only while its key's fence is not above that. So from the moment a
/// write can be seen by anybody, every entry read before it is dead, wherever it is. Fences are
/// shared by keys with the same hash, which costs a needless miss and never a stale hit.
pub struct RowCache {
    shards: Box<[Slot]>,
    fences: Box<[AtomicU64]>,
    published: Arc<AtomicU64>,
    hasher: FixedState,
    enabled: bool,
}

/// A shard on cache lines of its own.
#[repr(align(128))]
struct Slot(RwLock<Shard>);

/// A shard has at least so many bytes.
const SHARD_BYTES: usize = 2 << 20;
const MAX_SHARDS: usize = 128;

impl Slot {
    fn read(&self) -> RwLockReadGuard<'_, Shard> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RowCache {
    pub(crate) fn new(budget: usize) -> Self {
        let fences = (budget / 2048).next_power_of_two().clamp(1 << 10, 1 << 20);
        let shards = 1 << (budget / SHARD_BYTES).clamp(1, MAX_SHARDS).ilog2();
        RowCache {
            shards: (0..shards).map(|_| Slot(RwLock::new(Shard::new(budget / shards)))).collect(),
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
        let hash = self.hasher.hash_one(key);
        let fence = self.fence(hash);
        prefetch(fence);
        let shard = self.shard(hash).read();
        let found = shard.get(hash, key)?;
        if fence.load(Ordering::SeqCst) > found.mark() {
            return None;
        }
        found.visit();
        let row = found.row();
        drop(shard);
        match row.expires {
            Some(expires) if expires <= now() => None,
            _ => Some(row),
        }
    }

    /// Holds `row` as read at `mark`, unless its key was written since.
    pub fn fill(&self, table: TableId, key: RowKey<'_>, mark: ReadMark, row: &CachedRow) {
        if !self.enabled {
            return;
        }
        let key = Key { table, key };
        let hash = self.hasher.hash_one(key);
        if self.fence(hash).load(Ordering::SeqCst) <= mark.0
            && let Some(row) = Block::new(hash, key, mark.0, row)
        {
            let mut shard = self.shard(hash).0.write().unwrap_or_else(PoisonError::into_inner);
            shard.insert(key, row);
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        self.shards.iter().map(|shard| shard.read().bytes() as u64).sum()
    }

    /// Rows held.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().len()).sum()
    }

    /// Whether no row is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn slot(&self, table: TableId, key: RowKey<'_>) -> u32 {
        self.fence_of(self.hasher.hash_one(Key { table, key })) as u32
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

    // A shard's index uses the low bits of a hash and the highest seven.

    fn fence_of(&self, hash: u64) -> usize {
        (hash >> 36) as usize & (self.fences.len() - 1)
    }

    fn fence(&self, hash: u64) -> &AtomicU64 {
        &self.fences[self.fence_of(hash)]
    }

    fn shard(&self, hash: u64) -> &Slot {
        &self.shards[(hash >> 28) as usize & (self.shards.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::Sequence;

    const T: TableId = TableId(1);

    fn row(version: u64) -> CachedRow {
        CachedRow { version: Sequence(version), expires: None, body: RowBody::from(&b"row"[..]) }
    }

    fn get(cache: &RowCache, key: RowKey<'_>) -> Option<u64> {
        cache.get(T, key, || Timestamp(10)).map(|row| row.version.0)
    }

    #[test]
    fn a_row_read_before_a_write_is_never_served_after_its_fence() {
        let cache = RowCache::new(1 << 20);
        let key = RowKey::Text("a");
        let mark = cache.mark();
        cache.fill(T, key, mark, &row(1));
        assert_eq!(get(&cache, key), Some(1));

        let number = cache.fence_group(&mut vec![cache.slot(T, key)]);
        assert_eq!(get(&cache, key), None);
        cache.fill(T, key, mark, &row(1));
        assert_eq!(get(&cache, key), None, "a fill from before the fence is refused");

        cache.publish(number);
        cache.fill(T, key, cache.mark(), &row(2));
        assert_eq!(get(&cache, key), Some(2));
    }

    #[test]
    fn a_row_past_its_end_is_not_served() {
        let cache = RowCache::new(1 << 20);
        let key = RowKey::Integer(7);
        cache.fill(T, key, cache.mark(), &CachedRow { expires: Some(Timestamp(10)), ..row(1) });
        assert_eq!(get(&cache, key), None);
    }

    #[test]
    fn the_budget_holds() {
        let cache = RowCache::new(64 << 10);
        for key in 0..10_000 {
            let body = RowBody::from(&[0; 500][..]);
            cache.fill(T, RowKey::Integer(key), cache.mark(), &CachedRow { body, ..row(1) });
        }
        assert!(cache.bytes() <= 64 << 10, "{} bytes", cache.bytes());
        assert!(!cache.is_empty());
    }
}
