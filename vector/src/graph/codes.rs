//! Compressed codes of the graph's vectors, for the first stage of a search.

use headwater_primitives::{Error, Result};

use super::nodes::{Nodes, State};
use super::scratch::Scratch;
use super::{Graph, Neighbor};
use crate::quantize::{Codes, Compression};
use crate::row_set::RowSet;

/// Vectors that a quantizer is trained on, at most.
const SAMPLE: usize = 10_000;
/// Product quantization takes as many.
const LEAST: usize = 256;
/// Vectors encoded while others wait that insert.
const STEP: usize = 1024;

impl Graph {
    /// Whether there are enough vectors to train a quantizer on.
    pub(crate) fn can_train(&self) -> bool {
        self.len() >= LEAST
    }

    /// Trains a quantizer on a sample of the vectors and encodes all of them; from then on the codes
    /// are kept up with every change. Others go on meanwhile.
    ///
    /// # Errors
    /// As [`Codes::train`].
    pub(crate) fn train(&self, compression: Compression) -> Result<()> {
        let (metric, dimensions) = (self.options.metric, self.options.dimensions);
        let sample = self.read().sample(SAMPLE);
        let trained = Codes::train(compression, metric, dimensions, &sample, self.options.seed)?;
        let Some(mut codes) = trained else { return Ok(()) };
        let mut encoded: Vec<Option<u32>> = Vec::new();
        loop {
            let start = encoded.len();
            {
                let nodes = self.read();
                for slot in start..(start + STEP).min(nodes.slots()) {
                    encoded.push(nodes.encode(&mut codes, slot as u32)?);
                }
            }
            if encoded.len() == start {
                break;
            }
        }
        let mut nodes = self.write();
        // What changed since it was encoded; a slot may have another vector under the same label.
        for slot in 0..nodes.slots() {
            let now = nodes.stamp(slot as u32);
            if encoded.get(slot).copied().flatten() != now {
                nodes.encode(&mut codes, slot as u32)?;
            }
        }
        nodes.codes = Some(codes);
        Ok(())
    }

    /// Forgets codes of another compression than this one.
    pub(crate) fn keep_codes_of(&self, compression: Compression) {
        self.write().codes.take_if(|codes| codes.compression() != compression);
    }

    /// The codes as bytes, without those of slots that have other stamps by now. No bytes when there are no
    /// codes any more.
    pub(super) fn codes_since(&self, stamps: &[Option<u32>]) -> Vec<u8> {
        let (codes, now) = {
            let nodes = self.read();
            let now: Vec<_> = (0..nodes.slots() as u32).map(|slot| nodes.stamp(slot)).collect();
            (nodes.codes.clone(), now)
        };
        let Some(mut codes) = codes else { return Vec::new() };
        for slot in (0..codes.slots()).filter(|slot| now.get(*slot) != stamps.get(*slot)) {
            codes.clear(slot as u32);
        }
        codes.save()
    }

    /// Bytes of each vector's code; `None` while there are no codes.
    pub(crate) fn code_bytes(&self) -> Option<usize> {
        self.read().codes.as_ref().map(Codes::bytes_per_vector)
    }

    /// The `k` vectors nearest to `query` among the `keep` that seem nearest by their codes. `None`
    /// while there are no codes.
    ///
    /// Cost: a look at the code of each vector.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub(crate) fn scan_codes(
        &self,
        query: &[f32],
        k: usize,
        keep: usize,
        accept: Option<&RowSet>,
    ) -> Result<Option<Vec<Neighbor>>> {
        self.with_query(query, |nodes, query, scratch| {
            nodes.scan_codes(query, k, keep.max(k), accept, scratch)
        })?
    }
}

impl Nodes {
    /// Up to `most` vectors from all over the graph, one after the other.
    fn sample(&self, most: usize) -> Vec<f32> {
        let step = self.slots().div_ceil(most).max(1);
        let live = (0..self.slots() as u32).step_by(step).filter(|slot| self.is_live(*slot));
        let vectors = live.map(|slot| &self.vector(slot)[..self.options.dimensions]);
        vectors.flatten().copied().collect()
    }

    /// Puts the code of a slot's vector into `codes`, or takes it out. The slot's stamp.
    fn encode(&self, codes: &mut Codes, slot: u32) -> Result<Option<u32>> {
        if self.is_live(slot) {
            codes.set(slot, &self.vector(slot)[..self.options.dimensions])?;
        } else if (slot as usize) < codes.slots() {
            codes.clear(slot);
        }
        Ok(self.stamp(slot))
    }

    /// Takes up codes that were saved after the nodes were, which may have changed between.
    pub(super) fn take_codes(&mut self, saved: &[u8]) -> Result<()> {
        if saved.is_empty() {
            return Ok(());
        }
        let mut codes = Codes::load(saved)?;
        if codes.dimensions() != self.options.dimensions || codes.metric() != self.options.metric {
            return Err(Error::corrupt("the codes of the vector graph are of other vectors"));
        }
        for slot in 0..self.slots().max(codes.slots()) as u32 {
            let is_live = (slot as usize) < self.slots() && self.is_live(slot);
            if is_live && !codes.contains(slot) {
                codes.set(slot, &self.vector(slot)[..self.options.dimensions])?;
            } else if !is_live && codes.contains(slot) {
                codes.clear(slot);
            }
        }
        self.codes = Some(codes);
        Ok(())
    }

    /// What is in a slot, told apart from what was and will be in it; `None` when nothing is.
    pub(super) fn stamp(&self, slot: u32) -> Option<u32> {
        self.is_live(slot).then(|| self.stamps[slot as usize])
    }

    fn scan_codes(
        &self,
        query: &[f32],
        k: usize,
        keep: usize,
        accept: Option<&RowSet>,
        scratch: &mut Scratch,
    ) -> Result<Option<Vec<Neighbor>>> {
        let Some(codes) = &self.codes else { return Ok(None) };
        let accepts = |slot: u32| match accept {
            // Codes of removed nodes are taken out with them.
            None => true,
            Some(accept) => accept.contains(self.labels[slot as usize]),
        };
        let found = codes.scan(&query[..self.options.dimensions], keep, accepts)?;
        let Scratch { pool, batch, .. } = scratch;
        batch.clear();
        batch.extend(found.iter().map(|found| found.slot));
        pool.reset(k);
        self.each_distance(query, batch, |slot, distance| pool.push(distance, slot));
        Ok(Some(self.answer(pool.as_slice(), k)))
    }

    /// Keeps the codes up with a slot that has just been filled.
    pub(super) fn set_code(&mut self, slot: u32) -> Result<()> {
        debug_assert_eq!(self.states[slot as usize], State::Staged);
        let dimensions = self.options.dimensions;
        if let Some(codes) = &mut self.codes {
            codes.set(slot, &self.vectors.get(slot)[..dimensions])?;
        }
        Ok(())
    }

    /// Keeps the codes up with a node that is no more.
    pub(super) fn clear_code(&mut self, slot: u32) {
        if let Some(codes) = &mut self.codes {
            codes.clear(slot);
        }
    }
}
