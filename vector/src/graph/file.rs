//! A graph as bytes: written while it is in use, read back and checked.
//!
//! See `docs/formats.md`, "Vector graph".

use std::io::{Read, Write};

use headwater_cdc::Position;
use headwater_primitives::{Error, Result, Sequence};

use super::nodes::{MAX_LEVEL, NONE, Nodes, State};
use super::parts::{Fields, metric_code, metric_of, read_part, write_part};
use super::{Graph, GraphOptions};

const MAGIC: &[u8; 8] = b"HWGRAPH\0";
const VERSION: u32 = 1;
/// Nodes written at once: for so long others wait that insert.
const STEP: usize = 2048;
/// Bytes of the head, without its checksum.
const HEAD: usize = 76;

impl Graph {
    /// Writes the graph. Others may go on using it: what they change meanwhile may be in the bytes or
    /// not, so `applied` has to be what was in the graph before the call, and what came later has to be
    /// applied again after loading. Waits for a repair that runs.
    ///
    /// Cost: one pass over the graph.
    ///
    /// # Errors
    /// What `out` fails with.
    pub fn save(&self, out: &mut impl Write, applied: Position) -> Result<()> {
        let _turn = self.repairing.lock();
        let kept = Kept::of(&self.read());
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&VERSION.to_le_bytes());
        for number in [
            self.options.dimensions as u32,
            metric_code(self.options.metric),
            self.options.links as u32,
            self.options.candidates as u32,
        ] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        let slots = kept.states.len();
        for number in
            [self.options.seed, applied.epoch, applied.sequence.0, kept.drawn, slots as u64]
        {
            head.extend_from_slice(&number.to_le_bytes());
        }
        head.extend_from_slice(&kept.entry.to_le_bytes());
        head.extend_from_slice(&u32::from(!kept.stamps.is_empty()).to_le_bytes());
        write_part(out, &head)?;
        let mut part = Vec::new();
        for start in (0..slots).step_by(STEP) {
            let end = (start + STEP).min(slots);
            part.clear();
            {
                let nodes = self.read();
                for slot in start..end {
                    kept.append(&nodes, slot as u32, &mut part);
                }
            }
            write_part(out, &part)?;
        }
        if !kept.stamps.is_empty() {
            write_part(out, &self.codes_since(&kept.stamps))?;
        }
        Ok(())
    }

    /// What [`save`](Self::save) was told to have been applied; the rest is not read.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub(crate) fn applied(input: &mut impl Read) -> Result<Position> {
        Ok(Head::read(input)?.applied)
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// `Corrupt` when the bytes are not a whole graph; `NewerVersion`; what `input` fails with.
    pub fn load(input: &mut impl Read) -> Result<(Graph, Position)> {
        let Head { options, applied, drawn, slots, entry, has_codes } = Head::read(input)?;
        let mut nodes = Nodes::new(options);
        nodes.drawn = drawn;
        if slots > u64::from(NONE >> 1) {
            return Err(Error::corrupt("the vector graph claims too many nodes"));
        }
        let slots = slots as usize;
        for start in (0..slots).step_by(STEP) {
            let count = STEP.min(slots - start);
            // What the nodes say about their length is held against the rest of the part.
            let part = read_part(input, part_limit(&options, count))?;
            let mut fields = Fields(&part);
            for _ in 0..count {
                nodes.take(&mut fields)?;
            }
            fields.end()?;
        }
        nodes.check_links();
        if has_codes {
            nodes.take_codes(&read_part(input, codes_limit(&options, slots))?)?;
        }
        let usable =
            |slot: &u32| nodes.states.get(*slot as usize).is_some_and(|state| is_linked(*state));
        nodes.entry = Some(entry).filter(usable).or_else(|| {
            let linked = (0..slots as u32).filter(usable);
            linked.max_by_key(|slot| nodes.levels[*slot as usize])
        });
        Ok((Graph::from_nodes(nodes), applied))
    }
}

/// What a graph's first part says.
struct Head {
    options: GraphOptions,
    applied: Position,
    drawn: u64,
    slots: u64,
    entry: u32,
    has_codes: bool,
}

impl Head {
    fn read(input: &mut impl Read) -> Result<Head> {
        let part = read_part(input, HEAD)?;
        let mut head = Fields(&part);
        if head.take::<8>()? != *MAGIC {
            return Err(Error::corrupt("the file is no vector graph"));
        }
        let version = head.u32()?;
        if version != VERSION {
            return Err(Error::new(
                headwater_primitives::ErrorKind::NewerVersion,
                format!("the vector graph has format {version}, and this code knows {VERSION}"),
            ));
        }
        let dimensions = head.u32()? as usize;
        let metric = metric_of(head.u32()?)?;
        let (links, candidates) = (head.u32()? as usize, head.u32()? as usize);
        let seed = head.u64()?;
        let options = GraphOptions { dimensions, metric, links, candidates, seed };
        options.check().map_err(|error| Error::corrupt(error.to_string()))?;
        let applied = Position { epoch: head.u64()?, sequence: Sequence(head.u64()?) };
        let (drawn, slots, entry) = (head.u64()?, head.u64()?, head.u32()?);
        let has_codes = head.u32()? != 0;
        Ok(Head { options, applied, drawn, slots, entry, has_codes })
    }
}

