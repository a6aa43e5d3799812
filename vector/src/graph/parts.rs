//! The parts that files of vector graphs are made of: length, bytes, checksum.

use std::io::{Read, Write};

use headwater_primitives::{Error, Result};

use crate::metric::Metric;

/// Writes length, bytes and checksum.
pub(crate) fn write_part(out: &mut impl Write, part: &[u8]) -> Result<()> {
    out.write_all(&(part.len() as u64).to_le_bytes())?;
    out.write_all(part)?;
    out.write_all(&crc32c::crc32c(part).to_le_bytes())?;
    Ok(())
}

/// Reads what [`write_part`] wrote, of at most `limit` bytes.
pub(crate) fn read_part(input: &mut impl Read, limit: usize) -> Result<Vec<u8>> {
    let short = |error: std::io::Error| {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            Error::corrupt("the vector graph ends too early")
        } else {
            Error::from(error)
        }
    };
    let mut length = [0; 8];
    input.read_exact(&mut length).map_err(short)?;
    let length = u64::from_le_bytes(length);
    if length > limit as u64 {
        return Err(Error::corrupt("a part of the vector graph is longer than it can be"));
    }
    let mut part = Vec::new();
    // Grown as it is read: a wrong length asks for no memory that there are no bytes for.
    input.by_ref().take(length).read_to_end(&mut part)?;
    let mut checksum = [0; 4];
    input.read_exact(&mut checksum).map_err(short)?;
    if part.len() as u64 != length || crc32c::crc32c(&part) != u32::from_le_bytes(checksum) {
        return Err(Error::corrupt("a checksum of the vector graph does not hold"));
    }
    Ok(part)
}

/// Bytes that are taken from the front.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn slice(&mut self, length: usize) -> Result<&'a [u8]> {
        let (slice, rest) = self
            .0
            .split_at_checked(length)
            .ok_or_else(|| Error::corrupt("a part of the vector graph ends too early"))?;
        self.0 = rest;
        Ok(slice)
    }

    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.slice(N)?);
        Ok(bytes)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(self.take::<1>()?[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    pub(crate) fn end(&self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Error::corrupt("a part of the vector graph goes on after its end"))
    }
}

/// A metric in a file.
pub(crate) fn metric_code(metric: Metric) -> u32 {
    match metric {
        Metric::Cosine => 0,
        Metric::L2 => 1,
        Metric::Dot => 2,
    }
}

/// What [`metric_code`] stands for.
pub(crate) fn metric_of(code: u32) -> Result<Metric> {
    match code {
        0 => Ok(Metric::Cosine),
        1 => Ok(Metric::L2),
        2 => Ok(Metric::Dot),
        _ => Err(Error::corrupt(format!("the vector graph has the unknown metric {code}"))),
    }
}
