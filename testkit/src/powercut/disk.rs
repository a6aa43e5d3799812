//! The simulated disk: files whose synced image and unsynced changes are kept apart, and a directory.

use std::collections::BTreeMap;
use std::sync::Weak;

use super::locks::{FileLock, SharedMemory};

/// What a file is to SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FileKind {
    /// The database file itself.
    Database,
    /// The write-ahead log, `-wal`.
    Wal,
    /// A rollback or super journal.
    Journal,
    /// A temporary file: never survives, never counted.
    Temporary,
}

/// Names one file body; a path that is deleted and created again gets a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(u64);

/// A change that was made to a file and not synced yet.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Bytes at an offset; extends the file where it ends earlier.
    Write { offset: usize, data: Box<[u8]> },
    /// A new length, shorter or longer.
    Truncate(usize),
}

impl Change {
    /// Makes the change in full.
    pub(crate) fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Write { offset, data } => write_at(image, *offset, data),
            Self::Truncate(len) => image.resize(*len, 0),
        }
    }
}

/// Writes `data` at `offset`; a gap before it reads as zeros, as on any file system.
pub(crate) fn write_at(image: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[offset..end].copy_from_slice(data);
}

/// One file body.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) kind: FileKind,
    /// What a running process reads.
    pub(crate) current: Vec<u8>,
    /// What the last sync made safe.
    pub(crate) durable: Vec<u8>,
    /// What happened since, oldest first.
    pub(crate) pending: Vec<Change>,
    pub(crate) handles: usize,
    /// Syncs that failed: each open handle is told of them once, as it syncs.
    pub(crate) sync_errors: u64,
    pub(crate) lock: FileLock,
    /// Lives as long as a connection has it mapped, so the first one after that rebuilds it.
    pub(crate) shared: Weak<SharedMemory>,
}

impl File {
    fn new(kind: FileKind, image: Vec<u8>) -> Self {
        Self {
            kind,
            durable: image.clone(),
            current: image,
            pending: Vec::new(),
            handles: 0,
            sync_errors: 0,
            lock: FileLock::default(),
            shared: Weak::new(),
        }
    }

    pub(crate) fn change(&mut self, change: Change) {
        change.apply(&mut self.current);
        if self.kind != FileKind::Temporary {
            self.pending.push(change);
        }
    }

    pub(crate) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }
}

/// The bodies that one path named since its directory was last synced: the first is what a sync
/// made safe, the last what a running process finds. `None` is "no such file".
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) history: Vec<Option<FileId>>,
}

impl Entry {
    fn current(&self) -> Option<FileId> {
        self.history.last().copied().flatten()
    }
}

/// All files and the directory entries that name them.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) files: BTreeMap<FileId, File>,
    pub(crate) entries: BTreeMap<String, Entry>,
    next: u64,
}

impl Disk {
    /// The body that `path` names now.
    pub(crate) fn find(&self, path: &str) -> Option<FileId> {
        self.entries.get(path)?.current()
    }

    /// A new empty file under `path`, whose entry is not synced.
    pub(crate) fn create(&mut self, path: &str, kind: FileKind) -> FileId {
        let id = self.insert(File::new(kind, Vec::new()));
        let entry = self.entries.entry(path.to_owned());
        entry.or_insert_with(|| Entry { history: vec![None] }).history.push(Some(id));
        id
    }

    /// A file without a name.
    pub(crate) fn create_temporary(&mut self) -> FileId {
        self.insert(File::new(FileKind::Temporary, Vec::new()))
    }

    /// A file that survived a power cut, synced and named.
    pub(crate) fn restore(&mut self, path: &str, kind: FileKind, image: Vec<u8>) {
        let id = self.insert(File::new(kind, image));
        self.entries.insert(path.to_owned(), Entry { history: vec![Some(id)] });
    }

    /// Removes the name `path`; false when there is none. The removal is not synced.
    pub(crate) fn delete(&mut self, path: &str) -> bool {
        let Some(entry) = self.entries.get_mut(path).filter(|entry| entry.current().is_some())
        else {
            return false;
        };
        entry.history.push(None);
        true
    }

    /// Makes all creations and deletions beside `path` safe.
    pub(crate) fn sync_directory(&mut self, path: &str) {
        let directory = parent(path);
        for (name, entry) in &mut self.entries {
            if parent(name) == directory {
                entry.history = vec![entry.current()];
            }
        }
        self.entries.retain(|_, entry| entry.history != [None]);
        self.collect();
    }

    /// Frees the bodies that nobody can reach any more.
    pub(crate) fn collect(&mut self) {
        let named: Vec<FileId> = self
            .entries
            .values()
            .flat_map(|entry| entry.history.iter().copied().flatten())
            .collect();
        self.files.retain(|id, file| file.handles > 0 || named.contains(id));
    }

    /// Bytes that the named files take now.
    pub(crate) fn used(&self) -> u64 {
        let ids = self.entries.values().filter_map(Entry::current);
        ids.filter_map(|id| self.files.get(&id)).map(|file| file.current.len() as u64).sum()
    }

    fn insert(&mut self, file: File) -> FileId {
        self.next += 1;
        self.files.insert(FileId(self.next), file);
        FileId(self.next)
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}
