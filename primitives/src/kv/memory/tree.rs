//! A persistent ordered map: an AVL tree whose clones share what they have in common.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::kv::{Direction, Entry, KeyRange};

/// A map from keys to values in key order. A clone is O(1) and never sees later changes of the
/// original; a change copies only the nodes on its path that a clone still shares.
#[derive(Clone, Default)]
pub(super) struct Tree {
    root: Link,
}

type Link = Option<Arc<Node>>;

#[derive(Clone)]
struct Node {
    key: Arc<[u8]>,
    value: Arc<[u8]>,
    height: u8,
    left: Link,
    right: Link,
}

impl Tree {
    /// Cost: O(log n).
    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let mut link = &self.root;
        while let Some(node) = link {
            link = match key.cmp(&node.key) {
                Ordering::Less => &node.left,
                Ordering::Greater => &node.right,
                Ordering::Equal => return Some(&node.value),
            };
        }
        None
    }

    /// Cost: O(log n).
    pub(super) fn put(&mut self, key: &[u8], value: &[u8]) {
        insert(&mut self.root, key, value);
    }

    /// Cost: O(log n). A key that is not there copies nothing.
    pub(super) fn delete(&mut self, key: &[u8]) {
        if self.get(key).is_some() {
            remove(&mut self.root, key);
        }
    }

    /// Walks this version of the tree; it may change meanwhile. Cost: O(log n), then O(1) amortised
    /// per entry.
    pub(super) fn walk(self, range: KeyRange, direction: Direction) -> Walk {
        let mut walk = Walk { range, direction, pending: Vec::new() };
        if !walk.range.is_empty() {
            walk.descend(self.root);
        }
        walk
    }
}

/// The entries of a range of one version of a [`Tree`].
pub(super) struct Walk {
    range: KeyRange,
    direction: Direction,
    /// Nodes inside the near bound whose entry and far side are still to come; the next one last.
    pending: Vec<Arc<Node>>,
}

impl Walk {
    /// Queues the near edge of a subtree, leaving out what lies before the range.
    fn descend(&mut self, mut link: Link) {
        while let Some(node) = link {
            let (near, far) = node.children(self.direction);
            if self.range.reached(&node.key, self.direction) {
                link = near.clone();
                self.pending.push(node);
            } else {
                link = far.clone();
            }
        }
    }
}

impl Iterator for Walk {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let node = self.pending.pop()?;
        if !self.range.contains(&node.key) {
            self.pending.clear();
            return None;
        }
        self.descend(node.children(self.direction).1.clone());
        Some((node.key.to_vec(), node.value.to_vec()))
    }
}

impl KeyRange {
    /// Whether a scan in `direction` that meets `key` has entered the range.
    fn reached(&self, key: &[u8], direction: Direction) -> bool {
        match direction {
            Direction::Forward => key >= self.start(),
            Direction::Backward => self.end().is_none_or(|end| key < end),
        }
    }
}

impl Node {
    fn leaf(key: &[u8], value: &[u8]) -> Self {
        Node { key: key.into(), value: value.into(), height: 1, left: None, right: None }
    }

    /// The subtrees before and after this node in scan order.
    fn children(&self, direction: Direction) -> (&Link, &Link) {
        match direction {
            Direction::Forward => (&self.left, &self.right),
            Direction::Backward => (&self.right, &self.left),
        }
    }

    fn measure(&mut self) {
        self.height = 1 + height(&self.left).max(height(&self.right));
    }

    fn leans(&self) -> Ordering {
        match i16::from(height(&self.left)) - i16::from(height(&self.right)) {
            ..-1 => Ordering::Greater,
            -1..=1 => Ordering::Equal,
            2.. => Ordering::Less,
        }
    }
}

fn height(link: &Link) -> u8 {
    link.as_ref().map_or(0, |node| node.height)
}

fn insert(link: &mut Link, key: &[u8], value: &[u8]) {
    let Some(shared) = link else {
        *link = Some(Arc::new(Node::leaf(key, value)));
        return;
    };
    let node = Arc::make_mut(shared);
    match key.cmp(&node.key) {
        Ordering::Less => insert(&mut node.left, key, value),
        Ordering::Greater => insert(&mut node.right, key, value),
        Ordering::Equal => {
            node.value = value.into();
            return;
        }
    }
    rebalance(link);
}

