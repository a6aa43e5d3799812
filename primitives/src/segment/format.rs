//! The bytes of a segment: header, tags, units of records. Described in `docs/formats.md`.

use std::sync::Arc;

use super::varint;
use crate::error::{Error, Result};
use crate::sequence::Sequence;
use crate::time::Timestamp;

pub(crate) const MAGIC: [u8; 4] = *b"HWSG";
pub(crate) const VERSION: u8 = 1;
pub(crate) const HEADER: usize = 56;
const CRC_AT: usize = 52;
/// Flag: a unit inside spans segments.
const SPANS: u8 = 1;

/// How a segment's body is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// As it is.
    Raw,
    /// One LZ4 block.
    Lz4,
}

/// What a segment says about itself without its body being read.
#[derive(Clone, Debug)]
pub struct SegmentHeader {
    /// The sequence of its first record.
    pub first: Sequence,
    /// How many records it holds.
    pub count: u32,
    /// How the body is stored.
    pub codec: Codec,
    /// The earliest and latest timestamp inside.
    pub times: (Timestamp, Timestamp),
    /// The length of the body when it is not compressed.
    pub raw_len: u32,
    /// Whether a unit inside goes on in, or comes from, another segment.
    pub(crate) spans: bool,
    tags_len: u32,
    body_len: u32,
}

impl SegmentHeader {
    /// Reads the header of `data` and checks its lengths.
    ///
    /// # Errors
    /// `Corrupt` when this is no segment; `NewerVersion` when newer code wrote it.
    pub fn parse(data: &[u8]) -> Result<SegmentHeader> {
        if data.len() < HEADER || data[..4] != MAGIC {
            return Err(Error::corrupt("not a segment: the magic HWSG is missing"));
        }
        // What is damaged may look newer, so the checksum, which all versions share, decides.
        if data[4] > VERSION && u32_at(data, CRC_AT) == checksum(data) {
            return Err(Error::new(
                crate::error::ErrorKind::NewerVersion,
                format!("segment format {} is newer than this code's {VERSION}", data[4]),
            ));
        }
        SegmentHeader::of(data, data.len())
    }

    /// Reads a header by itself, of a segment of `len` bytes. Nothing where [`parse`](Self::parse) would
    /// find fault with it.
    pub(super) fn peek(head: &[u8; HEADER], len: usize) -> Option<SegmentHeader> {
        let is_segment = head[..4] == MAGIC;
        SegmentHeader::of(head, len).ok().filter(|header| is_segment && header.count > 0)
    }

    fn of(data: &[u8], len: usize) -> Result<SegmentHeader> {
        if data[4] != VERSION {
            return Err(Error::corrupt(format!("unknown segment format {}", data[4])));
        }
        let codec = match data[5] {
            0 => Codec::Raw,
            1 => Codec::Lz4,
            other => return Err(Error::corrupt(format!("unknown segment codec {other}"))),
        };
        let header = SegmentHeader {
            first: Sequence(u64_at(data, 8)),
            count: u32_at(data, 16),
            codec,
            times: (Timestamp(u64_at(data, 20) as i64), Timestamp(u64_at(data, 28) as i64)),
            raw_len: u32_at(data, 36),
            spans: data[6] & SPANS != 0,
            tags_len: u32_at(data, 40),
            body_len: u32_at(data, 44),
        };
        let expected = HEADER as u64 + u64::from(header.tags_len) + u64::from(header.body_len);
        if expected != len as u64 {
            return Err(Error::corrupt(format!(
                "segment is {len} bytes long where its header says {expected}"
            )));
        }
        Ok(header)
    }

    /// The sequence of its last record.
    pub fn last(&self) -> Sequence {
        Sequence(self.first.0 + u64::from(self.count) - 1)
    }
}

/// Collects units of records and writes them as one segment.
#[derive(Default)]
pub(crate) struct SegmentBuilder {
    first: u64,
    count: u32,
    times: Option<(i64, i64)>,
    tags: Vec<Arc<str>>,
    body: Vec<u8>,
    spans: bool,
}

/// One unit, or the piece of it that this segment holds.
pub(crate) struct UnitPiece<'a> {
    pub(crate) first: u64,
    /// The place of the piece's first record in its unit.
    pub(crate) index: u32,
    pub(crate) count: u32,
    /// Records in the whole unit; 0 when the unit spans segments (then `segment_units` knows).
    pub(crate) total: u32,
    pub(crate) time: Timestamp,
    pub(crate) meta: &'a [u8],
}

