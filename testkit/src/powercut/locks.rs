//! Locks on a database file and on WAL shared memory, between the connections of one process.

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use rusqlite::ffi;

/// SQLite's lock levels, weakest first. `Pending` is only ever reached on the way to `Exclusive`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    #[default]
    None,
    Shared,
    Reserved,
    Pending,
    Exclusive,
}

impl Level {
    pub(crate) fn from_raw(raw: i32) -> Self {
        match raw {
            ffi::SQLITE_LOCK_NONE => Self::None,
            ffi::SQLITE_LOCK_SHARED => Self::Shared,
            ffi::SQLITE_LOCK_RESERVED => Self::Reserved,
            ffi::SQLITE_LOCK_PENDING => Self::Pending,
            _ => Self::Exclusive,
        }
    }
}

/// The lock state of one file: how many share it, and which handle is ahead of them.
#[derive(Debug, Default)]
pub(crate) struct FileLock {
    shared: u32,
    reserved: Option<u64>,
    pending: Option<u64>,
    exclusive: Option<u64>,
}

impl FileLock {
    /// Raises `handle` from `held` to `want`. `Err` is "busy", with the level that it then holds.
    pub(crate) fn raise(&mut self, handle: u64, held: Level, want: Level) -> Result<Level, Level> {
        match want {
            _ if held >= want => Ok(held),
            Level::Shared if self.pending.is_some() => Err(held),
            Level::Shared => {
                self.shared += 1;
                Ok(Level::Shared)
            }
            Level::Reserved if self.reserved.is_some() || self.pending.is_some() => Err(held),
            Level::Reserved => {
                self.reserved = Some(handle);
                Ok(Level::Reserved)
            }
            _ if self.pending.is_some_and(|owner| owner != handle) => Err(held),
            _ => {
                self.pending = Some(handle);
                if self.shared > 1 {
                    return Err(Level::Pending);
                }
                self.exclusive = Some(handle);
                Ok(Level::Exclusive)
            }
        }
    }

    /// Lowers `handle` from `held` to `Shared` or `None`.
    pub(crate) fn lower(&mut self, handle: u64, held: Level, want: Level) {
        for owner in [&mut self.reserved, &mut self.pending, &mut self.exclusive] {
            owner.take_if(|owner| *owner == handle);
        }
        if held >= Level::Shared && want == Level::None {
            self.shared -= 1;
        }
    }

    /// Whether any handle holds more than a shared lock.
    pub(crate) fn is_reserved(&self) -> bool {
        self.reserved.is_some() || self.pending.is_some()
    }
}

const SLOTS: usize = ffi::SQLITE_SHM_NLOCK as usize;

/// The WAL index that the connections of one database share, with its eight locks.
#[derive(Debug, Default)]
pub(crate) struct SharedMemory {
    /// Regions never move nor go while a connection holds the `Arc`. Atomics, because SQLite
    /// writes through the pointer that it was given while others read.
    regions: Mutex<Vec<Box<[AtomicU64]>>>,
    slots: Mutex<[Slot; SLOTS]>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Slot {
    #[default]
    Free,
    Shared(u32),
    Exclusive,
}

/// Which of the eight locks one connection holds, as bit masks.
#[derive(Debug, Default)]
pub(crate) struct HeldSlots {
    shared: u8,
    exclusive: u8,
}

impl SharedMemory {
    /// The address of region `index` of `size` bytes; `None` when it is missing and not to be made.
    pub(crate) fn region(&self, index: usize, size: usize, extend: bool) -> Option<*const u64> {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        while extend && regions.len() <= index {
            regions.push((0..size.div_ceil(8)).map(|_| AtomicU64::new(0)).collect());
        }
        regions.get(index).map(|region| region.as_ptr().cast::<u64>())
    }

    /// Takes slot `slot` shared; false when another connection has it exclusively.
    pub(crate) fn lock_shared(&self, held: &mut HeldSlots, slot: usize) -> bool {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if held.shared & (1 << slot) != 0 {
            return true;
        }
        slots[slot] = match slots[slot] {
            Slot::Free => Slot::Shared(1),
            Slot::Shared(count) => Slot::Shared(count + 1),
            Slot::Exclusive => return false,
        };
        held.shared |= 1 << slot;
        true
    }