fn remove(link: &mut Link, key: &[u8]) {
    let Some(shared) = link else { return };
    let node = Arc::make_mut(shared);
    match key.cmp(&node.key) {
        Ordering::Less => remove(&mut node.left, key),
        Ordering::Greater => remove(&mut node.right, key),
        Ordering::Equal => {
            let (left, right) = (node.left.take(), node.right.take());
            *link = join(left, right);
        }
    }
    rebalance(link);
}

/// One tree out of the two sides of a removed node.
fn join(left: Link, mut right: Link) -> Link {
    let Some(mut first) = take_first(&mut right) else {
        return left;
    };
    let node = Arc::make_mut(&mut first);
    node.left = left;
    node.right = right;
    Some(first)
}

/// Takes the node with the smallest key out of a subtree, without its children.
fn take_first(link: &mut Link) -> Link {
    let node = Arc::make_mut(link.as_mut()?);
    if node.left.is_none() {
        let right = node.right.take();
        return std::mem::replace(link, right);
    }
    let first = take_first(&mut node.left);
    rebalance(link);
    first
}

/// Restores the height of a node whose subtrees are balanced and differ by at most two levels.
fn rebalance(link: &mut Link) {
    let Some(shared) = link else { return };
    let node = Arc::make_mut(shared);
    node.measure();
    match node.leans() {
        Ordering::Equal => {}
        Ordering::Less => {
            if node.left.as_ref().is_some_and(|left| height(&left.right) > height(&left.left)) {
                rotate_left(&mut node.left);
            }
            rotate_right(link);
        }
        Ordering::Greater => {
            if node.right.as_ref().is_some_and(|right| height(&right.left) > height(&right.right)) {
                rotate_right(&mut node.right);
            }
            rotate_left(link);
        }
    }
}

/// Lifts the left child above its parent.
fn rotate_right(link: &mut Link) {
    let Some(mut parent) = link.take() else {
        return;
    };
    let node = Arc::make_mut(&mut parent);
    let Some(mut child) = node.left.take() else {
        *link = Some(parent);
        return;
    };
    let lifted = Arc::make_mut(&mut child);
    node.left = lifted.right.take();
    node.measure();
    lifted.right = Some(parent);
    lifted.measure();
    *link = Some(child);
}

/// Lifts the right child above its parent.
fn rotate_left(link: &mut Link) {
    let Some(mut parent) = link.take() else {
        return;
    };
    let node = Arc::make_mut(&mut parent);
    let Some(mut child) = node.right.take() else {
        *link = Some(parent);
        return;
    };
    let lifted = Arc::make_mut(&mut child);
    node.right = lifted.left.take();
    node.measure();
    lifted.left = Some(parent);
    lifted.measure();
    *link = Some(child);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(link: &Link) -> u8 {
        let Some(node) = link else { return 0 };
        let (left, right) = (check(&node.left), check(&node.right));
        assert!(left.abs_diff(right) <= 1, "unbalanced: {left} against {right}");
        assert_eq!(node.height, 1 + left.max(right));
        node.height
    }

    #[test]
    fn the_tree_stays_balanced_through_inserts_and_deletes() {
        let mut tree = Tree::default();
        let keys: Vec<[u8; 2]> = (0..2000u16).map(u16::to_be_bytes).collect();
        for key in &keys {
            tree.put(key, key);
        }
        assert!(check(&tree.root) <= 13);
        for (index, key) in keys.iter().enumerate() {
            if index % 3 != 0 {
                tree.delete(key);
                check(&tree.root);
            }
        }
        let left = tree.walk(KeyRange::all(), Direction::Backward).count();
        assert_eq!(left, keys.len().div_ceil(3));
    }

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let mut tree = Tree::default();
        tree.put(b"a", b"1");
        tree.put(b"b", b"2");
        let before = tree.clone();
        tree.put(b"a", b"changed");
        tree.delete(b"b");
        assert_eq!(before.get(b"a"), Some(&b"1"[..]));
        assert_eq!(before.get(b"b"), Some(&b"2"[..]));
    }
}
