//! Work on the lake that is done again and again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use headwater_primitives::{Error, ErrorKind, Namespace, Result};

use crate::tier::Tier;

/// Work that is done again and again, on a thread of its own. It ends when this is dropped, and with the
/// namespace; the thread holds neither the namespace nor the lake while it waits.
#[must_use = "the work ends when this is dropped"]
pub struct Schedule {
    shared: Arc<Shared>,
}

/// How often it was done, and how the last time ended.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ScheduleStatus {
    /// Runs that ended.
    pub runs: u64,
    /// What the last one failed with. The next one is tried all the same.
    pub error: Option<Error>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    ended: bool,
    status: ScheduleStatus,
}

impl Tier {
    /// Does `work` now and then `every` so long after it has ended: hand-offs, archiving, upkeep.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use headwater_tiering::Tier;
    /// use headwater_tiering::primitives::{Namespace, Result};
    ///
    /// # fn main() -> Result<()> {
    /// # let ns = Namespace::in_memory()?;
    /// let tier = Tier::of(&ns)?;
    /// let archiving = tier.schedule(Duration::from_secs(3600), |tier| {
    ///     tier.archive_events().older_than(Duration::from_secs(86_400)).wait()?;
    ///     Ok(())
    /// })?;
    /// # drop(archiving);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Stores are opened inside `work`, from `tier.namespace()`: one that it kept would keep the namespace
    /// open.
    ///
    /// # Errors
    /// `Io` when no thread can be started.
    pub fn schedule(
        &self,
        every: Duration,
        work: impl FnMut(&Tier) -> Result<()> + Send + 'static,
    ) -> Result<Schedule> {
        let shared = Arc::new(Shared::default());
        let (of_thread, weak) = (shared.clone(), self.namespace().downgrade());
        let mut work = work;
        thread::Builder::new().name("headwater-schedule".into()).spawn(move || {
            while let Some(namespace) = weak.upgrade() {
                let done = run(&namespace, &mut work);
                drop(namespace);
                let is_closed = done.as_ref().is_err_and(|error| error.kind() == ErrorKind::Closed);
                if is_closed || !of_thread.note_and_wait(done, every) {
                    break;
                }
            }
        })?;
        let at_close = shared.clone();
        self.namespace().at_close(move || at_close.end());
        Ok(Schedule { shared })
    }
}

/// The work once; a panic of it is its failure.
fn run(namespace: &Namespace, work: &mut impl FnMut(&Tier) -> Result<()>) -> Result<()> {
    let tier = Tier::of(namespace)?;
    let done = catch_unwind(AssertUnwindSafe(|| work(&tier)));
    done.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Panicked, "scheduled work on the lake panicked"))
    })
}

impl Schedule {
    /// How often the work was done, and how it ended last.
    pub fn status(&self) -> ScheduleStatus {
        let state = self.shared.lock();
        let ScheduleStatus { runs, error } = &state.status;
        ScheduleStatus { runs: *runs, error: error.as_ref().map(Error::duplicate) }
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Shared {
    fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits for the next time; whether there is one.
    fn note_and_wait(&self, done: Result<()>, every: Duration) -> bool {
        let mut state = self.lock();
        state.status.runs += 1;
        if let Err(error) = &done {
            tracing::warn!(%error, "scheduled work on the lake failed; it will be tried again");
        }
        state.status.error = done.err();
        let waited = self.changed.wait_timeout_while(state, every, |state| !state.ended);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.ended
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn work_is_done_again_after_a_failure_until_it_is_dropped() {
        let ns = Namespace::in_memory().unwrap();
        let tier = Tier::of(&ns).unwrap();
        let (send, done) = channel();
        let mut runs = 0;
        let schedule = tier.schedule(Duration::from_millis(1), move |_| {
            runs += 1;
            send.send(runs).unwrap();
            match runs {
                1 => Err(Error::invalid("the first time")),
                2 => panic!("the second time"),
                _ => Ok(()),
            }
        });
        let schedule = schedule.unwrap();
        assert_eq!(done.iter().take(4).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let status = schedule.status();
        assert!(status.runs >= 3 && status.error.is_none(), "{status:?}");
        drop(schedule);
        // The thread ends, and with it the work.
        while done.recv().is_ok() {}
    }

    #[test]
    fn a_namespace_that_closes_ends_it() {
        let ns = Namespace::in_memory().unwrap();
        let (send, done) = channel();
        let tier = Tier::of(&ns).unwrap();
        let work = move |_: &Tier| {
            send.send(()).unwrap();
            Ok(())
        };
        let schedule = tier.schedule(Duration::from_secs(3600), work).unwrap();
        done.recv().unwrap();
        drop(tier);
        ns.close().unwrap();
        assert!(done.recv().is_err(), "the work is dropped with its thread");
        assert!(schedule.status().runs <= 1);
    }
}
