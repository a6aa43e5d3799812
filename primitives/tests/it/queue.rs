//! The writer's queue: bounded, first in first out, and accepted means made.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use headwater_primitives::{
    Commit, Error, ErrorKind, Namespace, Part, Pending, SegmentLog, block_on,
};

use crate::support::{hold, ids, in_memory, in_time, insert, with_rows};

#[derive(Default)]
struct CountingWaker(AtomicUsize);

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn with_capacity(writes: usize) -> Namespace {
    with_rows(Namespace::builder_in_memory().queue_capacity(writes).open().unwrap())
}

/// Fills the queue of a namespace whose writer is busy.
fn fill(ns: &Namespace, writes: i64) -> Vec<Pending<headwater_primitives::Timestamp>> {
    (0..writes).map(|id| insert(ns, id).submit().wait().unwrap()).collect()
}

#[test]
fn wait_blocks_while_the_queue_is_full() {
    let ns = with_capacity(3);
    let held = hold(&ns);
    let pending = fill(&ns, 3);
    let (done, is_done) = channel();
    let fourth = insert(&ns, 3);
    thread::spawn(move || done.send(fourth.submit().wait().and_then(Pending::wait)));
    let early = is_done.recv_timeout(Duration::from_millis(100));
    assert_eq!(early.unwrap_err(), RecvTimeoutError::Timeout, "there was no room for it");
    held.release();
    is_done.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
    for pending in pending {
        pending.wait().unwrap();
    }
    assert_eq!(ids(&ns), [0, 1, 2, 3]);
}

#[test]
fn await_suspends_while_the_queue_is_full_and_is_woken_by_room() {
    let ns = with_capacity(2);
    let held = hold(&ns);
    let pending = fill(&ns, 2);
    let waker = Arc::new(CountingWaker::default());
    let mut submit = pin!(insert(&ns, 2).submit());
    let task = Waker::from(waker.clone());
    let mut context = Context::from_waker(&task);
    assert!(submit.as_mut().poll(&mut context).is_pending());
    assert_eq!(waker.0.load(Ordering::SeqCst), 0);
    held.release();
    in_time({
        let waker = waker.clone();
        move || {
            while waker.0.load(Ordering::SeqCst) == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let Poll::Ready(Ok(last)) = submit.as_mut().poll(&mut context) else {
        panic!("woken without room")
    };
    last.wait().unwrap();
    for pending in pending {
        pending.wait().unwrap();
    }
    assert_eq!(ids(&ns), [0, 1, 2]);
}

#[test]
fn a_future_that_nobody_polls_does_not_keep_others_out() {
    let ns = with_capacity(1);
    let held = hold(&ns);
    let pending = fill(&ns, 1);
    let mut forgotten = pin!(insert(&ns, 1));
    let mut context = Context::from_waker(Waker::noop());
    assert!(forgotten.as_mut().poll(&mut context).is_pending());
    let waiting = insert(&ns, 2);
    let waiting = thread::spawn(move || waiting.wait());
    thread::sleep(Duration::from_millis(50));
    held.release();
    in_time(move || waiting.join().unwrap()).unwrap();
    for pending in pending {
        pending.wait().unwrap();
    }
    assert_eq!(ids(&ns), [0, 2]);
    block_on(forgotten).unwrap();
    assert_eq!(ids(&ns), [0, 1, 2]);
}

#[test]
fn writes_are_made_in_the_order_in_which_they_were_accepted() {
    let ns = with_capacity(16);
    let log = SegmentLog::open(&ns, "log").unwrap();
    let appends = (0..500u64).map(|number| {
        let log = log.clone();
        let commit = ns.transaction(move |tx| tx.append(&log, "n", &number.to_le_bytes()));
        commit.submit().wait().unwrap()
    });
    let pending: Vec<_> = appends.collect();
    for (number, pending) in pending.into_iter().enumerate() {
        assert_eq!(pending.wait().unwrap().0, number as u64 + 1);
    }
}

#[test]
fn many_threads_get_through_a_queue_of_one() {
    let ns = with_capacity(1);
    thread::scope(|scope| {
        for thread in 0..8 {
            let ns = &ns;
            scope.spawn(move || {
                for n in 0..50 {
                    insert(ns, thread * 100 + n).wait().unwrap();
                }
            });
        }
    });
    assert_eq!(ids(&ns).len(), 400);
}

#[test]
fn a_handle_that_is_dropped_after_its_write_was_accepted_does_not_cancel_it() {
    let ns = in_memory();
    let held = hold(&ns);
    drop(insert(&ns, 1).submit().wait().unwrap());
    let mut polled = Box::pin(insert(&ns, 2));
    let mut context = Context::from_waker(Waker::noop());
    assert!(polled.as_mut().poll(&mut context).is_pending());
    drop(polled);
    held.release();
    insert(&ns, 3).wait().unwrap();
    assert_eq!(ids(&ns), [1, 2, 3]);
}

#[test]
fn a_handle_that_is_dropped_before_its_write_was_accepted_writes_nothing() {
    let ns = with_capacity(1);
    let held = hold(&ns);
    let pending = fill(&ns, 1);
    drop(insert(&ns, 1));
    drop(insert(&ns, 2).submit());
    let mut polled = Box::pin(insert(&ns, 3));
    let mut context = Context::from_waker(Waker::noop());
    assert!(polled.as_mut().poll(&mut context).is_pending());
    drop(polled);
    held.release();
    for pending in pending {
        pending.wait().unwrap();
    }
    insert(&ns, 4).wait().unwrap();
    assert_eq!(ids(&ns), [0, 4]);
}

#[test]
fn waiting_for_a_write_inside_a_transaction_is_refused_instead_of_a_deadlock() {
    type Waiting = fn(&Namespace, Pending<()>) -> Result<(), Error>;
    let ways: [(&str, Waiting); 6] = [
        ("wait", |ns, _| insert(ns, 2).wait().map(drop)),
        ("submit", |ns, _| insert(ns, 2).submit().wait().map(drop)),
        ("pending", |_, pending| pending.wait()),
        ("install", |ns, _| {
            ns.install(&Part { name: "other", migrations: &["CREATE TABLE other(a)"] })
        }),
        ("log", |ns, _| SegmentLog::open(ns, "new").map(drop)),
        ("unrelated", |_, _| insert(&in_memory_without_rows(), 1).wait().map(drop)),
    ];
    for (name, wait) in ways {
        let ns = in_memory();
        let inner = ns.clone();
        let (give, take) = channel();
        let outer: Commit<()> = ns.transaction(move |tx| {
            crate::support::insert_in(tx, 1)?;
            wait(&inner, take.recv().unwrap())
        });
        let outer = outer.submit().wait().unwrap();
        let behind: Commit<()> = ns.transaction(|_| Ok(()));
        give.send(behind.submit().wait().unwrap()).unwrap();
        let error = in_time(move || outer.wait()).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::WouldDeadlock, "{name}: {error}");
        assert!(ids(&ns).is_empty(), "{name}");
    }
}

fn in_memory_without_rows() -> Namespace {
    Namespace::in_memory().unwrap()
}
