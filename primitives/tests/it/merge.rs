//! Merging small segments: fewer rows, the same records, and it comes to an end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use headwater_primitives::{Namespace, Result, SegmentLog, Sequence, Timestamp};

use crate::support::in_time;

fn append(ns: &Namespace, log: &SegmentLog, payloads: Vec<usize>) {
    let log = log.clone();
    let write = ns.transaction(move |tx| -> Result<()> {
        for len in payloads {
            let next = tx.next_sequence(&log).0;
            tx.append(&log, if next % 2 == 0 { "even" } else { "odd" }, &vec![next as u8; len])?;
        }
        Ok(())
    });
    write.wait().unwrap();
}

fn segments(ns: &Namespace, log: &SegmentLog) -> u64 {
    ns.query(|conn| log.stats(conn)).unwrap().segments
}

/// Commit times from `from` on, as headers and records tell them, a few segments at a time.
fn times(ns: &Namespace, log: &SegmentLog, from: u64) -> Vec<(Sequence, Timestamp)> {
    let (mut times, mut from) = (Vec::new(), Some(Sequence(from)));
    while let Some(start) = from {
        let part = ns.query(|conn| {
            log.times_in(conn, (start, log.head()), 9_000, |first, time| times.push((first, time)))
        });
        from = part.unwrap();
    }
    times
}

fn check(ns: &Namespace, log: &SegmentLog) {
    let all = times(ns, log, 1);
    assert!(all.is_sorted());
    let time_of = |sequence| {
        let after = all.partition_point(|(first, _)| *first <= sequence);
        all[after - 1].1
    };
    let mut next = 1;
    for segment in log.read(Sequence(1), usize::MAX).unwrap() {
        for record in segment.records() {
            let record = record.unwrap();
            assert_eq!(record.sequence.0, next);
            assert_eq!(record.timestamp, time_of(record.sequence));
            assert_eq!(&**record.tag, if next % 2 == 0 { "even" } else { "odd" });
            assert!(record.payload.iter().all(|byte| *byte == next as u8));
            next += 1;
        }
    }
    assert_eq!(next, log.head().0 + 1);
    for from in [2, next / 2, next - 1] {
        let (first, time) = times(ns, log, from)[0];
        assert!(first.0 <= from && time <= time_of(Sequence(from)), "from {from}");
    }
    assert!(times(ns, log, next).is_empty());
    assert_eq!(ns.query(|conn| log.verify(conn)).unwrap(), Vec::<String>::new());
}

fn merge(ns: &Namespace) -> u64 {
    let ns = ns.clone();
    in_time(move || ns.merge_segments().unwrap())
}

#[test]
fn many_small_segments_become_few() {
    let ns = Namespace::in_memory().unwrap();
    let log = SegmentLog::open(&ns, "log").unwrap();
    for _ in 0..600 {
        append(&ns, &log, vec![100, 0]);
    }
    let bytes = || ns.query(|conn| log.stats(conn)).unwrap().bytes;
    let before = bytes();
    merge(&ns);
    assert!(segments(&ns, &log) < 300, "{} segments", segments(&ns, &log));
    assert!(bytes() < before / 2, "{} bytes of {before}", bytes());
    check(&ns, &log);
}

/// Small segments before a large one cannot wait for more to come.
#[test]
fn merging_comes_to_an_end_whatever_the_sizes_are() {
    const LARGE: usize = 600_000;
    let patterns: [&[usize]; 7] = [
        &[10, LARGE],
        &[LARGE],
        &[LARGE, 10],
        &[10, LARGE, 10, LARGE],
        &[300_000],
        &[200_000, 300_000],
        &[10, 10, 10, 300_000],
    ];
    for pattern in patterns {
        let ns = Namespace::in_memory().unwrap();
        let log = SegmentLog::open(&ns, "log").unwrap();
        for _ in 0..40usize.div_ceil(pattern.len()) {
            for len in pattern {
                append(&ns, &log, vec![*len]);
            }
        }
        merge(&ns);
        check(&ns, &log);
        append(&ns, &log, vec![10]);
        merge(&ns);
        check(&ns, &log);
    }
}

#[test]
fn units_stay_whole_over_merges() {
    let ns = Namespace::in_memory().unwrap();
    let log = SegmentLog::open(&ns, "log").unwrap();
    for unit in 0..400 {
        append(&ns, &log, vec![50; 1 + unit % 4]);
    }
    append(&ns, &log, vec![100_000; 12]);
    merge(&ns);
    let mut unit = (0, 0, 0);
    for segment in log.read(Sequence(1), usize::MAX).unwrap() {
        for record in segment.records() {
            let found = record.unwrap().unit;
            let (first, index, total) = unit;
            unit = (found.first.0, found.index, found.total);
            if found.index == 0 {
                assert_eq!(index + 1, total.max(1), "the unit before is whole");
            } else {
                assert_eq!(unit, (first, index + 1, total));
            }
        }
    }
    assert_eq!((unit.1 + 1, unit.2), (12, 12));
    check(&ns, &log);
}

#[test]
fn readers_see_no_gap_while_segments_are_merged_and_cut() {
    let ns = Namespace::in_memory().unwrap();
    let log = SegmentLog::open(&ns, "log").unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for bytes in [1, 5_000, 1 << 20] {
            let (log, done) = (&log, &done);
            scope.spawn(move || {
                let mut next = 1;
                while !done.load(Ordering::SeqCst) || next <= log.head().0 {
                    for segment in log.read(Sequence(next), bytes).unwrap() {
                        let behind = segment.first().0 > next;
                        assert!(
                            !behind || log.start().0 > next,
                            "a gap before {}",
                            segment.first()
                        );
                        for record in segment.records() {
                            next = next.max(record.unwrap().sequence.0 + 1);
                        }
                    }
                }
            });
        }
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                ns.merge_segments().unwrap();
                let (inside, keep) = (log.clone(), log.head().0.saturating_sub(500));
                let cut = ns.transaction(move |tx| inside.truncate_before(tx, Sequence(keep), 64));
                cut.wait().unwrap();
            }
        });
        for round in 0..4_000 {
            append(&ns, &log, vec![if round % 200 == 0 { 100_000 } else { 40 }]);
        }
        done.store(true, Ordering::SeqCst);
    });
    assert!(log.start().0 > 1, "retention did something");
    assert!(segments(&ns, &log) < 4_000);
    assert_eq!(ns.query(|conn| log.verify(conn)).unwrap(), Vec::<String>::new());
}
