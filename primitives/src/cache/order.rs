//! The order in which rows came, and which one goes: the SIEVE algorithm.

use super::row::Block;

const NONE: u32 = u32::MAX;

/// Rows from the oldest to the newest, and a hand that looks for one to let go.
///
/// Source: Zhang, Yang, Yue, Vigfusson, Rashmi: "SIEVE is Simpler than LRU", NSDI 2024. The hand goes
/// from old to new; it spares a row that was visited since it last came by, and stays where it has
/// taken one. A hit moves nothing, so readers need no exclusive lock, and rows that a scan brings in
/// and nobody visits go before those that are visited.
pub(super) struct Order {
    nodes: Vec<Node>,
    /// The first unused node; the others follow over `newer`.
    unused: u32,
    oldest: u32,
    newest: u32,
    /// Where the hand looks next; `NONE` means at the oldest.
    hand: u32,
}

pub(super) const NODE_BYTES: usize = size_of::<Node>();

struct Node {
    row: Option<Block>,
    older: u32,
    newer: u32,
}

impl Default for Order {
    fn default() -> Self {
        Order { nodes: Vec::new(), unused: NONE, oldest: NONE, newest: NONE, hand: NONE }
    }
}

impl Order {
    /// Takes `row` in as the newest.
    pub(super) fn push(&mut self, row: Block) {
        let place = match self.unused {
            NONE => {
                self.nodes.push(Node { row: None, older: NONE, newer: NONE });
                // One row takes more than a hundred bytes: 2^32 of them do not fit a shard.
                self.nodes.len() as u32 - 1
            }
            unused => {
                self.unused = self.nodes[unused as usize].newer;
                unused
            }
        };
        row.set_place(place);
        self.nodes[place as usize] = Node { row: Some(row), older: self.newest, newer: NONE };
        match self.newest {
            NONE => self.oldest = place,
            newest => self.nodes[newest as usize].newer = place,
        }
        self.newest = place;
    }

    /// Lets `row` go, wherever it stands.
    pub(super) fn remove(&mut self, row: &Block) {
        self.unlink(row.place());
    }

    /// Lets the row go whose turn it is.
    pub(super) fn evict(&mut self) -> Option<Block> {
        let mut place = if self.hand == NONE { self.oldest } else { self.hand };
        loop {
            let node = self.nodes.get(place as usize)?;
            // All are unvisited after one round, since nobody reads while this runs.
            if !node.row.as_ref()?.take_visited() {
                break;
            }
            place = if node.newer == NONE { self.oldest } else { node.newer };
        }
        self.hand = place;
        self.unlink(place)
    }

    fn unlink(&mut self, place: u32) -> Option<Block> {
        let node = self.nodes.get_mut(place as usize)?;
        let row = node.row.take()?;
        let (older, newer) = (node.older, node.newer);
        node.newer = self.unused;
        self.unused = place;
        match older {
            NONE => self.oldest = newer,
            older => self.nodes[older as usize].newer = newer,
        }
        match newer {
            NONE => self.newest = older,
            newer => self.nodes[newer as usize].older = older,
        }
        if self.hand == place {
            self.hand = newer;
        }
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::key::{Key, RowKey, TableId};
    use super::super::row::CachedRow;
    use super::*;

    fn row(key: i64) -> Block {
        let key = Key { table: TableId(1), key: RowKey::Integer(key) };
        let row = CachedRow { version: Default::default(), expires: None, body: (&b""[..]).into() };
        Block::new(0, key, 0, &row).unwrap()
    }

    /// SIEVE as its paper has it, on a list: keys and whether they were visited, oldest first.
    #[derive(Default)]
    struct Model {
        rows: Vec<(i64, bool)>,
        hand: Option<i64>,
    }

    impl Model {
        fn at(&self, key: i64) -> usize {
            self.rows.iter().position(|row| row.0 == key).unwrap()
        }

        fn remove(&mut self, key: i64) {
            let at = self.at(key);
            if self.hand == Some(key) {
                self.hand = self.rows.get(at + 1).map(|row| row.0);
            }
            self.rows.remove(at);
        }

        fn evict(&mut self) -> Option<i64> {
            let mut at = self.hand.map_or(0, |key| self.at(key));
            while self.rows.get(at)?.1 {
                self.rows[at].1 = false;
                at = (at + 1) % self.rows.len();
            }
            let key = self.rows[at].0;
            self.hand = Some(key);
            self.remove(key);
            Some(key)
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Push,
        Visit(usize),
        Remove(usize),
        Evict,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => Just(Step::Push),
            4 => any::<usize>().prop_map(Step::Visit),
            1 => any::<usize>().prop_map(Step::Remove),
            2 => Just(Step::Evict),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn the_row_that_goes_is_the_one_that_the_paper_names(
            steps in prop::collection::vec(step(), 1..200),
        ) {
            let (mut order, mut model) = (Order::default(), Model::default());
            let mut held: Vec<(i64, Block)> = Vec::new();
            for (key, step) in steps.into_iter().enumerate() {
                let key = key as i64;
                match step {
                    Step::Push => {
                        held.push((key, row(key)));
                        order.push(held[held.len() - 1].1.clone());
                        model.rows.push((key, false));
                    }
                    Step::Visit(at) if !held.is_empty() => {
                        let (key, row) = &held[at % held.len()];
                        row.visit();
                        let at = model.at(*key);
                        model.rows[at].1 = true;
                    }
                    Step::Remove(at) if !held.is_empty() => {
                        let (key, row) = held.swap_remove(at % held.len());
                        order.remove(&row);
                        model.remove(key);
                    }
                    Step::Evict => {
                        let gone = order.evict();
                        let at = held.iter().position(|(_, row)| {
                            gone.as_ref().is_some_and(|gone| gone.is_same(row))
                        });
                        prop_assert_eq!(at.map(|at| held.swap_remove(at).0), model.evict());
                    }
                    Step::Visit(_) | Step::Remove(_) => {}
                }
            }
        }
    }
}
