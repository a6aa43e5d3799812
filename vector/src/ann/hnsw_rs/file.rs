//! The index as bytes: labels and vectors, from which it is built again.
//!
//! See `docs/formats.md`, "Index of hnsw_rs".

use std::io::{Read, Write};

use headwater_cdc::Position;
use headwater_primitives::{Error, ErrorKind, Result, Sequence};

use super::{AnnIndex, HnswRs};
use crate::graph::GraphOptions;
use crate::graph::parts::{Fields, metric_code, metric_of, read_part, write_part};

const MAGIC: &[u8; 8] = b"HWHNSWRS";
const VERSION: u32 = 1;
/// Bytes of the head.
const HEAD: usize = 52;
/// Vectors in a part.
const STEP: usize = 2048;

impl HnswRs {
    /// Nobody may change anything meanwhile.
    pub(super) fn write_to(&self, out: &mut impl Write, applied: Position) -> Result<()> {
        let live = self.read().vectors.live();
        let mut part = Vec::with_capacity(HEAD);
        part.extend_from_slice(MAGIC);
        for number in [
            VERSION,
            self.options.dimensions as u32,
            metric_code(self.options.metric),
            self.options.links as u32,
            self.options.candidates as u32,
        ] {
            part.extend_from_slice(&number.to_le_bytes());
        }
        for number in [applied.epoch, applied.sequence.0, live.len() as u64] {
            part.extend_from_slice(&number.to_le_bytes());
        }
        write_part(out, &part)?;
        for slots in live.chunks(STEP) {
            part.clear();
            {
                let state = self.read();
                for slot in slots {
                    part.extend_from_slice(&state.vectors.label(*slot).to_le_bytes());
                    let vector = &state.vectors.get(*slot)[..self.options.dimensions];
                    vector.iter().for_each(|number| part.extend_from_slice(&number.to_le_bytes()));
                }
            }
            write_part(out, &part)?;
        }
        Ok(())
    }

    pub(super) fn read_from(input: &mut impl Read) -> Result<(HnswRs, Position)> {
        let (options, applied, count) = read_head(input)?;
        let index = HnswRs::new(options)?;
        let (mut left, mut vector) = (count, Vec::new());
        while left > 0 {
            let rows = left.min(STEP as u64) as usize;
            let part = read_part(input, rows * (8 + 4 * options.dimensions))?;
            let mut fields = Fields(&part);
            for _ in 0..rows {
                let label = fields.u64()?;
                let numbers = fields.slice(4 * options.dimensions)?.as_chunks::<4>().0;
                vector.clear();
                vector.extend(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)));
                index.insert(label, &vector).map_err(|error| Error::corrupt(error.to_string()))?;
            }
            fields.end()?;
            left -= rows as u64;
        }
        if index.len() as u64 != count {
            return Err(Error::corrupt("the index of hnsw_rs has a label twice"));
        }
        Ok((index, applied))
    }
}

fn read_head(input: &mut impl Read) -> Result<(GraphOptions, Position, u64)> {
    let part = read_part(input, HEAD)?;
    let mut head = Fields(&part);
    if head.take::<8>()? != *MAGIC {
        return Err(Error::corrupt("the file is no index of hnsw_rs"));
    }
    let version = head.u32()?;
    if version != VERSION {
        let message =
            format!("the index of hnsw_rs has format {version}, and this code knows {VERSION}");
        return Err(Error::new(ErrorKind::NewerVersion, message));
    }
    let (dimensions, metric) = (head.u32()? as usize, metric_of(head.u32()?)?);
    let (links, candidates) = (head.u32()? as usize, head.u32()? as usize);
    let options = GraphOptions { links, candidates, ..GraphOptions::new(dimensions, metric) };
    options.check().map_err(|error| Error::corrupt(error.to_string()))?;
    let applied = Position { epoch: head.u64()?, sequence: Sequence(head.u64()?) };
    let count = head.u64()?;
    head.end()?;
    Ok((options, applied, count))
}
