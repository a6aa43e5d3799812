//! The bytes of a table of codes. Described in `docs/formats.md`.

use headwater_primitives::{Error, ErrorKind, Result};

use super::binary::{Binary, QueryBits};
use super::center::Center;
use super::codec::{Codec, check_dimensions};
use super::int8::Int8;
use super::kernels::CENTROIDS;
use super::product::{Product, check_bytes};
use super::rotation::Rotation;
use super::table::CodeTable;
use crate::metric::Metric;

const MAGIC: [u8; 4] = *b"HWVQ";
const VERSION: u8 = 1;
const CRC_AT: usize = 20;
const HEADER: usize = 24;

/// A codec with a place in the format.
pub(super) trait Stored: Codec + Sized {
    /// Its number in the header.
    const NUMBER: u8;
    /// What messages call it.
    const NAME: &'static str;

    /// The one number of its own in the header.
    fn setting(&self) -> u32;

    /// Appends what it has learnt.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads what `write` appended and moves `bytes` past it.
    fn read(header: &Header, bytes: &mut &[u8]) -> Result<Self>;
}

/// What a table says about itself; checked.
pub(super) struct Header {
    pub(super) codec: u8,
    metric: Metric,
    dimensions: usize,
    slots: usize,
    setting: u32,
}

/// The bytes of `table`.
pub(super) fn save<C: Stored>(table: &CodeTable<C>) -> Vec<u8> {
    let codec = table.codec();
    let mut out = Vec::with_capacity(HEADER + table.slots() / 8 + table.codes().len());
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[VERSION, C::NUMBER, metric_number(codec.metric()), 0]);
    // Both are below 2^32: dimensions are checked, slots are numbers of 32 bits.
    out.extend_from_slice(&(codec.dimensions() as u32).to_le_bytes());
    out.extend_from_slice(&(table.slots() as u32).to_le_bytes());
    out.extend_from_slice(&codec.setting().to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    codec.write(&mut out);
    let occupied = table.occupied().iter().flat_map(|word| word.to_le_bytes());
    out.extend(occupied.take(table.slots().div_ceil(8)));
    out.extend_from_slice(table.codes());
    let crc = checksum(&out);
    out[CRC_AT..HEADER].copy_from_slice(&crc.to_le_bytes());
    out
}

/// The table that `data` is the bytes of.
///
/// # Errors
/// `Corrupt` when it is damaged or holds another codec; `NewerVersion` when newer code wrote it.
pub(super) fn load<C: Stored>(data: &[u8]) -> Result<CodeTable<C>> {
    let header = Header::parse(data)?;
    if header.codec != C::NUMBER {
        let found = header.codec;
        return Err(Error::corrupt(format!("vector codes are of codec {found}, not {}", C::NAME)));
    }
    let mut rest = &data[HEADER..];
    let codec = C::read(&header, &mut rest)?;
    let occupied = take(&mut rest, header.slots.div_ceil(8))?;
    let codes = take(&mut rest, header.slots.saturating_mul(codec.bytes_per_vector()))?;
    if !rest.is_empty() {
        return Err(Error::corrupt(format!("vector codes end {} bytes early", rest.len())));
    }
    if let Some(last) = occupied.last()
        && !header.slots.is_multiple_of(8)
        && last >> (header.slots % 8) != 0
    {
        return Err(Error::corrupt("vector codes claim slots beyond the last"));
    }
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let occupied = occupied.chunks(8).map(word).collect();
    Ok(CodeTable::from_parts(codec, occupied, codes.to_vec()))
}

impl Header {
    /// Reads the header of `data`, and checks the whole by its checksum.
    pub(super) fn parse(data: &[u8]) -> Result<Header> {
        if data.len() < HEADER || data[..4] != MAGIC {
            return Err(Error::corrupt("not a table of vector codes: the magic HWVQ is missing"));
        }
        let (stored, computed) = (u32_at(data, CRC_AT), checksum(data));
        if stored != computed {
            return Err(Error::corrupt(format!(
                "CRC-32C is {computed:08x} where the vector codes say {stored:08x}"
            )));
        }
        // After the checksum, which all versions share: what is damaged may look newer.
        if data[4] > VERSION {
            return Err(Error::new(
                ErrorKind::NewerVersion,
                format!("vector codes of format {} are newer than this code's {VERSION}", data[4]),
            ));
        }
        if data[4] != VERSION {
            return Err(Error::corrupt(format!("unknown format {} of vector codes", data[4])));
        }
        let header = Header {
            codec: data[5],
            metric: metric(data[6])?,
            dimensions: u32_at(data, 8) as usize,
            slots: u32_at(data, 12) as usize,
            setting: u32_at(data, 16),
        };
        check_dimensions(header.dimensions).map_err(damaged)?;
        Ok(header)
    }
}

