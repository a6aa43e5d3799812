//! A checksum of rows, so that what is read back can be compared with what was written.

use std::fmt;

use headwater_primitives::{RecordId, Sequence};

/// A checksum of ids, versions and bodies of rows, in the order of the rows.
///
/// The upper 32 bits are the CRC-32C of all ids and versions, the lower ones that of all bodies, each
/// with its length before it. It is made to notice damage and faults, not forgery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContentHash(pub u64);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Makes a [`ContentHash`] of rows that come one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct ContentHasher {
    keys: Crc,
    bodies: Crc,
}

impl ContentHasher {
    /// Takes in the next row.
    pub fn add(&mut self, key: &RecordId, version: Sequence, body: &[u8]) {
        match key {
            RecordId::Integer(id) => self.keys.add(&id.to_le_bytes()),
            RecordId::Text(id) => self.keys.add_framed(id.as_bytes()),
        }
        self.keys.add(&version.0.to_le_bytes());
        self.bodies.add_framed(body);
    }

    /// Takes in the rows of `next`, which come after those so far. Costs the same for any number.
    pub fn append(&mut self, next: ContentHasher) {
        self.keys.append(next.keys);
        self.bodies.append(next.bodies);
    }

    /// The checksum of all rows so far.
    pub fn finish(self) -> ContentHash {
        ContentHash(u64::from(self.keys.value) << 32 | u64::from(self.bodies.value))
    }
}

/// A CRC-32C, and of how many bytes it is.
#[derive(Clone, Copy, Debug, Default)]
struct Crc {
    value: u32,
    bytes: usize,
}

impl Crc {
    fn add(&mut self, bytes: &[u8]) {
        self.value = crc32c::crc32c_append(self.value, bytes);
        self.bytes += bytes.len();
    }

    fn add_framed(&mut self, bytes: &[u8]) {
        self.add(&(bytes.len() as u64).to_le_bytes());
        self.add(bytes);
    }

    fn append(&mut self, next: Crc) {
        self.value = crc32c::crc32c_combine(self.value, next.value, next.bytes);
        self.bytes += next.bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(rows: &[(&str, u64, &str)]) -> ContentHash {
        let mut hasher = ContentHasher::default();
        for (id, version, body) in rows {
            hasher.add(&RecordId::from(*id), Sequence(*version), body.as_bytes());
        }
        hasher.finish()
    }

    #[test]
    fn every_part_of_a_row_counts() {
        let rows = [("a", 1, "x"), ("bc", 2, "yz")];
        let same = hash(&rows);
        for other in [
            [("a", 1, "x"), ("bc", 2, "yy")],
            [("a", 1, "x"), ("bc", 3, "yz")],
            [("a", 1, "xy"), ("bc", 2, "z")],
            [("ab", 1, "x"), ("c", 2, "yz")],
            [("bc", 2, "yz"), ("a", 1, "x")],
        ] {
            assert_ne!(hash(&other), same, "{other:?}");
        }
        assert_eq!(hash(&rows), same);
    }

    #[test]
    fn rows_in_parts_are_the_same_rows() {
        let rows = [("a", 1, "x"), ("bc", 2, "yz"), ("d", 3, "")];
        for cut in 0..=rows.len() {
            let mut parts = [ContentHasher::default(); 2];
            for (index, (id, version, body)) in rows.iter().enumerate() {
                let part = &mut parts[usize::from(index >= cut)];
                part.add(&RecordId::from(*id), Sequence(*version), body.as_bytes());
            }
            let [mut whole, rest] = parts;
            whole.append(rest);
            assert_eq!(whole.finish(), hash(&rows), "cut at {cut}");
        }
    }
}
