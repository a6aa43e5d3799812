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
    keys: u32,
    bodies: u32,
}

impl ContentHasher {
    /// Takes in the next row.
    pub fn add(&mut self, key: &RecordId, version: Sequence, body: &[u8]) {
        let mut keys = self.keys;
        keys = match key {
            RecordId::Integer(id) => crc32c::crc32c_append(keys, &id.to_le_bytes()),
            RecordId::Text(id) => framed(keys, id.as_bytes()),
        };
        self.keys = crc32c::crc32c_append(keys, &version.0.to_le_bytes());
        self.bodies = framed(self.bodies, body);
    }

    /// The checksum of all rows so far.
    pub fn finish(self) -> ContentHash {
        ContentHash(u64::from(self.keys) << 32 | u64::from(self.bodies))
    }
}

fn framed(crc: u32, bytes: &[u8]) -> u32 {
    let crc = crc32c::crc32c_append(crc, &(bytes.len() as u64).to_le_bytes());
    crc32c::crc32c_append(crc, bytes)
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
}