/// An argument that would be refused, found in stored bytes.
fn damaged(error: Error) -> Error {
    Error::corrupt(error.to_string()).context("vector codes are damaged")
}

impl Stored for Int8 {
    const NUMBER: u8 = 1;
    const NAME: &'static str = "int8";

    fn setting(&self) -> u32 {
        0
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_floats(&self.center.mean, out);
    }

    fn read(header: &Header, bytes: &mut &[u8]) -> Result<Int8> {
        Ok(Int8 { center: read_center(header, bytes)? })
    }
}

impl Stored for Binary {
    const NUMBER: u8 = 2;
    const NAME: &'static str = "binary";

    fn setting(&self) -> u32 {
        match self.query_bits {
            QueryBits::One => 1,
            QueryBits::Four => 4,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_floats(&self.center.mean, out);
        out.extend(self.rotation.signs());
    }

    fn read(header: &Header, bytes: &mut &[u8]) -> Result<Binary> {
        let query_bits = match header.setting {
            1 => QueryBits::One,
            4 => QueryBits::Four,
            other => {
                return Err(Error::corrupt(format!("binary vector codes of {other} query bits")));
            }
        };
        let center = read_center(header, bytes)?;
        let signs = take(bytes, Rotation::bytes(header.dimensions))?;
        let rotation = Rotation::from_signs(header.dimensions, signs);
        Ok(Binary { center, rotation, query_bits })
    }
}

impl Stored for Product {
    const NUMBER: u8 = 3;
    const NAME: &'static str = "product";

    fn setting(&self) -> u32 {
        // At most the dimensions, which are below 2^32.
        self.bytes as u32
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_floats(&self.columns, out);
    }

    fn read(header: &Header, bytes: &mut &[u8]) -> Result<Product> {
        let Header { metric, dimensions, .. } = *header;
        let code = header.setting as usize;
        check_bytes(code, dimensions).map_err(damaged)?;
        let columns = read_floats(bytes, dimensions * CENTROIDS)?;
        Ok(Product { metric, dimensions, bytes: code, columns })
    }
}

fn read_center(header: &Header, bytes: &mut &[u8]) -> Result<Center> {
    Ok(Center { metric: header.metric, mean: read_floats(bytes, header.dimensions)? })
}

fn write_floats(floats: &[f32], out: &mut Vec<u8>) {
    out.extend(floats.iter().flat_map(|x| x.to_le_bytes()));
}

fn read_floats(bytes: &mut &[u8], count: usize) -> Result<Box<[f32]>> {
    let (floats, _) = take(bytes, count * 4)?.as_chunks::<4>();
    let floats: Box<[f32]> = floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if floats.iter().any(|x| !x.is_finite()) {
        return Err(Error::corrupt("vector codes were trained to numbers that are not finite"));
    }
    Ok(floats)
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Result<&'a [u8]> {
    let Some((taken, rest)) = bytes.split_at_checked(len) else {
        let have = bytes.len();
        return Err(Error::corrupt(format!("vector codes have {have} bytes where {len} belong")));
    };
    *bytes = rest;
    Ok(taken)
}

fn metric_number(metric: Metric) -> u8 {
    match metric {
        Metric::Cosine => 0,
        Metric::L2 => 1,
        Metric::Dot => 2,
    }
}

fn metric(number: u8) -> Result<Metric> {
    let metric = Metric::ALL.into_iter().find(|metric| metric_number(*metric) == number);
    metric.ok_or_else(|| Error::corrupt(format!("vector codes of the unknown metric {number}")))
}

/// CRC-32C over everything but the checksum's own four bytes.
fn checksum(data: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&data[..CRC_AT]), &data[HEADER..])
}

fn u32_at(data: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]])
}
