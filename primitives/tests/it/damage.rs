//! Damage to a stored log is loud: reading and verifying name the segment, and nothing is skipped.

use headwater_primitives::{ErrorKind, Namespace, Result, SegmentLog, Sequence, Timestamp};
use headwater_testkit::Rng;

use crate::support::sql;

/// A log with three segments: records 1 to 3, a compressed one with 4 and 5, and 6.
fn damaged_log() -> (Namespace, SegmentLog) {
    let ns = Namespace::in_memory().unwrap();
    let log = SegmentLog::open(&ns, "orders").unwrap();
    for payloads in [vec![20, 0, 30], vec![60_000, 60_000], vec![25]] {
        let inside = log.clone();
        let write = ns.transaction(move |tx| -> Result<()> {
            for len in payloads {
                tx.append(&inside, "tag", &vec![7; len])?;
            }
            Ok(())
        });
        write.wait().unwrap();
    }
    (ns, log)
}

fn segments(ns: &Namespace) -> Vec<(i64, Vec<u8>)> {
    ns.query(|conn| -> Result<_> {
        let mut statement = conn.prepare("SELECT id, data FROM segments ORDER BY id")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
    .unwrap()
}

fn store(ns: &Namespace, id: i64, data: Vec<u8>) {
    let update = ns.transaction(move |tx| -> Result<()> {
        tx.sql().execute("UPDATE segments SET data = ? WHERE id = ?", (data, id))?;
        Ok(())
    });
    update.wait().unwrap();
}

fn verify(ns: &Namespace, log: &SegmentLog) -> Vec<String> {
    ns.query(|conn| log.verify(conn)).unwrap()
}

/// What reading the whole log from `from` gives.
fn read(log: &SegmentLog, from: u64) -> Result<u64> {
    let mut records = 0;
    for segment in log.read(Sequence(from), usize::MAX)? {
        for record in segment.records() {
            record?;
            records += 1;
        }
    }
    Ok(records)
}

/// Commit times from `from` on.
fn times(ns: &Namespace, log: &SegmentLog, from: u64) -> Result<Vec<(Sequence, Timestamp)>> {
    let mut times = Vec::new();
    let add = |first, time| times.push((first, time));
    let next = ns.query(|conn| log.times_in(conn, (Sequence(from), Sequence(9)), 1 << 20, add))?;
    assert_eq!(next, None);
    Ok(times)
}

/// Reading from anywhere up to `first` fails and says where; verifying names only that.
#[track_caller]
fn assert_named(ns: &Namespace, log: &SegmentLog, first: u64, what: &str) {
    let name = format!("log \"orders\", segment at sequence {first}: ");
    for from in 1..=first {
        let error = read(log, from).expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{what}: {error}");
        assert!(error.to_string().contains(&name), "{what}: {error}");
    }
    let found = verify(ns, log);
    assert!(found.len() == 1 && found[0].contains(&name), "{what}: {found:?}");
}

#[test]
fn a_log_without_damage_reads_whole() {
    let (ns, log) = damaged_log();
    assert_eq!((read(&log, 1).unwrap(), verify(&ns, &log).len()), (6, 0));
    assert_eq!(segments(&ns).len(), 3);
    assert_eq!([1, 3, 4, 6, 7].map(|from| times(&ns, &log, from).unwrap().len()), [3, 3, 2, 1, 0]);
}

#[test]
fn times_of_a_segment_with_a_damaged_header_are_never_others() {
    let (ns, log) = damaged_log();
    let right = times(&ns, &log, 1).unwrap();
    let mut rng = Rng::new(1);
    let mut found = 0;
    for (id, data) in segments(&ns) {
        for at in 0..56 {
            let mut damaged = data.clone();
            damaged[at] ^= 1 + rng.below(255) as u8;
            store(&ns, id, damaged);
            match times(&ns, &log, 1) {
                Ok(times) => assert_eq!(times, right, "byte {at}"),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Corrupt, "byte {at}: {error}");
                    found += 1;
                }
            }
        }
        store(&ns, id, data);
    }
    assert!(found > 100, "{found} of {}", 3 * 56);
    store(&ns, segments(&ns)[1].0, Vec::new());
    let error = times(&ns, &log, 1).unwrap_err();
    assert!(error.to_string().contains("segment at sequence 4"), "{error}");
}

