//! The element: a header of one to nine bytes, with its type and size, and the payload.

use super::View;
use super::damage::Damage;

/// The element types of SQLite's JSONB.
pub(crate) mod tag {
    pub(crate) const NULL: u8 = 0;
    pub(crate) const TRUE: u8 = 1;
    pub(crate) const FALSE: u8 = 2;
    /// An integer as JSON writes it.
    pub(crate) const INT: u8 = 3;
    /// An integer as JSON5 writes it: hexadecimal.
    pub(crate) const INT5: u8 = 4;
    /// A float as JSON writes it.
    pub(crate) const FLOAT: u8 = 5;
    /// A float as JSON5 writes it: digits may be missing on one side of the point.
    pub(crate) const FLOAT5: u8 = 6;
    /// Text that needs no escape, neither in JSON nor in SQL.
    pub(crate) const TEXT: u8 = 7;
    /// Text that holds JSON escapes.
    pub(crate) const TEXTJ: u8 = 8;
    /// Text that holds JSON5 escapes.
    pub(crate) const TEXT5: u8 = 9;
    /// Text as it is, though JSON would have to escape some of it.
    pub(crate) const TEXTRAW: u8 = 10;
    pub(crate) const ARRAY: u8 = 11;
    pub(crate) const OBJECT: u8 = 12;
}

/// The most levels of arrays and objects that a value may have.
pub(crate) const MAX_DEPTH: u8 = 128;

/// The header bytes that [`open`] leaves room for: most objects hold 12 to 255 bytes.
const RESERVED: usize = 2;

/// One level less, or the refusal to go deeper.
#[inline]
pub(crate) fn inner(levels: u8) -> Result<u8, Damage> {
    levels.checked_sub(1).ok_or(Damage::TooDeep)
}

/// The first element of `bytes`, and what follows it.
#[inline]
pub(crate) fn split(bytes: &[u8]) -> Result<(View<'_>, &[u8]), Damage> {
    let [first, rest @ ..] = bytes else {
        return Err(Damage::Truncated);
    };
    if first & 0x0f > tag::OBJECT {
        return Err(Damage::ReservedType);
    }
    let (header, size) = match first >> 4 {
        size @ 0..=11 => (1, usize::from(size)),
        12 => match rest {
            [size, ..] => (2, usize::from(*size)),
            [] => return Err(Damage::Truncated),
        },
        wide => wide_size(wide, rest).ok_or(Damage::Truncated)?,
    };
    match bytes.len().checked_sub(header) {
        Some(available) if available >= size => {
            let (element, rest) = bytes.split_at(header + size);
            Ok((View::new(element, header as u8), rest))
        }
        _ => Err(Damage::Truncated),
    }
}

/// The header length and payload size, where the size takes two, four or eight bytes.
#[inline(never)]
fn wide_size(code: u8, rest: &[u8]) -> Option<(usize, usize)> {
    Some(match code {
        13 => (3, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
        14 => (5, usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?),
        _ => (9, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?),
    })
}

/// Writes the shortest header for a payload of `size` bytes.
#[inline]
pub(crate) fn push_header(out: &mut Vec<u8>, tag: u8, size: usize) {
    match size {
        0..=11 => out.push(tag | (size as u8) << 4),
        12..=0xff => out.extend_from_slice(&[tag | 0xc0, size as u8]),
        _ => {
            let (header, len) = wide_header(tag, size);
            out.extend_from_slice(&header[..len]);
        }
    }
}

/// Writes a whole element.
#[inline]
pub(crate) fn push(out: &mut Vec<u8>, tag: u8, payload: &[u8]) {
    push_header(out, tag, payload.len());
    out.extend_from_slice(payload);
}

fn wide_header(tag: u8, size: usize) -> ([u8; 9], usize) {
    let mut header = [0; 9];
    let len = if let Ok(size) = u16::try_from(size) {
        header[0] = tag | 0xd0;
        header[1..3].copy_from_slice(&size.to_be_bytes());
        3
    } else if let Ok(size) = u32::try_from(size) {
        header[0] = tag | 0xe0;
        header[1..5].copy_from_slice(&size.to_be_bytes());
        5
    } else {
        header[0] = tag | 0xf0;
        header[1..9].copy_from_slice(&(size as u64).to_be_bytes());
        9
    };
    (header, len)
}

/// Leaves room for the header of an element whose size is not known yet; [`close`] fills it in.
#[inline]
pub(crate) fn open(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; RESERVED]);
    start
}

/// Gives the element that was opened at `start` its header, moving its payload where the header
/// turns out shorter or longer than the room left for it.
#[inline]
pub(crate) fn close(out: &mut Vec<u8>, start: usize, tag: u8) {
    let size = out.len() - start - RESERVED;
    match size {
        12..=0xff => {
            out[start] = tag | 0xc0;
            out[start + 1] = size as u8;
        }
        0..=11 => {
            out[start] = tag | (size as u8) << 4;
            out.copy_within(start + RESERVED.., start + 1);
            out.pop();
        }
        _ => close_wide(out, start, tag, size),
    }
}

fn close_wide(out: &mut Vec<u8>, start: usize, tag: u8, size: usize) {
    let (header, len) = wide_header(tag, size);
    let payload = start + RESERVED;
    out.extend_from_slice(&[0; 9][..len - RESERVED]);
    out.copy_within(payload..payload + size, start + len);
    out[start..start + len].copy_from_slice(&header[..len]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patched_header_equals_a_header_written_at_once() {
        for size in [0, 1, 11, 12, 255, 256, 65_535, 65_536, 70_000] {
            let payload: Vec<u8> = (0..size).map(|byte| byte as u8).collect();
            let mut at_once = b"before".to_vec();
            push(&mut at_once, tag::ARRAY, &payload);
            let mut patched = b"before".to_vec();
            let start = open(&mut patched);
            patched.extend_from_slice(&payload);
            close(&mut patched, start, tag::ARRAY);
            assert_eq!(patched, at_once, "{size} bytes");
            let (view, rest) = split(&patched[6..]).unwrap();
            assert_eq!((view.payload(), rest), (&payload[..], &[][..]));
        }
    }

    #[test]
    fn a_size_beyond_the_end_is_damage() {
        for bytes in [
            &[][..],
            &[0x17],
            &[0xc7],
            &[0xc7, 1],
            &[0xd7, 0],
            &[0xe7, 0, 0, 0],
            &[0xf7, 255, 255, 255, 255, 255, 255, 255, 255],
        ] {
            assert_eq!(split(bytes).unwrap_err(), Damage::Truncated, "{bytes:?}");
        }
        assert_eq!(split(&[0x0d]).unwrap_err(), Damage::ReservedType);
    }
}
