//! The place where the writer leaves one caller's result.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

enum State<T> {
    Waiting(Option<Waker>),
    Done(T),
    Taken,
}

/// One result, handed from the writer thread to one waiting caller.
pub(crate) struct Slot<T>(Mutex<State<T>>);

impl<T> Slot<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Slot(Mutex::new(State::Waiting(None))))
    }

    /// Leaves the result and wakes whoever waits. A second result is dropped.
    pub(crate) fn fill(&self, value: T) {
        let waker = {
            let mut state = self.lock();
            match &mut *state {
                State::Waiting(waker) => {
                    let waker = waker.take();
                    *state = State::Done(value);
                    waker
                }
                State::Done(_) | State::Taken => None,
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a [`Slot`].
pub(crate) struct Filled<T>(pub(crate) Arc<Slot<T>>);

impl<T> Future for Filled<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = self.0.lock();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(value) => Poll::Ready(value),
            State::Waiting(_) => {
                *state = State::Waiting(Some(context.waker().clone()));
                Poll::Pending
            }
            State::Taken => panic!("a commit handle was polled after it had completed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn the_last_waker_is_woken_once_and_the_first_result_stays() {
        let slot = Slot::new();
        let mut filled = Filled(slot.clone());
        let (first, last) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
        for woken in [&first, &last] {
            let waker = Waker::from(woken.clone());
            assert!(Pin::new(&mut filled).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        slot.fill(1);
        slot.fill(2);
        let woken = [first, last].map(|woken| woken.0.load(Ordering::SeqCst));
        assert_eq!(woken, [0, 1]);
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(Pin::new(&mut filled).poll(&mut context), Poll::Ready(1));
    }
}
