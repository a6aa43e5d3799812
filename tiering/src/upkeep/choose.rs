//! Which files are worth being written again, and which of them together.

use std::collections::{BTreeMap, HashMap};

use headwater_primitives::{Result, Sequence};

use crate::cold::ColdTable;
use crate::events;
use crate::files::FileOptions;
use crate::manifests::LiveFile;
use crate::tier::Lake;
use crate::tombstones::Tombstones;

/// A file is small below this part of the size that files are to have.
const SMALL: u64 = 2;
/// A larger file is written again once this part of its rows is gone.
const LOST: u64 = 10;
/// The most files that are merged at once, and the most bytes of theirs that are in memory by then: one
/// row group of each.
const OPEN_FILES: usize = 64;
const OPEN_BYTES: u64 = 128 << 20;

/// Files of one partition that are merged.
pub(super) struct Group<'t> {
    pub(super) day: i32,
    pub(super) files: Vec<&'t LiveFile>,
}

/// A file that may be worth it, with how many of its rows are gone.
struct Candidate<'t> {
    file: &'t LiveFile,
    lost: u64,
}

/// The groups of `cold` that are worth being merged.
///
/// Those are the small files of a partition, where there is more than one or something to fold, and
/// larger ones that lost a tenth of their rows. Files of another partition spec than the present one
/// are left alone.
pub(super) async fn choose<'t>(
    lake: &Lake,
    cold: &'t ColdTable,
    over: &Tombstones,
    options: &FileOptions,
) -> Result<Vec<Group<'t>>> {
    let lost = lost(lake, cold, over).await?;
    let spec = cold.table.metadata().default_partition_spec_id();
    let mut days: BTreeMap<i32, Vec<Candidate<'t>>> = BTreeMap::new();
    for file in cold.files.data().iter().filter(|file| file.spec == spec) {
        let lost = lost.get(&*file.location).copied().unwrap_or(0);
        let is_small = file.bytes < options.file_bytes / SMALL;
        if is_small || lost.saturating_mul(LOST) >= file.records {
            days.entry(file.day()?).or_default().push(Candidate { file, lost });
        }
    }
    let row_group = options.row_group_bytes as u64;
    Ok(days.into_iter().flat_map(|(day, files)| groups(day, files, row_group)).collect())
}

/// Runs of small files of the change log whose events follow each other, in one partition: merged, they
/// leave the order of the files that of the events, and every gap where it was.
pub(super) fn runs<'t>(cold: &'t ColdTable, options: &FileOptions) -> Result<Vec<Group<'t>>> {
    let spec = cold.table.metadata().default_partition_spec_id();
    let mut files: Vec<(Sequence, Sequence, &LiveFile)> = Vec::new();
    for file in cold.files.data() {
        // Without bounds nobody knows what the file's events follow.
        let (Some(first), Some(last)) = events::bounds(cold, file) else { return Ok(Vec::new()) };
        files.push((first, last, file));
    }
    files.sort_unstable_by_key(|(first, last, _)| (*first, *last));
    let mut runs: Vec<Group<'t>> = Vec::new();
    // Where the last run ends, and the bytes of its files that are in memory at once.
    let mut end: Option<(Sequence, u64)> = None;
    for (first, last, file) in files {
        if file.spec != spec || file.bytes >= options.file_bytes / SMALL {
            end = None;
            continue;
        }
        let (day, bytes) = (file.day()?, file.bytes.min(options.row_group_bytes as u64));
        match (end, runs.last_mut()) {
            (Some((before, open)), Some(run))
                if before.next() == first
                    && run.day == day
                    && run.files.len() < OPEN_FILES
                    && open + bytes <= OPEN_BYTES =>
            {
                run.files.push(file);
                end = Some((last, open + bytes));
            }
            _ => {
                runs.push(Group { day, files: vec![file] });
                end = Some((last, bytes));
            }
        }
    }
    runs.retain(|run| run.files.len() > 1);
    Ok(runs)
}

/// How many rows of each file are gone, by deletes and by tombstones.
async fn lost<'t>(
    lake: &Lake,
    cold: &'t ColdTable,
    over: &Tombstones,
) -> Result<HashMap<&'t str, u64>> {
    let deleted = cold.deleted(lake).await?;
    let mut lost: HashMap<&str, u64> =
        deleted.iter().map(|(file, positions)| (&**file, positions.len() as u64)).collect();
    for (file, positions) in cold.positions(lake, over).await? {
        *lost.entry(&file.location).or_default() += positions.len() as u64;
    }
    Ok(lost)
}

/// Cuts the candidates of one day into groups, smallest files first.
fn groups(day: i32, mut files: Vec<Candidate<'_>>, row_group: u64) -> Vec<Group<'_>> {
    files.sort_by_key(|candidate| candidate.file.bytes);
    let mut groups: Vec<Vec<Candidate<'_>>> = Vec::new();
    let mut open = 0;
    for candidate in files {
        let bytes = candidate.file.bytes.min(row_group);
        match groups.last_mut() {
            Some(group) if group.len() < OPEN_FILES && open + bytes <= OPEN_BYTES => {
                group.push(candidate);
                open += bytes;
            }
            _ => {
                groups.push(vec![candidate]);
                open = bytes;
            }
        }
    }
    let worth_it = |group: &Vec<Candidate<'_>>| {
        group.len() > 1 || group.iter().any(|candidate| candidate.lost > 0)
    };
    groups
        .into_iter()
        .filter(worth_it)
        .map(|group| Group { day, files: group.into_iter().map(|one| one.file).collect() })
        .collect()
}