#[test]
fn any_changed_byte_of_a_segment_is_found_and_named() {
    let (ns, log) = damaged_log();
    let mut rng = Rng::new(1);
    for ((id, data), first) in segments(&ns).into_iter().zip([1, 4, 6]) {
        for at in 0..data.len() {
            let mut damaged = data.clone();
            damaged[at] ^= 1 + rng.below(255) as u8;
            store(&ns, id, damaged);
            assert_named(&ns, &log, first, &format!("byte {at}"));
        }
        store(&ns, id, data);
    }
    assert_eq!((read(&log, 1).unwrap(), verify(&ns, &log).len()), (6, 0));
}

#[test]
fn a_segment_that_is_cut_or_grown_or_empty_is_found_and_named() {
    let (ns, log) = damaged_log();
    for ((id, data), first) in segments(&ns).into_iter().zip([1, 4, 6]) {
        for len in (0..data.len()).step_by(7) {
            store(&ns, id, data[..len].to_vec());
            assert_named(&ns, &log, first, &format!("{len} bytes left"));
        }
        store(&ns, id, [data.as_slice(), &[0]].concat());
        assert_named(&ns, &log, first, "one byte more");
        store(&ns, id, data);
    }
}

#[test]
fn a_segment_whose_header_tells_a_lie_with_a_correct_checksum_is_no_panic() {
    let (ns, log) = damaged_log();
    let (id, data) = segments(&ns).remove(0);
    // Count, raw length, tags length, body length.
    for at in [16, 36, 40, 44].into_iter().flat_map(|field| field..field + 4) {
        for value in [0, 1, 2, 0x7f, 0xff] {
            let mut lie = data.clone();
            lie[at] = value;
            let sum = crc(&lie);
            lie[52..56].copy_from_slice(&sum.to_le_bytes());
            store(&ns, id, lie);
            let (from_first, found) = (read(&log, 1), verify(&ns, &log));
            match from_first {
                Ok(records) => assert_eq!((records, found.len()), (6, 0), "byte {at} = {value}"),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Corrupt, "byte {at} = {value}: {error}");
                    assert!(!found.is_empty(), "byte {at} = {value}: {error}");
                }
            }
        }
    }
}

/// CRC-32C, bit by bit, as the format page says: all but the checksum's own four bytes.
fn crc(data: &[u8]) -> u32 {
    let covered = data[..52].iter().chain(&data[56..]);
    !covered.fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 }
        })
    })
}

#[test]
fn a_segment_of_a_newer_format_is_told_from_damage() {
    let (ns, log) = damaged_log();
    let (id, mut data) = segments(&ns).remove(0);
    data[4] = 2;
    let sum = crc(&data);
    data[52..56].copy_from_slice(&sum.to_le_bytes());
    store(&ns, id, data);
    let error = read(&log, 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NewerVersion, "{error}");
    assert!(error.to_string().contains("segment at sequence 1"), "{error}");
}

#[test]
fn a_segment_that_is_missing_is_named_wherever_it_was() {
    for (index, (first, last)) in [(0, (1, 3)), (1, (4, 5)), (2, (6, 6))] {
        let (ns, log) = damaged_log();
        let (id, _) = segments(&ns).remove(index);
        sql(&ns, format!("DELETE FROM segments WHERE id = {id}")).wait().unwrap();
        for from in 1..=last {
            let error = read(&log, from).expect_err("a hole");
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
            let at = format!("segment at sequence {}", from.max(first));
            assert!(error.to_string().contains(&at), "from {from}: {error}");
            assert_eq!(times(&ns, &log, from).expect_err("a hole").to_string(), error.to_string());
        }
        let found = verify(&ns, &log);
        assert_eq!(found.len(), 1, "{found:?}");
        let range = format!("sequences {first} to {last} are missing");
        assert!(found[0].contains("\"orders\"") && found[0].contains(&range), "{found:?}");
    }
}

