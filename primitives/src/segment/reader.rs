//! A segment read back: its records with their sequences, units, tags and payloads.

use std::sync::Arc;

use bytes::Bytes;

use super::format::{self, SegmentHeader, UnitPiece};
use super::varint::{self, take};
use crate::error::{Error, Result};
use crate::sequence::Sequence;
use crate::time::Timestamp;

/// A run of records of one log, decompressed and checked.
#[derive(Clone, Debug)]
pub struct Segment {
    header: SegmentHeader,
    tags: Vec<Arc<str>>,
    body: Bytes,
    /// Totals of units that span segments, by the unit's first sequence.
    totals: Vec<(u64, u32)>,
}

/// The transaction that a record was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit<'a> {
    /// The sequence of the transaction's first record.
    pub first: Sequence,
    /// The record's place in the transaction, from 0.
    pub index: u32,
    /// How many records of this log the transaction wrote.
    pub total: u32,
    /// What the log's owner stored once for the whole transaction.
    pub meta: &'a [u8],
}

/// One record of a [`Segment`].
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its place in the log.
    pub sequence: Sequence,
    /// When it was committed.
    pub timestamp: Timestamp,
    /// The transaction that wrote it.
    pub unit: Unit<'a>,
    /// The short text it was filed under.
    pub tag: &'a Arc<str>,
    /// Its bytes.
    pub payload: &'a [u8],
}

impl Segment {
    /// Reads a segment's bytes: checks the CRC and decompresses.
    ///
    /// # Errors
    /// `Corrupt` when anything does not add up; `NewerVersion` when newer code wrote it.
    pub fn decode(data: &[u8]) -> Result<Segment> {
        let (header, tags, body) = format::open(data)?;
        if header.count == 0 {
            return Err(Error::corrupt("a segment without records"));
        }
        Ok(Segment { header, tags, body: body.into(), totals: Vec::new() })
    }

    /// The sequence of the first record.
    pub fn first(&self) -> Sequence {
        self.header.first
    }

    /// The sequence of the last record.
    pub fn last(&self) -> Sequence {
        self.header.last()
    }

    /// What the segment says about itself.
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// The tags of the records inside.
    pub fn tags(&self) -> &[Arc<str>] {
        &self.tags
    }

    /// The records in order. An item is an error only when the segment is damaged in a way that its
    /// checksum does not show.
    pub fn records(&self) -> Records<'_> {
        Records {
            segment: self,
            rest: &self.body,
            sequence: self.header.first.0,
            left: self.header.count,
            unit: None,
        }
    }

    /// The records as units, each with its records' bytes: what a merge copies.
    pub(crate) fn units(&self) -> impl Iterator<Item = Result<(UnitPiece<'_>, &[u8])>> {
        let mut records = self.records();
        std::iter::from_fn(move || {
            if records.left == 0 {
                return None;
            }
            let unit = records.read_whole_unit();
            if unit.is_err() {
                records.left = 0;
            }
            Some(unit)
        })
    }

    /// `part`, which must be a slice out of this segment, as shared bytes: nothing is copied.
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.body.slice_ref(part)
    }

    /// The first sequences of the units whose total is stored outside the segment.
    pub(crate) fn spanning_units(&self) -> Result<Vec<u64>> {
        let mut found = Vec::new();
        for record in self.records() {
            let unit = record?.unit;
            if unit.total == 0 && found.last() != Some(&unit.first.0) {
                found.push(unit.first.0);
            }
        }
        Ok(found)
    }

    pub(crate) fn set_totals(&mut self, totals: Vec<(u64, u32)>) {
        self.totals = totals;
    }
}

/// The records of a [`Segment`], in order.
pub struct Records<'a> {
    segment: &'a Segment,
    rest: &'a [u8],
    sequence: u64,
    left: u32,
    unit: Option<OpenUnit<'a>>,
}

#[derive(Clone, Copy)]
struct OpenUnit<'a> {
    first: u64,
    left: u64,
    total: u32,
    time: Timestamp,
    meta: &'a [u8],
}

impl<'a> Records<'a> {
    fn read(&mut self) -> Result<Record<'a>> {
        let mut unit = match self.unit {
            Some(unit) if unit.left > 0 => unit,
            _ => self.read_unit()?,
        };
        let tag = varint::read(&mut self.rest)?;
        let len = varint::read(&mut self.rest)?;
        let payload = take(&mut self.rest, len)?;
        let tag = usize::try_from(tag)
            .ok()
            .and_then(|tag| self.segment.tags.get(tag))
            .ok_or_else(|| Error::corrupt("a record names a tag that its segment lacks"))?;
        unit.left -= 1;
        self.unit = Some(unit);
        let sequence = self.sequence;
        self.sequence += 1;
        self.left -= 1;
        Ok(Record {
            sequence: Sequence(sequence),
            timestamp: unit.time,
            unit: Unit {
                first: Sequence(unit.first),
                index: (sequence - unit.first) as u32,
                total: unit.total,
                meta: unit.meta,
            },
            tag,
            payload,
        })
    }

    /// Passes over the next unit at once.
    fn read_whole_unit(&mut self) -> Result<(UnitPiece<'a>, &'a [u8])> {
        let unit = self.read_unit()?;
        let (start, first) = (self.rest, self.sequence);
        for _ in 0..unit.left {
            varint::read(&mut self.rest)?;
            let len = varint::read(&mut self.rest)?;
            take(&mut self.rest, len)?;
        }
        self.sequence += unit.left;
        self.left -= unit.left as u32;
        let piece = UnitPiece {
            first,
            index: (first - unit.first) as u32,
            count: unit.left as u32,
            total: unit.total,
            time: unit.time,
            meta: unit.meta,
        };
        Ok((piece, &start[..start.len() - self.rest.len()]))
    }

    fn read_unit(&mut self) -> Result<OpenUnit<'a>> {
        let rest = &mut self.rest;
        let index = varint::read(rest)?;
        let left = varint::read(rest)?;
        let total = varint::read(rest)?;
        let time = take(rest, 8)?;
        let time = Timestamp(i64::from_le_bytes(time.try_into().unwrap_or_default()));
        let meta_len = varint::read(rest)?;
        let meta = take(rest, meta_len)?;
        let (Some(first), Ok(mut total)) = (self.sequence.checked_sub(index), u32::try_from(total))
        else {
            return Err(Error::corrupt("a unit in a segment has impossible counts"));
        };
        if left == 0 || left > u64::from(self.left) {
            return Err(Error::corrupt("a unit holds another number of records than its segment"));
        }
        if total == 0 {
            let known = self.segment.totals.iter().find(|(unit, _)| *unit == first);
            total = known.map_or(0, |(_, total)| *total);
        }
        Ok(OpenUnit { first, left, total, time, meta })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let record = self.read();
        if record.is_err() {
            self.left = 0;
        }
        Some(record)
    }
}
