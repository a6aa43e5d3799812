//! Power cuts: an SQLite VFS in memory that forgets, tears and reorders what was not synced.
//!
//! Killing a process cannot show a missing fsync, since the kernel still writes what it was given.
//! [`PowerCut`] can: it keeps what was written apart from what was synced, and
//! [`PowerCut::cut`] leaves of the rest only what a seed allows. Directory entries obey the same
//! rule: a file that was created and whose directory was not synced may be gone, a deleted one back.
//! SQLite is told that the disk guarantees nothing: no atomic sectors, no safe append, no powersafe
//! overwrite.
//!
//! Runs replay from their seed as long as the operations come in the same order, so on one thread.
//! [`PowerCut::power_off_after`] cuts the power *during* an operation: inside a checkpoint, between
//! a write and its sync.
//!
//! ```
//! use headwater_testkit::powercut::PowerCut;
//!
//! # fn main() -> rusqlite::Result<()> {
//! let power = PowerCut::new(1);
//! let db = power.open("/app.hw/hot.db")?;
//! db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
//!                   CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);")?;
//!
//! let report = power.cut(42);
//! assert!(db.execute("INSERT INTO t VALUES (2)", []).is_err()); // the old generation is dead
//!
//! let db = power.open("/app.hw/hot.db")?; // what survived, under the same VFS
//! assert_eq!(db.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0))?, 1, "{report}");
//! # Ok(())
//! # }
//! ```

mod disk;
mod handle;
mod io;
mod locks;
mod sim;
mod survive;
#[cfg(test)]
mod tests;
mod vfs;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use self::sim::Sim;
use self::vfs::Registration;
use crate::Rng;

pub use self::disk::FileKind;
pub use self::sim::{FileStats, Stats};
pub use self::survive::{FileReport, Loss};

/// A simulated machine with a disk in memory and a plug to pull.
///
/// Several databases may live on it, told apart by their paths; only SQLite's files do, so what
/// else a program keeps in the same directory needs a real one. Files go when this is dropped and
/// the last connection is closed.
#[derive(Debug)]
pub struct PowerCut {
    sim: Arc<Sim>,
    registration: Registration,
}

impl PowerCut {
    /// A machine with an empty disk and a VFS name of its own. `seed` decides what a failing sync
    /// takes with it.
    pub fn new(seed: u64) -> Arc<Self> {
        let sim = Sim::new(seed);
        let registration = Registration::new(&sim);
        Arc::new(Self { sim, registration })
    }

    /// The name to open SQLite connections with.
    pub fn vfs_name(&self) -> &str {
        self.registration.name()
    }

    /// Opens a plain connection on this machine, creating the database if it is missing.
    ///
    /// # Errors
    /// What SQLite says, in particular `SQLITE_CANTOPEN` while the power is off.
    pub fn open(&self, path: impl AsRef<Path>) -> rusqlite::Result<Connection> {
        Connection::open_with_flags_and_vfs(path, OpenFlags::default(), self.vfs_name())
    }

    /// Pulls the plug: from now on everything fails with `SQLITE_IOERR`, opening included, until
    /// [`cut`](Self::cut). Use it where the old owner might open new connections while it is torn
    /// down.
    pub fn power_off(&self) {
        self.sim.state().power_off();
    }

    /// Lets `operations` more writes, truncations, syncs and deletions complete. The power goes
    /// during the next one: a write is as unsynced as those before it, a sync makes nothing safe.
    pub fn power_off_after(&self, operations: u64) {
        self.sim.state().power_off_after(operations);
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        self.sim.state().is_off()
    }

    /// Cuts the power with [`Loss::Random`] and turns it on again. Connections from before are dead
    /// for good; new ones find what survived.
    pub fn cut(&self, seed: u64) -> CutReport {
        self.cut_with(Loss::Random, seed)
    }

    /// Cuts the power with a chosen kind of loss and turns it on again. Faults and a pending
    /// [`power_off_after`](Self::power_off_after) are forgotten, the capacity stays.
    pub fn cut_with(&self, loss: Loss, seed: u64) -> CutReport {
        let files = self.sim.state().cut(loss, &mut Rng::new(seed));
        CutReport { loss, seed, files }
    }

    /// Counters, over all generations.
    pub fn stats(&self) -> Stats {
        self.sim.state().stats()
    }

    /// Limits the bytes that all files together may take; a write past it is `SQLITE_FULL`.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.sim.state().set_capacity(bytes);
    }

    /// Leaves room for `bytes` more than the files take now.
    pub fn disk_full_after(&self, bytes: u64) {
        let mut state = self.sim.state();
        let used = state.disk.used();
        state.set_capacity(Some(used + bytes));
    }

    /// Makes the next sync of a file of this kind fail with `SQLITE_IOERR_FSYNC`. As on Linux since
    /// 4.13, the changes that it should have made safe are half lost, each handle that has the file open
    /// is told so by its own next sync, and no later one brings them back: running connections still
    /// read them, a cut shows what is gone.
    pub fn fail_next_sync(&self, kind: FileKind) {
        self.fail_sync_after(kind, 0);
    }

    /// As [`fail_next_sync`](Self::fail_next_sync), but `syncs` of them succeed before.
    pub fn fail_sync_after(&self, kind: FileKind, syncs: u64) {
        self.sim.state().fail_sync(kind, syncs);
    }

    /// The bytes of one file as a running process reads them; `None` when there is none.
    pub fn image(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let state = self.sim.state();
        let id = state.disk.find(path.as_ref().to_str()?)?;
        state.disk.files.get(&id).map(|file| file.current.clone())
    }
}

/// What a power cut did, for the message of a failing test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CutReport {
    /// The kind of loss.
    pub loss: Loss,
    /// The seed that repeats it.
    pub seed: u64,
    /// What happened to each path that has or had a file.
    pub files: Vec<FileReport>,
}

impl fmt::Display for CutReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "power cut ({:?}, seed {})", self.loss, self.seed)?;
        for file in &self.files {
            let FileReport { path, pending, kept, dropped, damaged, vanished, resurrected } = file;
            write!(
                f,
                "; {path}: {pending} unsynced, {kept} kept, {dropped} dropped, {damaged} damaged"
            )?;
            if *vanished {
                f.write_str(", vanished")?;
            }
            if *resurrected {
                f.write_str(", resurrected")?;
            }
        }
        Ok(())
    }
}
