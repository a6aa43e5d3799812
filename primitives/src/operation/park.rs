//! Waiting for a future on the current thread.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

struct Parker {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }
}

thread_local! {
    static PARKER: (Arc<Parker>, Waker) = {
        let parker = Arc::new(Parker { thread: thread::current(), woken: AtomicBool::new(false) });
        (parker.clone(), Waker::from(parker))
    };
    /// Whether this thread waits in a future that it is waiting for.
    static IS_WAITING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `future` to its end, parking the thread in between: how every `.wait()` waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    PARKER.with(|(parker, waker)| {
        let mut context = Context::from_waker(waker);
        let is_nested = IS_WAITING.replace(true);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                IS_WAITING.set(is_nested);
                if is_nested {
                    // A waking of the outer future may have been taken for one of this.
                    parker.woken.store(true, Ordering::Release);
                }
                return output;
            }
            while !parker.woken.swap(false, Ordering::AcqRel) {
                thread::park();
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Ready at its third poll; wakes at once, then from another thread.
    struct Third(u32);

    impl Future for Third {
        type Output = u32;

        fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
            self.0 += 1;
            let waker = context.waker().clone();
            match self.0 {
                1 => waker.wake(),
                2 => drop(thread::spawn(move || {
                    thread::sleep(Duration::from_millis(20));
                    waker.wake();
                })),
                polls => return Poll::Ready(polls),
            }
            Poll::Pending
        }
    }

    #[test]
    fn a_future_that_is_woken_while_another_is_waited_for_in_it_is_polled_again() {
        let mut polls = 0;
        let outer = std::future::poll_fn(|context| {
            polls += 1;
            if polls == 1 {
                context.waker().wake_by_ref();
                block_on(Third(0));
                return Poll::Pending;
            }
            Poll::Ready(polls)
        });
        assert_eq!(block_on(outer), 2);
    }

    #[test]
    fn a_future_is_polled_when_it_was_woken_and_not_when_the_thread_was() {
        let this = thread::current();
        let noise = thread::spawn(move || (0..1_000).for_each(|_| this.unpark()));
        assert_eq!(block_on(Third(0)), 3);
        assert_eq!(block_on(Third(0)), 3);
        noise.join().unwrap();
    }

    #[test]
    fn a_future_may_block_on_another() {
        assert_eq!(block_on(async { block_on(Third(0)) + Third(0).await }), 6);
    }
}
