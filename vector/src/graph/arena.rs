//! Fixed-width records in a few large pieces of memory, on cache lines, on huge pages where there are any.

use headwater_primitives::Result;
use memmap2::MmapMut;

/// A piece has at least this many bytes. Memory that was never written to costs none.
const PIECE: usize = 4 << 20;

/// Records of `width` numbers of 4 bytes each, by number.
///
/// It grows by whole pieces, so that no record ever moves and growing copies nothing.
pub(crate) struct Arena<T> {
    width: usize,
    /// Records per piece, as a power of two.
    shift: u32,
    pieces: Vec<Piece>,
    kind: std::marker::PhantomData<T>,
}

struct Piece(MmapMut);

impl Piece {
    fn new(bytes: usize) -> Result<Piece> {
        Ok(Piece(MmapMut::map_anon(bytes)?))
    }

    /// Asks for huge pages, so that a walk over distant records misses the TLB less often.
    fn make_huge(&self) {
        // What cannot be had is done without.
        #[cfg(target_os = "linux")]
        let _ = self.0.advise(memmap2::Advice::HugePage);
    }
}

impl<T: bytemuck::Pod> Arena<T> {
    /// Records of `width` numbers; a multiple of 16, so that each begins on a cache line.
    pub(crate) fn new(width: usize) -> Self {
        debug_assert!(size_of::<T>() == 4 && width.is_multiple_of(16));
        let records = (PIECE / (width * size_of::<T>())).max(1).next_power_of_two();
        Arena {
            width,
            shift: records.trailing_zeros(),
            pieces: Vec::new(),
            kind: std::marker::PhantomData,
        }
    }

    /// Makes sure that the records below `records` are there, as zeros where they are new.
    pub(crate) fn reserve(&mut self, records: usize) -> Result<()> {
        while self.pieces.len() << self.shift < records {
            let piece = Piece::new((self.width * size_of::<T>()) << self.shift)?;
            // A small graph keeps small pages.
            if let Some(last) = self.pieces.last() {
                if self.pieces.len() == 1 {
                    last.make_huge();
                }
                piece.make_huge();
            }
            self.pieces.push(piece);
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn get(&self, record: u32) -> &[T] {
        let (piece, at) = self.place(record);
        let piece: &[T] = bytemuck::cast_slice(&self.pieces[piece].0);
        &piece[at..at + self.width]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, record: u32) -> &mut [T] {
        let (piece, at) = self.place(record);
        let width = self.width;
        let piece: &mut [T] = bytemuck::cast_slice_mut(&mut self.pieces[piece].0);
        &mut piece[at..at + width]
    }

    /// Begins to fetch the first `lines` cache lines of a record.
    #[inline]
    pub(super) fn prefetch(&self, record: u32, lines: usize) {
        let record: &[u8] = bytemuck::cast_slice(self.get(record));
        prefetch(record, lines);
    }

    #[inline]
    fn place(&self, record: u32) -> (usize, usize) {
        let record = record as usize;
        (record >> self.shift, (record & ((1 << self.shift) - 1)) * self.width)
    }
}

/// Begins to fetch the first `lines` cache lines of `bytes`.
#[inline]
pub(super) fn prefetch(bytes: &[u8], lines: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(64).take(lines) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing and faults on no address; every x86-64 has it.
        #[allow(unsafe_code)]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (bytes, lines);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_keep_their_place_while_the_arena_grows() {
        let mut arena = Arena::<u32>::new(32);
        let records = 3 * PIECE / 128;
        for record in 0..records as u32 {
            arena.reserve(record as usize + 1).unwrap();
            arena.get_mut(record).fill(record);
        }
        assert_eq!(arena.pieces.len(), 3);
        for record in 0..records as u32 {
            assert!(arena.get(record).iter().all(|number| *number == record));
            assert!(arena.get(record).as_ptr().addr().is_multiple_of(64));
        }
    }
}
