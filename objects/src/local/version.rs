//! Versions of an object: when each was written, and the e-tag that stands for it.
//!
//! An e-tag is the file's inode, its time of change and its size. The time is not the kernel's,
//! whose clock ticks every few milliseconds: it is set to the nanosecond, different for each write
//! of a process, and later than that of the version it replaces, whatever the clock says. So two
//! versions of a key never share an e-tag while the key exists. After a deletion the inode may be
//! used again; then the e-tags differ by the nanosecond.

use std::fs::{File, Metadata};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last time that was given out by this process, in nanoseconds since 1970.
static LAST: AtomicU64 = AtomicU64::new(0);

/// Gives the file a time that no other write of this process has, and that is later than `after`.
/// The caller syncs it.
pub(super) fn stamp(file: &File, after: Option<SystemTime>) -> io::Result<()> {
    let wanted = next(after);
    // File systems cut times to what they can store: 100 ns, a microsecond, one or two seconds.
    for step in [0, 1_000, 1_000_000, 1_000_000_000, 2_000_000_000] {
        file.set_modified(wanted + Duration::from_nanos(step))?;
        if after.is_none_or(|after| is_later(file, after)) {
            return Ok(());
        }
    }
    Err(io::Error::other("the file system does not store the time of a change"))
}

/// Whether the file is later than `after`.
pub(super) fn is_later(file: &File, after: SystemTime) -> bool {
    file.metadata().and_then(|metadata| metadata.modified()).is_ok_and(|time| time > after)
}

/// The e-tag of the file with this metadata.
pub(super) fn e_tag(metadata: &Metadata) -> String {
    let time = metadata.modified().map(nanoseconds).unwrap_or_default();
    format!("{:x}-{time:x}-{:x}", inode(metadata), metadata.len())
}

fn next(after: Option<SystemTime>) -> SystemTime {
    let floor = after.map(nanoseconds).unwrap_or_default().saturating_add(1);
    let now = nanoseconds(SystemTime::now()).max(floor);
    let given = |last: u64| Some(now.max(last.saturating_add(1)));
    let last = match LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, given) {
        Ok(last) | Err(last) => last,
    };
    UNIX_EPOCH + Duration::from_nanos(now.max(last.saturating_add(1)))
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_later_than_the_one_it_replaces_though_the_clock_was_set_back() {
        let file = tempfile::tempfile().unwrap();
        let future = SystemTime::now() + Duration::from_secs(3600);
        stamp(&file, Some(future)).unwrap();
        assert!(is_later(&file, future));
    }

    #[test]
    fn writes_in_a_row_have_times_of_their_own() {
        let file = tempfile::tempfile().unwrap();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1000 {
            stamp(&file, None).unwrap();
            assert!(seen.insert(e_tag(&file.metadata().unwrap())));
        }
    }
}
