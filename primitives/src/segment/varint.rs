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
        if shift == 63 && *byte > 1 {
            break;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn numbers_come_back_in_as_few_bytes_as_they_need() {
        let sizes = [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (u64::MAX, 10)];
        for (value, size) in sizes {
            let mut out = Vec::new();
            write(&mut out, value);
            assert_eq!(out.len(), size, "{value}");
            out.push(7);
            let mut rest = out.as_slice();
            assert_eq!(read(&mut rest).unwrap(), value);
            assert_eq!(rest, [7]);
        }
    }

    #[test]
    fn numbers_that_run_past_the_end_or_past_64_bits_are_refused() {
        let past_64_bits = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        for bytes in [&[][..], &[0x80], &[0xff; 9], &[0xff; 10], &[0xff; 11], &past_64_bits] {
            let error = read(&mut &*bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{bytes:x?}");
        }
    }

    #[test]
    fn a_length_past_the_end_takes_nothing() {
        let mut rest = &[1, 2, 3][..];
        assert!(take(&mut rest, 4).is_err() && take(&mut rest, u64::MAX).is_err());
        assert_eq!(take(&mut rest, 2).unwrap(), [1, 2]);
        assert_eq!(rest, [3]);
    }
}
