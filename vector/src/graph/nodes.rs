//! The graph's memory: vectors, links and what is known of each node.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use headwater_primitives::{Error, ErrorKind, Result};

use super::GraphOptions;
use super::arena::Arena;
use super::places::Places;
use super::staged::Staged;
use crate::distance::{Kernel, padded};
use crate::quantize::Codes;

/// No node: links of a node end with the first of these.
pub(super) const NONE: u32 = u32::MAX;

/// Levels above the lowest; with 16 links one node in 16^15 would need more.
pub(super) const MAX_LEVEL: u8 = 15;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// Nothing; its slot may be used again.
    Free = 0,
    /// It has a vector and no links: found by looking at it.
    Staged = 1,
    /// It has links, and others have links to it.
    Linked = 2,
    /// It was removed, and others still have links to it: passed through, never found.
    Removed = 3,
    /// It was removed, and the links to it are being taken away: nothing links to it any more.
    Condemned = 4,
}

/// The nodes of a graph, each in a slot.
pub(super) struct Nodes {
    pub(super) options: GraphOptions,
    pub(super) kernel: Kernel,
    pub(super) vectors: Arena<f32>,
    /// Links in the lowest level: `2 * links` slots a node.
    pub(super) base: Arena<u32>,
    pub(super) labels: Vec<u64>,
    pub(super) states: Vec<State>,
    pub(super) levels: Vec<u8>,
    /// [`drawn`](Self::drawn) when the slot was filled.
    pub(super) stamps: Vec<u32>,
    /// Where the links of a node in the upper levels begin in `upper`, `links` slots for each level: of
    /// the few nodes that have any.
    upper_at: HashMap<u32, u32, FixedState>,
    pub(super) upper: Vec<u32>,
    /// Places in `upper` that are free, by how many levels they hold.
    pub(super) upper_free: Vec<Vec<u32>>,
    /// The vectors in fewer bytes, once a quantizer was trained.
    pub(super) codes: Option<Codes>,
    pub(super) by_label: Places,
    pub(super) free: Vec<u32>,
    pub(super) staged: Staged,
    /// The node in the highest level, where searches begin.
    pub(super) entry: Option<u32>,
    pub(super) removed: usize,
    /// Levels are drawn by this count and the seed.
    pub(super) drawn: u64,
    /// Goes up when nodes may no longer be linked to: what was planned before may name them.
    pub(super) era: u64,
}

impl Nodes {
    pub(super) fn new(options: GraphOptions) -> Self {
        Nodes {
            kernel: Kernel::of(options.metric),
            vectors: Arena::new(padded(options.dimensions)),
            base: Arena::new((2 * options.links).next_multiple_of(16)),
            labels: Vec::new(),
            states: Vec::new(),
            levels: Vec::new(),
            stamps: Vec::new(),
            upper_at: HashMap::default(),
            upper: Vec::new(),
            upper_free: Vec::new(),
            codes: None,
            by_label: Places::default(),
            free: Vec::new(),
            staged: Staged::default(),
            entry: None,
            removed: 0,
            drawn: 0,
            era: 0,
            options,
        }
    }

    /// Slots, in use or free.
    pub(super) fn slots(&self) -> usize {
        self.labels.len()
    }

    /// Nodes that can be found.
    pub(super) fn len(&self) -> usize {
        self.by_label.len()
    }

    #[inline]
    pub(super) fn vector(&self, slot: u32) -> &[f32] {
        self.vectors.get(slot)
    }

    /// The links of a node in a level, up to the first [`NONE`].
    #[inline]
    pub(super) fn links(&self, slot: u32, level: u8) -> &[u32] {
        let links = self.link_places(slot, level);
        let end = links.iter().position(|link| *link == NONE).unwrap_or(links.len());
        &links[..end]
    }

    /// The places of a node's links in a level.
    #[inline]
    pub(super) fn link_places(&self, slot: u32, level: u8) -> &[u32] {
        if level == 0 {
            return &self.base.get(slot)[..2 * self.options.links];
        }
        let links = self.options.links;
        let at = self.upper_place(slot, level);
        &self.upper[at..at + links]
    }

    fn upper_place(&self, slot: u32, level: u8) -> usize {
        self.upper_at[&slot] as usize + usize::from(level - 1) * self.options.links
    }

    pub(super) fn set_links(&mut self, slot: u32, level: u8, links: &[u32]) {
        let places = self.link_places_mut(slot, level);
        places[..links.len()].copy_from_slice(links);
        places[links.len()..].fill(NONE);
    }

    /// The places of a node's links in a level, to write to.
    pub(super) fn link_places_mut(&mut self, slot: u32, level: u8) -> &mut [u32] {
        let links = self.options.links;
        if level == 0 {
            return &mut self.base.get_mut(slot)[..2 * links];
        }
        let at = self.upper_place(slot, level);
        &mut self.upper[at..at + links]
    }

    /// How many links a node may have in a level.
    pub(super) fn capacity(&self, level: u8) -> usize {
        if level == 0 { 2 * self.options.links } else { self.options.links }
    }

