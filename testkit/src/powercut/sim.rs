//! The simulated machine: its disk, whether it has power, and the faults it was told to have.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::ffi;

use super::disk::{Change, Disk, FileId, FileKind};
use super::survive::{FileReport, Loss, survivors};
use crate::Rng;

/// An SQLite result code other than `SQLITE_OK`.
pub(crate) type Code = i32;

/// What was done to one path, over all generations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileStats {
    /// Writes.
    pub writes: u64,
    /// Bytes in those writes.
    pub bytes_written: u64,
    /// Truncations.
    pub truncates: u64,
    /// Syncs that succeeded.
    pub syncs: u64,
    /// Syncs that were made to fail.
    pub failed_syncs: u64,
}

/// Counters of a simulated machine.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Power cuts so far.
    pub cuts: u64,
    /// Writes, truncations, syncs and deletions so far.
    pub operations: u64,
    /// Bytes that the files take now.
    pub used: u64,
    /// Counters by path.
    pub files: BTreeMap<String, FileStats>,
}

impl Stats {
    /// The sum over all paths that end in `suffix`, such as `hot.db` or `-wal`.
    pub fn file(&self, suffix: &str) -> FileStats {
        let matching = self.files.iter().filter(|(path, _)| path.ends_with(suffix));
        matching.fold(FileStats::default(), |sum, (_, one)| FileStats {
            writes: sum.writes + one.writes,
            bytes_written: sum.bytes_written + one.bytes_written,
            truncates: sum.truncates + one.truncates,
            syncs: sum.syncs + one.syncs,
            failed_syncs: sum.failed_syncs + one.failed_syncs,
        })
    }
}

/// The machine that all handles of one simulation share.
#[derive(Debug)]
pub(crate) struct Sim {
    state: Mutex<State>,
}

/// A power supply that is on, off, or about to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    On,
    /// On for so many operations; the next one never completes.
    Until(u64),
    Off,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) disk: Disk,
    pub(crate) generation: u64,
    power: Power,
    capacity: Option<u64>,
    /// Syncs to fail: of which kind of file, after how many more that succeed.
    sync_faults: Vec<(FileKind, u64)>,
    stats: Stats,
    rng: Rng,
    handles: u64,
}

impl Sim {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                disk: Disk::default(),
                generation: 0,
                power: Power::On,
                capacity: None,
                sync_faults: Vec::new(),
                stats: Stats::default(),
                rng: Rng::new(seed),
                handles: 0,
            }),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, if the power is on; otherwise `code`.
    pub(crate) fn powered(&self, code: Code) -> Result<MutexGuard<'_, State>, Code> {
        let state = self.state();
        if state.is_off() { Err(code) } else { Ok(state) }
    }
}

impl State {
    pub(crate) fn is_off(&self) -> bool {
        self.power == Power::Off
    }

    pub(crate) fn power_off(&mut self) {
        self.power = Power::Off;
    }

    pub(crate) fn power_off_after(&mut self, operations: u64) {
        self.power = Power::Until(operations);
    }

    pub(crate) fn set_capacity(&mut self, bytes: Option<u64>) {
        self.capacity = bytes;
    }

    pub(crate) fn fail_sync(&mut self, kind: FileKind, after: u64) {
        self.sync_faults.push((kind, after));
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats { used: self.disk.used(), ..self.stats.clone() }
    }

    pub(crate) fn next_handle(&mut self) -> u64 {
        self.handles += 1;
        self.handles
    }

    /// Replaces the disk by what survives, forgets all faults and turns the power on.
    pub(crate) fn cut(&mut self, loss: Loss, rng: &mut Rng) -> Vec<FileReport> {
        let (disk, reports) = survivors(&self.disk, loss, rng);
        self.disk = disk;
        self.generation += 1;
        self.power = Power::On;
        self.sync_faults.clear();
        self.stats.cuts += 1;
        reports
    }

    /// Counts one operation that changes the disk; false when the power goes during it.
    fn operation(&mut self) -> bool {
        self.stats.operations += 1;
        self.power = match self.power {
            Power::Until(0) => Power::Off,
            Power::Until(left) => Power::Until(left - 1),
            power => power,
        };
        self.power != Power::Off
    }

    pub(crate) fn write(
        &mut self,
        id: FileId,
        path: &str,
        at: usize,
        data: &[u8],
    ) -> Result<(), Code> {
        let used = self.disk.used();
        let file = self.disk.files.get_mut(&id).ok_or(ffi::SQLITE_IOERR_WRITE)?;
        let growth = (at + data.len()).saturating_sub(file.current.len()) as u64;
        let named = file.kind != FileKind::Temporary;
        if named && growth > 0 && self.capacity.is_some_and(|capacity| used + growth > capacity) {
            return Err(ffi::SQLITE_FULL);
        }
        file.change(Change::Write { offset: at, data: data.into() });
        if named {
            let stats = self.stats.files.entry(path.to_owned()).or_default();
            stats.writes += 1;
            stats.bytes_written += data.len() as u64;
        }
        if self.operation() { Ok(()) } else { Err(ffi::SQLITE_IOERR_WRITE) }
    }

    pub(crate) fn truncate(&mut self, id: FileId, path: &str, len: usize) -> Result<(), Code> {
        let file = self.disk.files.get_mut(&id).ok_or(ffi::SQLITE_IOERR_TRUNCATE)?;
        file.change(Change::Truncate(len));
        if file.kind != FileKind::Temporary {
            self.stats.files.entry(path.to_owned()).or_default().truncates += 1;
        }
        if self.operation() { Ok(()) } else { Err(ffi::SQLITE_IOERR_TRUNCATE) }
    }

    pub(crate) fn sync(&mut self, id: FileId, path: &str, directory: bool) -> Result<(), Code> {
        if !self.operation() {
            return Err(ffi::SQLITE_IOERR_FSYNC);
        }
        let file = self.disk.files.get_mut(&id).ok_or(ffi::SQLITE_IOERR_FSYNC)?;
        if file.kind == FileKind::Temporary {
            return Ok(());
        }
        let stats = self.stats.files.entry(path.to_owned()).or_default();
        if sync_fault(&mut self.sync_faults, file.kind) {
            stats.failed_syncs += 1;
            file.sync_errors += 1;
            // As on Linux: the dirty pages count as clean now. Some reached the disk, the others
            // never will, and no later sync makes them safe.
            for change in file.pending.drain(..) {
                if self.rng.chance(50) {
                    change.apply(&mut file.durable);
                }
            }
            return Err(ffi::SQLITE_IOERR_FSYNC);
        }
        stats.syncs += 1;
        file.sync();
        if directory {
            self.disk.sync_directory(path);
        }
        Ok(())
    }

    pub(crate) fn delete(&mut self, path: &str, directory: bool) -> Result<(), Code> {
        if !self.disk.delete(path) {
            return Err(ffi::SQLITE_IOERR_DELETE_NOENT);
        }
        if !self.operation() {
            return Err(ffi::SQLITE_IOERR_DELETE);
        }
        if directory {
            self.disk.sync_directory(path);
        }
        Ok(())
    }
}

fn sync_fault(faults: &mut Vec<(FileKind, u64)>, kind: FileKind) -> bool {
    let mut failed = false;
    faults.retain_mut(|(of, left)| {
        if *of != kind {
            return true;
        }
        failed |= *left == 0;
        let keep = *left > 0;
        *left = left.saturating_sub(1);
        keep
    });
    failed
}