    /// Takes all of `range` exclusively, or none; false when another connection has one of them.
    pub(crate) fn lock_exclusive(
        &self,
        held: &mut HeldSlots,
        range: std::ops::Range<usize>,
    ) -> bool {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = |slot: usize| held.exclusive & (1 << slot) != 0;
        if range.clone().any(|slot| !mine(slot) && slots[slot] != Slot::Free) {
            return false;
        }
        for slot in range {
            slots[slot] = Slot::Exclusive;
            held.exclusive |= 1 << slot;
        }
        true
    }

    /// Gives up whatever the connection holds of `range`.
    pub(crate) fn unlock(&self, held: &mut HeldSlots, range: std::ops::Range<usize>) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        for slot in range {
            let bit = 1 << slot;
            if held.exclusive & bit != 0 {
                slots[slot] = Slot::Free;
            } else if held.shared & bit != 0 {
                slots[slot] = match slots[slot] {
                    Slot::Shared(count) if count > 1 => Slot::Shared(count - 1),
                    _ => Slot::Free,
                };
            }
            held.exclusive &= !bit;
            held.shared &= !bit;
        }
    }

    /// Gives up all slots.
    pub(crate) fn unlock_all(&self, held: &mut HeldSlots) {
        self.unlock(held, 0..SLOTS);
    }
}

#[cfg(test)]
mod tests {
    use super::{FileLock, HeldSlots, Level, SharedMemory};

    #[test]
    fn a_writer_waits_for_readers_and_keeps_new_ones_out() {
        let mut lock = FileLock::default();
        assert_eq!(lock.raise(1, Level::None, Level::Shared), Ok(Level::Shared));
        assert_eq!(lock.raise(2, Level::None, Level::Shared), Ok(Level::Shared));
        assert_eq!(lock.raise(1, Level::Shared, Level::Reserved), Ok(Level::Reserved));
        assert_eq!(lock.raise(2, Level::Shared, Level::Reserved), Err(Level::Shared));
        assert_eq!(lock.raise(1, Level::Reserved, Level::Exclusive), Err(Level::Pending));
        assert_eq!(lock.raise(3, Level::None, Level::Shared), Err(Level::None));
        lock.lower(2, Level::Shared, Level::None);
        assert_eq!(lock.raise(1, Level::Pending, Level::Exclusive), Ok(Level::Exclusive));
        assert!(lock.is_reserved());
        lock.lower(1, Level::Exclusive, Level::Shared);
        assert!(!lock.is_reserved());
        assert_eq!(lock.raise(3, Level::None, Level::Shared), Ok(Level::Shared));
    }

    #[test]
    fn a_slot_is_shared_by_many_or_held_by_one() {
        let memory = SharedMemory::default();
        let (mut a, mut b) = (HeldSlots::default(), HeldSlots::default());
        assert!(memory.lock_shared(&mut a, 3) && memory.lock_shared(&mut b, 3));
        assert!(!memory.lock_exclusive(&mut a, 2..5), "b shares slot 3");
        assert!(memory.lock_exclusive(&mut b, 2..3), "a refused range must take nothing");
        memory.unlock_all(&mut b);
        memory.unlock_all(&mut a);
        assert!(memory.lock_exclusive(&mut a, 0..8));
        assert!(!memory.lock_shared(&mut b, 7) && !memory.lock_exclusive(&mut b, 0..1));
        memory.unlock(&mut b, 0..8);
        assert!(!memory.lock_shared(&mut b, 7), "only the holder can give a slot up");
        memory.unlock(&mut a, 7..8);
        assert!(memory.lock_shared(&mut b, 7));
    }

    #[test]
    fn regions_are_zeroed_and_stay_where_they_are() {
        let memory = SharedMemory::default();
        assert_eq!(memory.region(0, 32, false), None);
        let first = memory.region(0, 32, true);
        assert!(memory.region(7, 32, true).is_some());
        assert_eq!(memory.region(0, 32, true), first);
    }
}