    /// Gives a vector a slot under `label`; what was under it is removed. The node is found from now
    /// on, by being looked at, until it is linked.
    pub(super) fn stage(&mut self, label: u64, vector: &[f32]) -> Result<u32> {
        // What may fail comes before anything changes.
        if self.free.is_empty() {
            let slot = self.grow()?;
            self.free.push(slot);
        }
        self.remove(label);
        let slot = self.free.pop().ok_or_else(|| Error::corrupt("a graph lost a free slot"))?;
        let at = slot as usize;
        let places = self.vectors.get_mut(slot);
        places[..vector.len()].copy_from_slice(vector);
        places[vector.len()..].fill(0.0);
        self.base.get_mut(slot).fill(NONE);
        self.labels[at] = label;
        self.states[at] = State::Staged;
        let level = self.draw_level();
        self.stamps[at] = self.drawn as u32;
        self.set_level(slot, level);
        self.by_label.insert(label, slot);
        self.staged.push(slot);
        self.set_code(slot)?;
        Ok(slot)
    }

    /// [`stage`](Self::stage) of `vector` times `scale`.
    pub(super) fn stage_scaled(&mut self, label: u64, vector: &[f32], scale: f64) -> Result<u32> {
        if scale == 1.0 {
            return self.stage(label, vector);
        }
        self.stage(label, &super::scaled(vector, scale))
    }

    /// Whether `vector` times `scale` is what is under `label`.
    pub(super) fn has(&self, label: u64, vector: &[f32], scale: f64) -> bool {
        let same = |(there, number): (&f32, &f32)| {
            let scaled = if scale == 1.0 { *number } else { (f64::from(*number) * scale) as f32 };
            there.to_bits() == scaled.to_bits()
        };
        let slot = self.by_label.get(label);
        slot.is_some_and(|slot| self.vector(slot).iter().zip(vector).all(same))
    }

    /// Removes what is under `label`; whether there was anything.
    pub(super) fn remove(&mut self, label: u64) -> bool {
        let Some(slot) = self.by_label.remove(label) else { return false };
        self.clear_code(slot);
        if self.states[slot as usize] == State::Staged {
            self.staged.remove(slot);
            self.release(slot);
        } else {
            self.states[slot as usize] = State::Removed;
            self.removed += 1;
        }
        true
    }

    /// Makes the slot of a node that nothing leads to free.
    pub(super) fn release(&mut self, slot: u32) {
        let at = slot as usize;
        self.states[at] = State::Free;
        if let Some(upper) = self.upper_at.remove(&slot) {
            let level = usize::from(std::mem::take(&mut self.levels[at]));
            if self.upper_free.len() <= level {
                self.upper_free.resize_with(level + 1, Vec::new);
            }
            self.upper_free[level].push(upper);
        }
        self.free.push(slot);
    }

    pub(super) fn grow(&mut self) -> Result<u32> {
        let slots = self.slots();
        if slots >= (NONE >> 1) as usize {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("a graph holds at most {} vectors", NONE >> 1),
            ));
        }
        self.vectors.reserve(slots + 1)?;
        self.base.reserve(slots + 1)?;
        self.labels.push(0);
        self.states.push(State::Free);
        self.levels.push(0);
        self.stamps.push(0);
        Ok(slots as u32)
    }

    /// Gives a node of the lowest level its highest one, with room for its links.
    pub(super) fn set_level(&mut self, slot: u32, level: u8) {
        self.levels[slot as usize] = level;
        if level == 0 {
            return;
        }
        let links = self.options.links * usize::from(level);
        let free = self.upper_free.get_mut(usize::from(level)).and_then(Vec::pop);
        let at = free.unwrap_or_else(|| {
            let at = self.upper.len();
            self.upper.resize(at + links, NONE);
            at as u32
        });
        self.upper[at as usize..at as usize + links].fill(NONE);
        self.upper_at.insert(slot, at);
    }

    /// A level by an exponential distribution, in which each has `1 / links` of the nodes below it.
    fn draw_level(&mut self) -> u8 {
        self.drawn += 1;
        let random = splitmix(self.options.seed ^ self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let uniform = ((random >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
        let level = -uniform.ln() / (self.options.links as f64).ln();
        (level as u64).min(u64::from(MAX_LEVEL)) as u8
    }

    /// Bytes held, without the vectors themselves.
    pub(super) fn bytes_beside_vectors(&self) -> usize {
        let slots = self.slots();
        let base = (2 * self.options.links).next_multiple_of(16) * size_of::<u32>() * slots;
        let fixed = size_of::<u64>() + size_of::<State>() + size_of::<u8>() + size_of::<u32>();
        base + self.labels.capacity() * fixed
            + self.upper_at.capacity() * (2 * size_of::<u32>() + 1)
            + self.upper.capacity() * size_of::<u32>()
            + self.by_label.bytes()
    }
}

/// A pseudo-random number from a number (Steele, Lea, Flood 2014).
pub(super) fn splitmix(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
