//! Following a log: woken by commits, found by time and size, within its limits.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use futures_lite::future::{block_on, poll_once};
use headwater_primitives::{
    Clock, Error, ErrorKind, ManualClock, Namespace, SegmentLog, Sequence, Timestamp,
};

use crate::support::{in_time, sql};

#[test]
fn a_log_is_found_by_time_and_by_bytes() {
    let clock = Arc::new(ManualClock::new(Timestamp(1_000)));
    struct Shared(Arc<ManualClock>);
    impl Clock for Shared {
        fn now(&self) -> Timestamp {
            self.0.now()
        }
    }
    let builder = Namespace::builder_in_memory().clock(Shared(clock.clone()));
    let ns = builder.open().unwrap();
    let log = SegmentLog::open(&ns, "log").unwrap();
    for _ in 0..5 {
        let inside = log.clone();
        ns.transaction(move |tx| tx.append(&inside, "tag", &[0; 1000])).wait().unwrap();
        clock.advance(std::time::Duration::from_micros(100));
    }
    let at = |time| ns.query(|conn| log.first_at(conn, Timestamp(time))).unwrap().0;
    assert_eq!([0, 1_000, 1_001, 1_400, 1_401].map(at), [1, 1, 2, 5, 6]);
    let within = |bytes| ns.query(|conn| log.first_within(conn, bytes)).unwrap().0;
    let all = ns.query(|conn| log.stats(conn)).unwrap().bytes;
    assert_eq!([0, all / 5 - 1, all / 5, all - 1, all, u64::MAX].map(within), [6, 6, 5, 2, 1, 1]);
}

#[test]
fn a_commit_to_the_log_wakes_who_listens_and_a_failed_one_does_not() {
    let ns = Namespace::in_memory().unwrap();
    let log = SegmentLog::open(&ns, "log").unwrap();
    let append = |succeeds: bool| {
        let log = log.clone();
        ns.transaction(move |tx| {
            tx.append(&log, "tag", b"x")?;
            if succeeds { Ok(()) } else { Err(Error::invalid("on purpose")) }
        })
    };
    let mut listener = log.listen();
    append(true).wait().unwrap();
    assert!(block_on(poll_once(&mut listener)).is_some());
    assert_eq!(log.head(), Sequence(1), "woken after the record is there");
}

/// A follower that listens, looks and then waits misses no commit.
#[test]
fn a_follower_that_waits_for_each_commit_is_never_left_behind() {
    let ns = Namespace::in_memory().unwrap();
    let log = SegmentLog::open(&ns, "log").unwrap();
    let (saw, seen) = channel();
    let followed = log.clone();
    let follower = thread::spawn(move || {
        for wanted in 1..=2_000 {
            loop {
                let listener = followed.listen();
                if followed.head().0 >= wanted {
                    break;
                }
                block_on(listener);
            }
            saw.send(wanted).unwrap();
        }
    });
    in_time(move || {
        for wanted in 1..=2_000 {
            let inside = log.clone();
            ns.transaction(move |tx| tx.append(&inside, "tag", b"x")).wait().unwrap();
            assert_eq!(seen.recv().unwrap(), wanted);
        }
        follower.join().unwrap();
    });
}

#[test]
fn a_namespace_says_when_it_has_no_room_for_another_log() {
    let ns = Namespace::in_memory().unwrap();
    let last = "INSERT INTO segment_logs(id, name) VALUES (32766, 'last')";
    sql(&ns, last).wait().unwrap();
    let error = SegmentLog::open(&ns, "one too many").err().unwrap();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    let log = SegmentLog::open(&ns, "last").unwrap();
    let inside = log.clone();
    ns.transaction(move |tx| tx.append(&inside, "tag", b"x")).wait().unwrap();
    assert_eq!(log.read(Sequence(1), 1).unwrap().len(), 1);
}