#[test]
fn a_log_whose_segments_are_all_missing_is_not_an_empty_log() {
    let (ns, log) = damaged_log();
    sql(&ns, "DELETE FROM segments").wait().unwrap();
    assert_eq!(read(&log, 1).unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(verify(&ns, &log).len(), 1);
    assert_eq!(read(&log, 7).unwrap(), 0, "nothing was written there");
}

#[test]
fn segments_that_changed_places_are_found() {
    let (ns, log) = damaged_log();
    let rows = segments(&ns);
    store(&ns, rows[0].0, rows[2].1.clone());
    store(&ns, rows[2].0, rows[0].1.clone());
    assert_eq!(read(&log, 1).unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(times(&ns, &log, 1).unwrap_err().kind(), ErrorKind::Corrupt);
    assert!(!verify(&ns, &log).is_empty());
}

/// A unit that is larger than a segment has its number of records in a table of its own.
fn with_spanning_unit() -> (Namespace, SegmentLog) {
    let ns = Namespace::in_memory().unwrap();
    let log = SegmentLog::open(&ns, "orders").unwrap();
    let inside = log.clone();
    let write = ns.transaction(move |tx| -> Result<()> {
        (0..5).try_for_each(|_| tx.append(&inside, "tag", &[7; 200_000]).map(drop))
    });
    write.wait().unwrap();
    (ns, log)
}

#[test]
fn a_unit_across_segments_whose_count_is_lost_is_found_and_named() {
    let (ns, log) = with_spanning_unit();
    assert_eq!((read(&log, 1).unwrap(), verify(&ns, &log).len()), (5, 0));
    sql(&ns, "DELETE FROM segment_units").wait().unwrap();
    let error = read(&log, 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("segment at sequence 1"), "{error}");
    assert!(!verify(&ns, &log).is_empty());
}

#[test]
fn a_unit_across_segments_whose_count_is_wrong_is_found() {
    for total in [0, 1, 4, 6] {
        let (ns, log) = with_spanning_unit();
        sql(&ns, format!("UPDATE segment_units SET total = {total}")).wait().unwrap();
        assert!(!verify(&ns, &log).is_empty(), "{total} of 5 records");
    }
}

#[test]
fn merging_stops_at_a_damaged_segment_and_changes_nothing() {
    let (ns, log) = damaged_log();
    for _ in 0..300 {
        let inside = log.clone();
        ns.transaction(move |tx| tx.append(&inside, "tag", b"x")).wait().unwrap();
    }
    let before = segments(&ns);
    let (id, mut data) = before[50].clone();
    let last = data.len() - 1;
    data[last] ^= 1;
    store(&ns, id, data);
    let damaged = segments(&ns);
    if let Err(error) = ns.merge_segments() {
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains("orders"), "{error}");
    }
    let after = segments(&ns);
    assert!(after.iter().any(|row| *row == damaged[50]), "the evidence is kept");
    assert_eq!(verify(&ns, &log).len(), 1);
}

#[test]
fn merging_does_not_hide_that_a_segment_is_missing() {
    let (ns, log) = damaged_log();
    for _ in 0..300 {
        let inside = log.clone();
        ns.transaction(move |tx| tx.append(&inside, "tag", b"x")).wait().unwrap();
    }
    let (id, _) = segments(&ns)[50];
    sql(&ns, format!("DELETE FROM segments WHERE id = {id}")).wait().unwrap();
    let before = verify(&ns, &log);
    assert_eq!(before.len(), 1, "{before:?}");
    let _ = ns.merge_segments();
    assert_eq!(verify(&ns, &log), before);
    assert_eq!(read(&log, 1).unwrap_err().kind(), ErrorKind::Corrupt);
}
