//! One open file of one connection: SQLite's file methods, without their C shapes.

use std::sync::{Arc, MutexGuard};

use rusqlite::ffi;

use super::disk::{FileId, FileKind};
use super::locks::{HeldSlots, Level, SharedMemory};
use super::sim::{Code, Sim, State};

/// An open file. It belongs to the generation in which it was opened and is dead after it.
#[derive(Debug)]
pub(crate) struct Handle {
    sim: Arc<Sim>,
    id: u64,
    generation: u64,
    file: FileId,
    path: String,
    /// As SQLite's own VFS for Unix: the first sync of a new journal or WAL also syncs the directory.
    sync_directory: bool,
    /// The file's failed syncs that this handle was told of, or that came before it.
    sync_errors: u64,
    level: Level,
    shared: Option<Arc<SharedMemory>>,
    slots: HeldSlots,
    keep_wal: bool,
}

impl Handle {
    /// Opens `path`, or a nameless temporary file, with SQLite's open `flags`.
    pub(crate) fn open(sim: &Arc<Sim>, path: Option<&str>, flags: i32) -> Result<Self, Code> {
        let mut state = sim.powered(ffi::SQLITE_CANTOPEN)?;
        let kind = kind(flags);
        let create = flags & ffi::SQLITE_OPEN_CREATE != 0;
        let exclusive = flags & ffi::SQLITE_OPEN_EXCLUSIVE != 0;
        let file = match path.map(|path| (path, state.disk.find(path))) {
            None => state.disk.create_temporary(),
            Some((_, Some(_))) if create && exclusive => return Err(ffi::SQLITE_CANTOPEN),
            Some((_, Some(file))) => file,
            Some((path, None)) if create => state.disk.create(path, kind),
            Some(_) => return Err(ffi::SQLITE_CANTOPEN),
        };
        let sync_errors = state.disk.files.get_mut(&file).map_or(0, |file| {
            file.handles += 1;
            file.sync_errors
        });
        let handle = Self {
            sim: Arc::clone(sim),
            id: state.next_handle(),
            generation: state.generation,
            file,
            path: path.unwrap_or_default().to_owned(),
            sync_directory: create && matches!(kind, FileKind::Journal | FileKind::Wal),
            sync_errors,
            level: Level::None,
            shared: None,
            slots: HeldSlots::default(),
            keep_wal: false,
        };
        Ok(handle)
    }