/// What must be of one moment, while the rest is written step by step.
struct Kept {
    labels: Vec<u64>,
    states: Vec<State>,
    levels: Vec<u8>,
    entry: u32,
    drawn: u64,
    /// The stamps of the slots; none when there are no codes to be written.
    stamps: Vec<Option<u32>>,
}

impl Kept {
    fn of(nodes: &Nodes) -> Kept {
        Kept {
            labels: nodes.labels.clone(),
            states: nodes.states.clone(),
            levels: nodes.levels.clone(),
            entry: nodes.entry.unwrap_or(NONE),
            drawn: nodes.drawn,
            stamps: match nodes.codes {
                Some(_) => (0..nodes.slots() as u32).map(|slot| nodes.stamp(slot)).collect(),
                None => Vec::new(),
            },
        }
    }

    fn append(&self, nodes: &Nodes, slot: u32, out: &mut Vec<u8>) {
        let at = slot as usize;
        let state = self.states[at];
        // A slot that was used again meanwhile may have fewer levels.
        let level = self.levels[at].min(nodes.levels[at]);
        out.push(state as u8);
        if state == State::Free {
            return;
        }
        out.push(level);
        out.extend_from_slice(&self.labels[at].to_le_bytes());
        let vector = &nodes.vector(slot)[..nodes.options.dimensions];
        out.extend_from_slice(bytemuck::cast_slice(vector));
        if state == State::Staged {
            return;
        }
        for level in 0..=level {
            let links = nodes.links(slot, level);
            out.push(links.len() as u8);
            out.extend_from_slice(bytemuck::cast_slice(links));
        }
    }
}

impl Nodes {
    /// Takes up one node.
    fn take(&mut self, fields: &mut Fields<'_>) -> Result<()> {
        let damaged = |what: &str| Error::corrupt(format!("a node of the vector graph {what}"));
        let slot = self.grow()?;
        let at = slot as usize;
        let state = match fields.u8()? {
            0 => State::Free,
            1 => State::Staged,
            2 => State::Linked,
            // A repair that was going on is begun anew.
            3 | 4 => State::Removed,
            _ => return Err(damaged("has an unknown state")),
        };
        if state == State::Free {
            self.free.push(slot);
            return Ok(());
        }
        let level = fields.u8()?;
        if level > MAX_LEVEL {
            return Err(damaged("has a level that there is not"));
        }
        let label = fields.u64()?;
        let dimensions = self.options.dimensions;
        let bytes = fields.slice(dimensions * size_of::<f32>())?;
        for (place, bytes) in self.vectors.get_mut(slot).iter_mut().zip(bytes.chunks_exact(4)) {
            *place = f32::from_le_bytes(bytes.try_into().unwrap_or_default());
        }
        self.base.get_mut(slot).fill(NONE);
        self.labels[at] = label;
        self.states[at] = state;
        self.set_level(slot, level);
        match state {
            State::Staged => self.staged.push(slot),
            State::Removed => self.removed += 1,
            _ => {}
        }
        if state != State::Removed && self.by_label.insert(label, slot).is_some() {
            return Err(damaged("has the label of another"));
        }
        if state == State::Staged {
            return Ok(());
        }
        let mut links = Vec::new();
        for level in 0..=level {
            let count = usize::from(fields.u8()?);
            if count > self.capacity(level) {
                return Err(damaged("has too many links"));
            }
            links.clear();
            let bytes = fields.slice(count * size_of::<u32>())?;
            let link = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap_or_default());
            links.extend(bytes.chunks_exact(4).map(link));
            self.set_links(slot, level, &links);
        }
        Ok(())
    }

    /// Takes away links to nodes that are not in the graph, or not in the link's level: nodes that
    /// came while it was written.
    fn check_links(&mut self) {
        let mut kept = Vec::new();
        for slot in 0..self.slots() as u32 {
            if !is_linked(self.states[slot as usize]) {
                continue;
            }
            for level in 0..=self.levels[slot as usize] {
                let links = self.links(slot, level);
                let good = |link: &u32| {
                    let target = *link as usize;
                    target < self.slots()
                        && is_linked(self.states[target])
                        && self.levels[target] >= level
                        && *link != slot
                };
                kept.clear();
                kept.extend(links.iter().copied().filter(good));
                if kept.len() < links.len() {
                    self.set_links(slot, level, &kept);
                }
            }
        }
    }
}

fn is_linked(state: State) -> bool {
    matches!(state, State::Linked | State::Removed)
}

/// The most bytes that codes of so many slots take.
fn codes_limit(options: &GraphOptions, slots: usize) -> usize {
    const HEAD: usize = 64;
    // What a quantizer has learnt: a product quantizer's 256 centroids take most.
    let learnt = options.dimensions.saturating_mul(256 * size_of::<f32>() + 16);
    let code = options.dimensions + 16;
    HEAD.saturating_add(learnt).saturating_add(slots.saturating_mul(code + 1))
}

/// The most bytes that `count` nodes take.
fn part_limit(options: &GraphOptions, count: usize) -> usize {
    let links = 2 * options.links + usize::from(MAX_LEVEL) * options.links;
    let node = 2 + 8 + options.dimensions * 4 + usize::from(MAX_LEVEL) + 1 + links * 4;
    node * count
}
