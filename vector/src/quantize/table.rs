//! Codes of many vectors, one after the other by slot, and the scan over them.

use headwater_primitives::{Error, Result};

use super::codec::Codec;
use super::nearest::{Candidate, Nearest};

/// Slots whose distances are estimated at once: their estimates stay in the first cache.
const BLOCK: usize = 256;

/// The codes of the vectors in slots `0..slots()`, some of which may be empty.
///
/// ```
/// use headwater_vector::Metric;
/// use headwater_vector::quantize::{CodeTable, Int8};
///
/// let vectors = [[1.0, 0.0], [0.0, 1.0], [0.7, 0.7]];
/// let mut table = CodeTable::new(Int8::train(Metric::Cosine, 2, vectors.as_flattened())?);
/// for (slot, vector) in vectors.iter().enumerate() {
///     table.set(slot as u32, vector)?;
/// }
/// let nearest = table.scan(&[0.1, 0.9], 2, |slot| slot != 0)?;
/// assert_eq!(nearest.iter().map(|found| found.slot).collect::<Vec<_>>(), [1, 2]);
/// # Ok::<_, headwater_primitives::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CodeTable<C> {
    codec: C,
    /// [`BLOCK`] slots are four words: a one for each slot that holds a code.
    occupied: Vec<u64>,
    codes: Vec<u8>,
}

impl<C: Codec> CodeTable<C> {
    /// An empty table of codes of `codec`.
    pub fn new(codec: C) -> CodeTable<C> {
        CodeTable { codec, occupied: Vec::new(), codes: Vec::new() }
    }

    /// A table with these slots; `occupied` has a bit for each.
    pub(super) fn from_parts(codec: C, occupied: Vec<u64>, codes: Vec<u8>) -> CodeTable<C> {
        CodeTable { codec, occupied, codes }
    }

    /// The quantizer.
    pub fn codec(&self) -> &C {
        &self.codec
    }

    /// One more than the highest slot that was ever set.
    pub fn slots(&self) -> usize {
        self.codes.len() / self.codec.bytes_per_vector()
    }

    /// The codes of all slots, one after the other. Those of empty slots mean nothing.
    pub fn codes(&self) -> &[u8] {
        &self.codes
    }

    /// Whether `slot` holds a code.
    pub fn contains(&self, slot: u32) -> bool {
        let slot = slot as usize;
        self.occupied.get(slot / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// The memory that codes and slots take, in bytes.
    pub fn memory(&self) -> usize {
        self.codes.capacity() + self.occupied.capacity() * 8
    }

    /// Puts the code of `vector` in `slot`, in place of what was there. The table grows up to `slot`.
    ///
    /// # Errors
    /// `InvalidInput` when `vector` has another number of dimensions.
    pub fn set(&mut self, slot: u32, vector: &[f32]) -> Result<()> {
        self.check(vector)?;
        let slot = slot as usize;
        let at = slot * self.codec.bytes_per_vector();
        if at >= self.codes.len() {
            self.codes.resize(at, 0);
            self.codec.encode(vector, &mut self.codes);
        } else {
            let mut code = Vec::with_capacity(self.codec.bytes_per_vector());
            self.codec.encode(vector, &mut code);
            self.codes[at..][..code.len()].copy_from_slice(&code);
        }
        if slot / 64 >= self.occupied.len() {
            self.occupied.resize(slot / 64 + 1, 0);
        }
        self.occupied[slot / 64] |= 1 << (slot % 64);
        Ok(())
    }

    /// Empties `slot`: no scan finds it.
    pub fn clear(&mut self, slot: u32) {
        let slot = slot as usize;
        if let Some(word) = self.occupied.get_mut(slot / 64) {
            *word &= !(1 << (slot % 64));
        }
    }

    /// The `keep` nearest of the slots that hold a code and that `accept` accepts, by estimated
    /// distance, the nearest first. For `k` answers keep `k` times an oversampling and rescore them on
    /// the full vectors.
    ///
    /// `accept` is asked only about slots that are near enough to be kept. Costs one pass over all
    /// codes.
    ///
    /// # Errors
    /// `InvalidInput` when `vector` has another number of dimensions.
    pub fn scan(
        &self,
        vector: &[f32],
        keep: usize,
        mut accept: impl FnMut(u32) -> bool,
    ) -> Result<Vec<Candidate>> {
        self.check(vector)?;
        let query = self.codec.query(vector);
        let mut nearest = Nearest::new(keep);
        let mut distances = Vec::with_capacity(BLOCK);
        let blocks = self.codes.chunks(BLOCK * self.codec.bytes_per_vector());
        for (block, codes) in blocks.enumerate() {
            let first = block * BLOCK;
            let occupied = &self.occupied[first / 64..];
            if occupied.iter().take(BLOCK / 64).all(|word| *word == 0) {
                continue;
            }
            distances.clear();
            self.codec.distances(&query, codes, &mut distances);
            for (place, &distance) in distances.iter().enumerate() {
                let slot = (first + place) as u32;
                let found = nearest.wants(distance)
                    && occupied[place / 64] >> (place % 64) & 1 == 1
                    && accept(slot);
                if found {
                    nearest.push(Candidate { slot, distance });
                }
            }
        }
        Ok(nearest.into_sorted())
    }

    /// The slots that hold a code, a bit each.
    pub(super) fn occupied(&self) -> &[u64] {
        &self.occupied
    }

    fn check(&self, vector: &[f32]) -> Result<()> {
        if vector.len() != self.codec.dimensions() {
            return Err(Error::invalid(format!(
                "a vector has {} dimensions where the codes are of {}",
                vector.len(),
                self.codec.dimensions()
            )));
        }
        Ok(())
    }
}
