//! Variable-length numbers (LEB128) and length-prefixed bytes, as our binary formats write them.

use crate::error::{Error, Result};

/// Appends `value`, seven bits a byte, low bits first.
pub fn write(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads a number and moves `bytes` past it.
///
/// # Errors
/// `Corrupt` when it runs past the end or past 64 bits.
pub fn read(bytes: &mut &[u8]) -> Result<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let Some((byte, rest)) = bytes.split_first() else {
            return Err(Error::corrupt("a number runs past the end"));
        };
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Error::corrupt("a number has more than 64 bits"))
}

/// Takes `len` bytes off the front.
///
/// # Errors
/// `Corrupt` when there are fewer.
pub fn take<'a>(bytes: &mut &'a [u8], len: u64) -> Result<&'a [u8]> {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    if len > bytes.len() {
        return Err(Error::corrupt("a length runs past the end"));
    }
    let (taken, rest) = bytes.split_at(len);
    *bytes = rest;
    Ok(taken)
}
