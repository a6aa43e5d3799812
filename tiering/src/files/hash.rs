//! A checksum of rows, so that what is read back can be compared with what was written.

use std::fmt;

use headwater_primitives::{RecordId, Result, Sequence};

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

/// How many bytes are collected before a checksum takes them in: of a long run each byte takes a fraction of what
/// it takes in short ones.
const RUN_BYTES: usize = 32 << 10;

/// Makes a [`ContentHash`] of rows that come one after the other.
#[derive(Clone, Debug, Default)]
pub struct ContentHasher {
    keys: Crc,
    bodies: Crc,
}

impl ContentHasher {
    /// Takes in the next row.
    pub fn add(&mut self, key: &RecordId, version: Sequence, body: &[u8]) {
        self.add_key(key, version);
        self.bodies.add_framed(body);
    }

    /// Takes in the next row, whose body `write` appends to what it is given.
    ///
    /// # Errors
    /// What `write` fails with. The hasher is of no more use then.
    pub fn add_written(
        &mut self,
        key: &RecordId,
        version: Sequence,
        write: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        self.add_key(key, version);
        self.bodies.add_written(write)
    }

    fn add_key(&mut self, key: &RecordId, version: Sequence) {
        match key {
            RecordId::Integer(id) => self.keys.add(&id.to_le_bytes()),
            RecordId::Text(id) => self.keys.add_framed(id.as_bytes()),
        }
        self.keys.add(&version.0.to_le_bytes());
    }

    /// Takes in the rows of `next`, which come after those so far. Costs the same for any number.
    pub fn append(&mut self, next: ContentHasher) {
        self.keys.append(next.keys);
        self.bodies.append(next.bodies);
    }

    /// The checksum of all rows so far.
    pub fn finish(self) -> ContentHash {
        ContentHash(u64::from(self.keys.finish().0) << 32 | u64::from(self.bodies.finish().0))
    }
}

/// A CRC-32C, and of how many bytes it is.
#[derive(Clone, Debug, Default)]
struct Crc {
    value: u32,
    bytes: usize,
    /// What comes next.
    run: Vec<u8>,
}

impl Crc {
    fn add(&mut self, bytes: &[u8]) {
        self.run.extend_from_slice(bytes);
        self.end_long_run();
    }

    fn add_framed(&mut self, bytes: &[u8]) {
        self.run.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.add(bytes);
    }

    /// Adds what `write` appends, with its length before it.
    fn add_written(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        let frame = self.run.len();
        self.run.extend_from_slice(&[0; 8]);
        write(&mut self.run)?;
        let length = (self.run.len() - frame - 8) as u64;
        self.run[frame..frame + 8].copy_from_slice(&length.to_le_bytes());
        self.end_long_run();
        Ok(())
    }

    fn end_long_run(&mut self) {
        if self.run.len() >= RUN_BYTES {
            self.end_run();
        }
    }

    fn end_run(&mut self) {
        self.value = crc32c::crc32c_append(self.value, &self.run);
        self.bytes += self.run.len();
        self.run.clear();
    }

    fn append(&mut self, next: Crc) {
        self.end_run();
        let (value, bytes) = next.finish();
        self.value = crc32c::crc32c_combine(self.value, value, bytes);
        self.bytes += bytes;
    }

    fn finish(mut self) -> (u32, usize) {
        self.end_run();
        (self.value, self.bytes)
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
    fn a_body_that_is_written_is_the_same_body() {
        let bodies: Vec<Vec<u8>> = (0..2000).map(|n| vec![n as u8; n % 300]).collect();
        let (mut added, mut written) = (ContentHasher::default(), ContentHasher::default());
        for (n, body) in bodies.iter().enumerate() {
            let (key, version) = (RecordId::from(n as i64), Sequence(n as u64));
            added.add(&key, version, body);
            let write = |out: &mut Vec<u8>| {
                out.extend_from_slice(body);
                Ok(())
            };
            written.add_written(&key, version, write).unwrap();
        }
        assert_eq!(added.finish(), written.finish());
    }

    #[test]
    fn the_checksum_is_what_the_format_page_says() {
        let framed = |bytes: &[u8]| [&(bytes.len() as u64).to_le_bytes()[..], bytes].concat();
        let keys =
            [framed(b"a"), 1u64.to_le_bytes().to_vec(), framed(b"bc"), 2u64.to_le_bytes().to_vec()];
        let bodies = [framed(b"x"), framed(b"yz")].concat();
        let whole = [keys.concat(), bodies].map(|bytes| u64::from(crc32c::crc32c(&bytes)));
        assert_eq!(hash(&[("a", 1, "x"), ("bc", 2, "yz")]).0, whole[0] << 32 | whole[1]);
    }

    #[test]
    fn rows_in_parts_are_the_same_rows() {
        let rows = [("a", 1, "x"), ("bc", 2, "yz"), ("d", 3, "")];
        for cut in 0..=rows.len() {
            let mut parts: [ContentHasher; 2] = Default::default();
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
