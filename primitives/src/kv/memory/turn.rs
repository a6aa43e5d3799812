//! Whose turn it is to write: a lock that knows its owner, so that it can refuse to deadlock.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use crate::error::{Error, ErrorKind, Result};

/// One writer at a time. Asking again on the thread that has the turn is an error.
#[derive(Default)]
pub(super) struct Turn {
    owner: Mutex<Option<ThreadId>>,
    free: Condvar,
}

/// The turn, until it is dropped.
pub(super) struct Held<'a>(&'a Turn);

impl Turn {
    /// Waits until no other thread writes.
    pub(super) fn take(&self) -> Result<Held<'_>> {
        let me = thread::current().id();
        let mut owner = self.lock();
        if *owner == Some(me) {
            return Err(Error::new(
                ErrorKind::WouldDeadlock,
                "a write on the key-value store inside its own transaction would wait for itself: \
                 use the transaction that the work was given",
            ));
        }
        while owner.is_some() {
            owner = self.free.wait(owner).unwrap_or_else(PoisonError::into_inner);
        }
        *owner = Some(me);
        Ok(Held(self))
    }

    fn lock(&self) -> MutexGuard<'_, Option<ThreadId>> {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
        self.0.free.notify_one();
    }
}
