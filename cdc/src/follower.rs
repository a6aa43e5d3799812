//! Following a namespace that another process writes.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use headwater_primitives::{ErrorKind, SegmentLog};

/// How often the other process's commits are looked for: one row of SQLite each time.
const EVERY: Duration = Duration::from_millis(50);

/// Takes up what another process commits to `log`, on a thread of its own, until `owner` is gone.
pub(crate) fn start<T: Send + Sync + 'static>(owner: &Arc<T>, log: &SegmentLog) {
    let (owner, log): (Weak<T>, _) = (Arc::downgrade(owner), log.clone());
    let thread = thread::Builder::new().name("headwater-follower".into());
    // Without the thread, subscribers still see new events whenever they ask again.
    let _ = thread.spawn(move || {
        while owner.strong_count() > 0 {
            match log.refresh() {
                Err(error) if error.kind() == ErrorKind::Closed => return,
                // Anything else is a passing trouble of the file system, or found by the readers.
                Ok(()) | Err(_) => thread::sleep(EVERY),
            }
        }
    });
}