impl SegmentBuilder {
    pub(crate) fn len(&self) -> usize {
        self.body.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    pub(crate) fn latest(&self) -> Timestamp {
        Timestamp(self.times.map_or(0, |(_, latest)| latest))
    }

    /// Appends a unit whose records were written by [`write_record`] with places in `tags`.
    ///
    /// # Errors
    /// `Corrupt` when `records` are not such.
    pub(crate) fn push(
        &mut self,
        piece: &UnitPiece<'_>,
        tags: &[Arc<str>],
        records: &[u8],
    ) -> Result<()> {
        let next = self.first + u64::from(self.count);
        if self.count == 0 {
            self.first = piece.first;
        } else if piece.first != next {
            // Sequences are counted, not stored: a gap would give the rest the wrong ones.
            let first = piece.first;
            return Err(Error::corrupt(format!("sequence {first} comes where {next} belongs")));
        }
        let time = piece.time.0;
        let (earliest, latest) = self.times.unwrap_or((time, time));
        self.times = Some((earliest.min(time), latest.max(time)));
        self.count += piece.count;
        self.spans |= piece.total == 0;
        varint::write(&mut self.body, u64::from(piece.index));
        varint::write(&mut self.body, u64::from(piece.count));
        varint::write(&mut self.body, u64::from(piece.total));
        self.body.extend_from_slice(&time.to_le_bytes());
        varint::write(&mut self.body, piece.meta.len() as u64);
        self.body.extend_from_slice(piece.meta);
        if self.tags.is_empty() {
            self.tags.extend_from_slice(tags);
        }
        if self.tags.starts_with(tags) {
            self.body.extend_from_slice(records);
            return Ok(());
        }
        let places: Vec<u64> = tags.iter().map(|tag| self.tag(tag)).collect();
        let mut rest = records;
        for _ in 0..piece.count {
            let tag = varint::read(&mut rest)? as usize;
            let len = varint::read(&mut rest)?;
            let payload = varint::take(&mut rest, len)?;
            let place = places.get(tag).ok_or_else(|| Error::corrupt("a record without a tag"))?;
            write_record(&mut self.body, *place, payload);
        }
        Ok(())
    }

    /// The place of `tag` in this segment's list, added when it is new.
    fn tag(&mut self, tag: &Arc<str>) -> u64 {
        match self.tags.iter().position(|known| known == tag) {
            Some(index) => index as u64,
            None => {
                self.tags.push(tag.clone());
                self.tags.len() as u64 - 1
            }
        }
    }

    /// The segment's bytes.
    pub(crate) fn finish(self, codec: Codec) -> Vec<u8> {
        let mut tags = Vec::new();
        varint::write(&mut tags, self.tags.len() as u64);
        for tag in &self.tags {
            varint::write(&mut tags, tag.len() as u64);
            tags.extend_from_slice(tag.as_bytes());
        }
        let (codec, body_capacity) = match codec {
            Codec::Raw => (0, self.body.len()),
            Codec::Lz4 => (1, lz4_flex::block::get_maximum_output_size(self.body.len())),
        };
        let mut data = Vec::with_capacity(HEADER + tags.len() + body_capacity);
        let (earliest, latest) = self.times.unwrap_or_default();
        data.extend_from_slice(&MAGIC);
        data.extend_from_slice(&[VERSION, codec, if self.spans { SPANS } else { 0 }, 0]);
        data.extend_from_slice(&self.first.to_le_bytes());
        data.extend_from_slice(&self.count.to_le_bytes());
        data.extend_from_slice(&earliest.to_le_bytes());
        data.extend_from_slice(&latest.to_le_bytes());
        data.extend_from_slice(&(self.body.len() as u32).to_le_bytes());
        data.extend_from_slice(&(tags.len() as u32).to_le_bytes());
        data.extend_from_slice(&[0; 12]);
        data.extend_from_slice(&tags);
        let body_at = data.len();
        if codec == 0 {
            data.extend_from_slice(&self.body);
        } else {
            data.resize(body_at + body_capacity, 0);
            let written = lz4_flex::block::compress_into(&self.body, &mut data[body_at..])
                .expect("the buffer has the codec's own maximum output size");
            data.truncate(body_at + written);
        }
        let body_len = (data.len() - body_at) as u32;
        data[44..48].copy_from_slice(&body_len.to_le_bytes());
        let crc = checksum(&data);
        data[CRC_AT..HEADER].copy_from_slice(&crc.to_le_bytes());
        data
    }
}

/// Appends one record: its tag's place, its length, its payload.
pub(crate) fn write_record(out: &mut Vec<u8>, tag: u64, payload: &[u8]) {
    varint::write(out, tag);
    varint::write(out, payload.len() as u64);
    out.extend_from_slice(payload);
}

/// CRC-32C over everything but the checksum's own four bytes.
fn checksum(data: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&data[..CRC_AT]), &data[HEADER..])
}

/// Checks the CRC and returns the tags and the body, decompressed.
pub(crate) fn open(data: &[u8]) -> Result<(SegmentHeader, Vec<Arc<str>>, Vec<u8>)> {
    let header = SegmentHeader::parse(data)?;
    let stored = u32_at(data, CRC_AT);
    let computed = checksum(data);
    if stored != computed {
        return Err(Error::corrupt(format!(
            "CRC-32C is {computed:08x} where the segment says {stored:08x}"
        )));
    }
    let body_at = HEADER + header.tags_len as usize;
    let tags = parse_tags(&data[HEADER..body_at])?;
    let body = match header.codec {
        Codec::Raw => data[body_at..].to_vec(),
        Codec::Lz4 => lz4_flex::block::decompress(&data[body_at..], header.raw_len as usize)
            .map_err(|error| {
                Error::corrupt("segment body does not decompress").with_source(error)
            })?,
    };
    if body.len() != header.raw_len as usize {
        return Err(Error::corrupt("segment body has another length than its header says"));
    }
    Ok((header, tags, body))
}

fn parse_tags(mut bytes: &[u8]) -> Result<Vec<Arc<str>>> {
    let count = varint::read(&mut bytes)?;
    let mut tags = Vec::new();
    for _ in 0..count {
        let len = varint::read(&mut bytes)?;
        let tag = std::str::from_utf8(varint::take(&mut bytes, len)?)
            .map_err(|_| Error::corrupt("a segment's tag is not UTF-8"))?;
        tags.push(Arc::from(tag));
    }
    Ok(tags)
}

fn u32_at(data: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]])
}

fn u64_at(data: &[u8], at: usize) -> u64 {
    u64::from(u32_at(data, at)) | (u64::from(u32_at(data, at + 4)) << 32)
}