    /// The state while this handle's generation has power; otherwise `code`.
    fn alive(&self, code: Code) -> Result<MutexGuard<'_, State>, Code> {
        let state = self.sim.powered(code)?;
        if state.generation == self.generation { Ok(state) } else { Err(code) }
    }

    /// Fills `buffer` from `offset`; what lies past the end reads as zeros and is a short read.
    pub(crate) fn read(&self, buffer: &mut [u8], offset: usize) -> Result<(), Code> {
        let state = self.alive(ffi::SQLITE_IOERR_READ)?;
        let file = state.disk.files.get(&self.file).ok_or(ffi::SQLITE_IOERR_READ)?;
        let found = file.current.get(offset..).unwrap_or_default();
        let len = found.len().min(buffer.len());
        buffer[..len].copy_from_slice(&found[..len]);
        buffer[len..].fill(0);
        if len == buffer.len() { Ok(()) } else { Err(ffi::SQLITE_IOERR_SHORT_READ) }
    }

    pub(crate) fn write(&self, data: &[u8], offset: usize) -> Result<(), Code> {
        self.alive(ffi::SQLITE_IOERR_WRITE)?.write(self.file, &self.path, offset, data)
    }

    pub(crate) fn truncate(&self, len: usize) -> Result<(), Code> {
        self.alive(ffi::SQLITE_IOERR_TRUNCATE)?.truncate(self.file, &self.path, len)
    }

    pub(crate) fn sync(&mut self) -> Result<(), Code> {
        let mut state = self.alive(ffi::SQLITE_IOERR_FSYNC)?;
        let synced = state.sync(self.file, &self.path, self.sync_directory);
        let errors = state.disk.files.get(&self.file).map_or(0, |file| file.sync_errors);
        drop(state);
        // As on Linux: that a sync failed is told to all who had the file open by then.
        if std::mem::replace(&mut self.sync_errors, errors) != errors {
            return Err(ffi::SQLITE_IOERR_FSYNC);
        }
        synced?;
        self.sync_directory = false;
        Ok(())
    }

    pub(crate) fn len(&self) -> Result<usize, Code> {
        let state = self.alive(ffi::SQLITE_IOERR_FSTAT)?;
        let file = state.disk.files.get(&self.file).ok_or(ffi::SQLITE_IOERR_FSTAT)?;
        Ok(file.current.len())
    }

    pub(crate) fn lock(&mut self, want: Level) -> Result<(), Code> {
        let (id, held) = (self.id, self.level);
        let mut state = self.alive(ffi::SQLITE_IOERR_LOCK)?;
        let file = state.disk.files.get_mut(&self.file).ok_or(ffi::SQLITE_IOERR_LOCK)?;
        let raised = file.lock.raise(id, held, want);
        drop(state);
        self.level = *raised.as_ref().unwrap_or_else(|now| now);
        raised.map(drop).map_err(|_| ffi::SQLITE_BUSY)
    }

    /// Never fails: a dead generation has no locks.
    pub(crate) fn unlock(&mut self, want: Level) {
        if self.level <= want {
            return;
        }
        if let Ok(mut state) = self.alive(ffi::SQLITE_IOERR_UNLOCK)
            && let Some(file) = state.disk.files.get_mut(&self.file)
        {
            file.lock.lower(self.id, self.level, want);
        }
        self.level = want;
    }

    pub(crate) fn is_reserved(&self) -> Result<bool, Code> {
        let state = self.alive(ffi::SQLITE_IOERR_CHECKRESERVEDLOCK)?;
        Ok(state.disk.files.get(&self.file).is_some_and(|file| file.lock.is_reserved()))
    }

    /// The address of a region of the WAL index; null when it is missing and `extend` is false.
    pub(crate) fn map(
        &mut self,
        region: usize,
        size: usize,
        extend: bool,
    ) -> Result<*const u64, Code> {
        let mut state = self.alive(ffi::SQLITE_IOERR_SHMMAP)?;
        let file = state.disk.files.get_mut(&self.file).ok_or(ffi::SQLITE_IOERR_SHMMAP)?;
        let shared = file.shared.upgrade().unwrap_or_else(|| {
            let new = Arc::new(SharedMemory::default());
            file.shared = Arc::downgrade(&new);
            new
        });
        drop(state);
        let address = shared.region(region, size, extend);
        self.shared = Some(shared);
        Ok(address.unwrap_or(std::ptr::null()))
    }

    /// Takes or gives up locks of the WAL index.
    pub(crate) fn shared_lock(
        &mut self,
        first: usize,
        count: usize,
        flags: i32,
    ) -> Result<(), Code> {
        drop(self.alive(ffi::SQLITE_IOERR_SHMLOCK)?);
        let shared = self.shared.as_ref().ok_or(ffi::SQLITE_IOERR_SHMLOCK)?;
        let range = first..first + count;
        let taken = if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
            shared.unlock(&mut self.slots, range);
            true
        } else if flags & ffi::SQLITE_SHM_SHARED != 0 {
            shared.lock_shared(&mut self.slots, first)
        } else {
            shared.lock_exclusive(&mut self.slots, range)
        };
        if taken { Ok(()) } else { Err(ffi::SQLITE_BUSY) }
    }

    pub(crate) fn unmap(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.unlock_all(&mut self.slots);
        }
    }

    /// Whether the WAL stays when the last connection closes; `None` asks, `Some` sets.
    pub(crate) fn keep_wal(&mut self, keep: Option<bool>) -> bool {
        self.keep_wal = keep.unwrap_or(self.keep_wal);
        self.keep_wal
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.unmap();
        let mut state = self.sim.state();
        if state.generation != self.generation {
            return;
        }
        if let Some(file) = state.disk.files.get_mut(&self.file) {
            file.lock.lower(self.id, self.level, Level::None);
            file.handles -= 1;
        }
        state.disk.collect();
    }
}

fn kind(flags: i32) -> FileKind {
    const JOURNALS: i32 = ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL;
    if flags & ffi::SQLITE_OPEN_MAIN_DB != 0 {
        FileKind::Database
    } else if flags & ffi::SQLITE_OPEN_WAL != 0 {
        FileKind::Wal
    } else if flags & JOURNALS != 0 {
        FileKind::Journal
    } else {
        FileKind::Temporary
    }
}
