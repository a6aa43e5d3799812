//! A part of the cache with a lock of its own: an index over rows, and a budget in bytes.

use hashbrown::HashTable;

use super::key::Key;
use super::order::{NODE_BYTES, Order};
use super::row::Block;

/// What a row costs beside its block: two pointers and their share of two growing tables, and the
/// allocator's own word and rounding.
const ROW_BYTES: usize = NODE_BYTES + 3 * size_of::<usize>() + 16;

/// Rows by key. The index holds pointers to the rows themselves, so that a get waits for memory as
/// seldom as possible: for the index, which is small, and for the row, all of it at once.
pub(super) struct Shard {
    index: HashTable<Block>,
    order: Order,
    bytes: usize,
    budget: usize,
}

impl Shard {
    pub(super) fn new(budget: usize) -> Self {
        Shard { index: HashTable::new(), order: Order::default(), bytes: 0, budget }
    }

    pub(super) fn get(&self, hash: u64, key: Key<'_>) -> Option<&Block> {
        self.index.find(hash, |row| {
            row.prefetch();
            row.is_under(key)
        })
    }

    /// Takes `row` in, unless the one under its key was read as late; others go to make room.
    pub(super) fn insert(&mut self, key: Key<'_>, row: Block) {
        let bytes = cost(&row);
        if bytes > self.budget {
            return;
        }
        if let Ok(known) = self.index.find_entry(row.hash(), |known| known.is_under(key)) {
            if known.get().mark() >= row.mark() {
                return;
            }
            let (old, _) = known.remove();
            self.order.remove(&old);
            self.bytes -= cost(&old);
        }
        while self.bytes + bytes > self.budget && self.evict() {}
        self.bytes += bytes;
        self.index.insert_unique(row.hash(), row.clone(), Block::hash);
        self.order.push(row);
    }

    /// Lets one row go. `false` when there is none.
    fn evict(&mut self) -> bool {
        let Some(old) = self.order.evict() else { return false };
        let same = |row: &Block| row.is_same(&old);
        if let Ok(entry) = self.index.find_entry(old.hash(), same) {
            entry.remove();
        }
        self.bytes -= cost(&old);
        true
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }
}

fn cost(row: &Block) -> usize {
    row.size() + ROW_BYTES
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use foldhash::fast::FixedState;

    use super::super::key::{RowKey, TableId};
    use super::super::row::CachedRow;
    use super::*;

    fn key(key: RowKey<'_>) -> Key<'_> {
        Key { table: TableId(1), key }
    }

    fn insert(shard: &mut Shard, own: RowKey<'_>, mark: u64, body: &[u8]) {
        let row = CachedRow { version: Default::default(), expires: None, body: body.into() };
        let hash = FixedState::default().hash_one(key(own));
        shard.insert(key(own), Block::new(hash, key(own), mark, &row).unwrap());
    }

    fn get(shard: &Shard, own: RowKey<'_>) -> Option<Vec<u8>> {
        let row = shard.get(FixedState::default().hash_one(key(own)), key(own))?;
        row.visit();
        Some(row.row().body.to_vec())
    }

    #[test]
    fn keys_of_all_kinds_and_lengths_are_told_apart() {
        let mut shard = Shard::new(1 << 20);
        let texts = ["", "a", "ab", "b", "1"];
        let keys = texts.map(RowKey::Text).into_iter().chain([0, 1, -1].map(RowKey::Integer));
        for (n, key) in keys.clone().enumerate() {
            insert(&mut shard, key, 0, &[n as u8; 3]);
        }
        for (n, key) in keys.clone().enumerate() {
            assert_eq!(get(&shard, key), Some(vec![n as u8; 3]), "{key:?}");
        }
        assert_eq!(shard.len(), keys.count());
        assert_eq!(get(&shard, RowKey::Text("abb")), None);
    }

    #[test]
    fn a_row_gives_way_only_to_one_that_was_read_later() {
        let mut shard = Shard::new(1 << 20);
        let own = RowKey::Text("a");
        insert(&mut shard, own, 5, b"five");
        insert(&mut shard, own, 4, b"four");
        assert_eq!(get(&shard, own).unwrap(), b"five");
        insert(&mut shard, own, 6, b"a longer six");
        assert_eq!(get(&shard, own).unwrap(), b"a longer six");

        let mut alone = Shard::new(1 << 20);
        insert(&mut alone, own, 0, b"a longer six");
        assert_eq!((shard.len(), shard.bytes()), (1, alone.bytes()), "the first one is gone");
    }

    #[test]
    fn the_budget_holds_after_each_row_and_a_row_above_it_pushes_nothing_out() {
        let mut shard = Shard::new(10_000);
        for n in 0..2_000 {
            insert(
                &mut shard,
                RowKey::Integer(n % 300),
                n as u64,
                &vec![0; (n * 37 % 900) as usize],
            );
            assert!(shard.bytes() <= 10_000);
        }
        let before = (shard.len(), shard.bytes());
        assert!(before.0 > 5 && before.1 > 8_000, "{before:?}");
        insert(&mut shard, RowKey::Integer(-1), 0, &[0; 10_000]);
        assert_eq!((shard.len(), shard.bytes()), before);
        while shard.evict() {}
        assert_eq!((shard.len(), shard.bytes()), (0, 0));
    }

    #[test]
    fn a_scan_does_not_push_out_what_is_read_again_and_again() {
        let mut shard = Shard::new(200 * 1_000);
        for n in 0..50 {
            insert(&mut shard, RowKey::Integer(n), 0, &[0; 500]);
        }
        for n in 0..10_000 {
            insert(&mut shard, RowKey::Integer(1_000 + n), 0, &[0; 500]);
            assert!(get(&shard, RowKey::Integer(n % 50)).is_some(), "after {n} rows");
        }
    }
}
