//! What of the unsynced changes is found on the disk when the power comes back.

use super::disk::{Change, Disk, Entry, File, FileId, write_at};
use crate::Rng;

/// The unit that a disk writes; SQLite is told the same.
pub(crate) const SECTOR: usize = 512;

/// How much of what was not synced a power cut takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// For each file one of: all changes, none, the first few, an arbitrary subset; single changes
    /// whole, dropped, torn, with their length but not their bytes, or as garbage.
    #[default]
    Random,
    /// Everything that was not synced is lost.
    Unsynced,
    /// Every unsynced write is torn: at least one of its sectors (or, when it has only one, its
    /// last bytes) is lost.
    Torn,
    /// Nothing is lost, as when only the process dies.
    Nothing,
}

/// What a cut did to one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReport {
    /// The path, as SQLite named it.
    pub path: String,
    /// Changes that were made since the last sync.
    pub pending: usize,
    /// How many of them survived whole.
    pub kept: usize,
    /// How many were lost without a trace.
    pub dropped: usize,
    /// How many survived in part: torn, length only, or garbage.
    pub damaged: usize,
    /// The file existed, but its directory entry was lost.
    pub vanished: bool,
    /// The file had been deleted, or an earlier file of that name replaced, and that was undone.
    pub resurrected: bool,
}

/// The disk as it is found after the power comes back.
pub(crate) fn survivors(disk: &Disk, loss: Loss, rng: &mut Rng) -> (Disk, Vec<FileReport>) {
    let mut after = Disk::default();
    let mut reports = Vec::new();
    for (path, entry) in &disk.entries {
        let found = surviving_entry(entry, loss, rng);
        let now = entry.history.last().copied().flatten();
        let mut report = FileReport {
            path: path.clone(),
            vanished: now.is_some() && found.is_none(),
            resurrected: found.is_some() && found != now,
            ..FileReport::default()
        };
        if let Some((file, kind)) = found.and_then(|id| disk.files.get(&id)).map(|f| (f, f.kind)) {
            let image = surviving_image(file, loss, rng, &mut report);
            after.restore(path, kind, image);
        }
        reports.push(report);
    }
    (after, reports)
}

fn surviving_entry(entry: &Entry, loss: Loss, rng: &mut Rng) -> Option<FileId> {
    let history = &entry.history;
    let last = history.len() - 1;
    let chosen = match loss {
        Loss::Unsynced => 0,
        Loss::Nothing | Loss::Torn => last,
        Loss::Random if rng.chance(60) => last,
        Loss::Random => rng.index(history.len()),
    };
    history[chosen]
}

fn surviving_image(file: &File, loss: Loss, rng: &mut Rng, report: &mut FileReport) -> Vec<u8> {
    let mut image = file.durable.clone();
    report.pending = file.pending.len();
    let style = Style::choose(loss, file.pending.len(), rng);
    for (index, change) in file.pending.iter().enumerate() {
        match style.fate(index, rng) {
            Fate::Kept => {
                change.apply(&mut image);
                report.kept += 1;
            }
            Fate::Dropped => report.dropped += 1,
            damage => {
                damaged(change, damage, &mut image, rng);
                report.damaged += 1;
            }
        }
    }
    image
}

/// Drawn once per file: with a coin per change alone, "all of this file, none of that one" would
/// hardly ever come up.
#[derive(Clone, Copy)]
enum Style {
    All,
    None,
    /// The first changes whole, the next one torn, the rest lost.
    First(usize),
    /// Any subset. Since a later change can be there without an earlier one, this is also what
    /// reordering looks like.
    Subset,
    Torn,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Dropped,
    /// Some sectors were written.
    Torn,
    /// The file has the length, but not the bytes.
    LengthOnly,
    /// Sectors were written with garbage, within the range of the write. Synced neighbours are
    /// spared: without that SQLite itself cannot promise anything below `synchronous=FULL`.
    Garbage,
}

impl Style {
    fn choose(loss: Loss, changes: usize, rng: &mut Rng) -> Self {
        match loss {
            Loss::Unsynced => Self::None,
            Loss::Nothing => Self::All,
            Loss::Torn => Self::Torn,
            Loss::Random => match rng.below(6) {
                0 => Self::All,
                1 => Self::None,
                2 => Self::First(rng.index(changes + 1)),
                _ => Self::Subset,
            },
        }
    }

    fn fate(self, index: usize, rng: &mut Rng) -> Fate {
        match self {
            Self::All => Fate::Kept,
            Self::None => Fate::Dropped,
            Self::Torn => Fate::Torn,
            Self::First(count) if index < count => Fate::Kept,
            Self::First(count) if index == count => Fate::Torn,
            Self::First(_) => Fate::Dropped,
            Self::Subset => match rng.below(100) {
                0..40 => Fate::Kept,
                40..70 => Fate::Dropped,
                70..88 => Fate::Torn,
                88..94 => Fate::LengthOnly,
                _ => Fate::Garbage,
            },
        }
    }
}

fn damaged(change: &Change, fate: Fate, image: &mut Vec<u8>, rng: &mut Rng) {
    let Change::Write { offset, data } = change else {
        if fate != Fate::Torn {
            change.apply(image);
        }
        return;
    };
    let end = offset + data.len();
    if (fate == Fate::LengthOnly || rng.chance(50)) && image.len() < end {
        image.resize(end, 0);
    }
    match fate {
        Fate::Torn => tear(*offset, data, image, rng),
        Fate::Garbage => trash(*offset, data, image, rng),
        _ => {}
    }
}

/// Writes some of the sectors that the write touches, never all of it.
fn tear(offset: usize, data: &[u8], image: &mut Vec<u8>, rng: &mut Rng) {
    let pieces = sectors(offset, data.len());
    if pieces.len() < 2 {
        write_at(image, offset, &data[..rng.index(data.len())]);
        return;
    }
    let missing = rng.index(pieces.len());
    let (ordered, cut) = (rng.chance(50), rng.index(pieces.len()));
    for (index, piece) in pieces.into_iter().enumerate() {
        let written = if ordered { index < cut } else { index != missing && rng.chance(60) };
        if written {
            write_at(image, offset + piece.start, &data[piece]);
        }
    }
}

fn trash(offset: usize, data: &[u8], image: &mut Vec<u8>, rng: &mut Rng) {
    for piece in sectors(offset, data.len()) {
        let mut bytes = data[piece.clone()].to_vec();
        if rng.chance(60) {
            rng.fill(&mut bytes);
        }
        write_at(image, offset + piece.start, &bytes);
    }
}

/// The parts of a write of `len` bytes at `offset`, cut where the disk's sectors end.
fn sectors(offset: usize, len: usize) -> Vec<std::ops::Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < len {
        let end = len.min(start + SECTOR - (offset + start) % SECTOR);
        pieces.push(start..end);
        start = end;
    }
    pieces
}
