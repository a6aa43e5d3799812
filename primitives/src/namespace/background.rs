//! The namespace's one background thread: checkpoints, merges, and what the stores ask for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use super::{Namespace, Shared};
use crate::error::{Error, ErrorKind, Result};

/// A checkpoint is due as often as this while the write-ahead log grows to its budget.
pub(super) const LIMITS_PER_BUDGET: usize = 8;

/// Snapshots of this age end by themselves soon enough.
const SHORT: Duration = Duration::from_millis(50);

type Run = Arc<dyn Fn(&Namespace) -> Result<()> + Send + Sync>;

/// Periodic work, and what wakes the thread early.
#[derive(Default)]
pub(crate) struct Background {
    state: Mutex<State>,
    wake: Condvar,
    wal_pages: AtomicUsize,
    restart_due: AtomicBool,
}

#[derive(Default)]
struct State {
    tasks: Vec<Task>,
    stop: bool,
    checkpoint_due: bool,
}

struct Task {
    name: &'static str,
    every: Duration,
    due: Instant,
    run: Run,
}

impl Background {
    pub(crate) fn add(&self, name: &'static str, every: Duration, run: Run) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.tasks.iter().all(|task| task.name != name) {
            state.tasks.push(Task { name, every, due: Instant::now() + every, run });
            self.wake.notify_all();
        }
    }

    pub(crate) fn stop(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        self.wake.notify_all();
    }

    /// Takes note of the write-ahead log's length after a commit; called on the writer thread.
    pub(crate) fn wal_grew(&self, pages: usize, limit: usize) {
        let before = self.wal_pages.swap(pages, Ordering::Relaxed);
        if pages >= limit && (before < limit || pages % limit < pages.saturating_sub(before)) {
            // The writer must not run away from this thread: past the budget it helps.
            self.restart_due.store(pages >= limit * LIMITS_PER_BUDGET, Ordering::Relaxed);
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.checkpoint_due = true;
            self.wake.notify_all();
        }
    }

    /// Whether the writer itself should start the write-ahead log over before its next group.
    pub(crate) fn take_restart_due(&self) -> bool {
        self.restart_due.swap(false, Ordering::Relaxed)
    }

    /// Takes note that the next commit starts the write-ahead log over.
    pub(super) fn wal_restarted(&self) {
        self.wal_pages.store(0, Ordering::Relaxed);
    }

    pub(super) fn wal_pages(&self) -> usize {
        self.wal_pages.load(Ordering::Relaxed)
    }

    /// Waits for the next thing to do. `None` means stop.
    fn next(&self) -> Option<Work> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.stop {
                return None;
            }
            if std::mem::take(&mut state.checkpoint_due) {
                return Some(Work::Checkpoint);
            }
            let now = Instant::now();
            if let Some(task) =
                state.tasks.iter_mut().filter(|task| task.due <= now).min_by_key(|t| t.due)
            {
                task.due = now + task.every;
                return Some(Work::Task(task.name, task.run.clone()));
            }
            let due = state.tasks.iter().map(|task| task.due).min();
            let patience = due.map_or(Duration::from_secs(1), |due| due - now);
            state =
                self.wake.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

enum Work {
    Checkpoint,
    Task(&'static str, Run),
}

/// The thread's body, until the namespace is closed.
pub(super) fn run(namespace: &Namespace, checkpointer: &Connection) {
    let shared = namespace.shared();
    while let Some(work) = shared.background.next() {
        let result = match work {
            Work::Checkpoint => checkpoint(shared, checkpointer),
            Work::Task(name, run) => catch_unwind(AssertUnwindSafe(|| run(namespace)))
                .unwrap_or_else(|_| Err(Error::new(ErrorKind::Panicked, "it panicked")))
                .map_err(|error| error.context(name)),
        };
        if let Err(error) = result {
            tracing::warn!(%error, "background work failed; it will be tried again");
        }
    }
}

/// Copies the write-ahead log into the database while writers go on, then lets the writer finish
/// the rest between two groups, so that the next commit starts the log over.
fn checkpoint(shared: &Shared, checkpointer: &Connection) -> Result<()> {
    // An old view would leave all the copying to the writer, which waits for no reader.
    shared.readers.end_idle_views();
    shared.checkpoint(checkpointer, CheckpointMode::PASSIVE)?;
    shared.writer.request_checkpoint();
    if !shared.log_is_too_long() {
        return Ok(());
    }
    // A snapshot may hold the log. New ones wait while the old ones are ended, oldest first.
    shared.readers.with_gate_closed(|| {
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(400) {
            std::thread::sleep(Duration::from_millis(5));
            if !shared.log_is_too_long() {
                break;
            }
            shared.readers.end_oldest(SHORT);
            shared.writer.request_checkpoint();
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_checkpoint_due(background: &Background) -> bool {
        std::mem::take(&mut background.state.lock().unwrap().checkpoint_due)
    }

    #[test]
    fn a_checkpoint_is_due_once_per_step_and_the_writer_helps_past_the_budget() {
        let background = Background::default();
        let grown = [50, 99, 100, 120, 199, 230, 290, 780, 810, 860, 910, 30, 101];
        let due: Vec<_> = grown
            .into_iter()
            .filter(|pages| {
                background.wal_grew(*pages, 100);
                take_checkpoint_due(&background)
            })
            .collect();
        assert_eq!(due, [100, 230, 780, 810, 910, 101]);

        background.wal_grew(795, 100);
        assert!(!background.take_restart_due(), "within the budget");
        background.wal_grew(805, 100);
        assert!(background.take_restart_due() && !background.take_restart_due());
    }
}
