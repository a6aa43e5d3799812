//! Cutting a log inside transactions: what is kept, and what readers are told of it.

use headwater_primitives::{Error, Namespace, Result, SegmentLog, Sequence};
use headwater_testkit::Rng;

use crate::support::together;

/// Bytes that do not compress.
fn payload(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    Rng::new(seed).fill(&mut bytes);
    bytes
}

#[test]
fn a_cut_of_the_log_is_kept_when_a_later_member_of_the_group_fails() {
    let ns = Namespace::in_memory().unwrap();
    let log = SegmentLog::open(&ns, "log").unwrap();
    for _ in 0..4 {
        let inside = log.clone();
        ns.transaction(move |tx| tx.append(&inside, "tag", b"x")).wait().unwrap();
    }
    let cuts = [(3, true), (4, false)].map(|(keep, succeeds)| {
        let log = log.clone();
        ns.transaction(move |tx| {
            log.truncate_before(tx, Sequence(keep), 100)?;
            if succeeds { Ok(()) } else { Err(Error::invalid("on purpose")) }
        })
    });
    let told = together(&ns, cuts);
    assert!(told[0].is_ok() && told[1].is_err());
    let stored = ns.query(|conn| log.start_in(conn)).unwrap();
    assert_eq!((stored, log.start()), (Sequence(3), Sequence(3)));
}

#[test]
fn a_cut_of_everything_keeps_what_its_own_group_appends() {
    let ns = Namespace::in_memory().unwrap();
    let log = SegmentLog::open(&ns, "log").unwrap();
    let append = |bytes: usize| {
        let log = log.clone();
        ns.transaction(move |tx| {
            for n in 0..bytes.div_ceil(300_000) as u64 {
                tx.append(&log, "tag", &payload(n * 3, bytes.min(300_000)))?;
            }
            Ok(())
        })
    };
    append(10).wait().unwrap();
    let (inside, large) = (log.clone(), 12 << 20);
    let cut = ns.transaction(move |tx| -> Result<()> {
        for n in 0..(large / 300_000) as u64 {
            tx.append(&inside, "tag", &payload(n * 3, 300_000))?;
        }
        inside.truncate_before(tx, Sequence(2), 100)?;
        Ok(())
    });
    for told in together(&ns, [append(10), cut, append(10)]) {
        told.unwrap();
    }
    assert_eq!(log.start(), Sequence(2));
    assert_eq!(ns.query(|conn| log.verify(conn)).unwrap(), Vec::<String>::new());
    assert_eq!(log.read(Sequence(2), 1).unwrap()[0].first(), Sequence(2));
}
