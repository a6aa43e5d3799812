//! Files of every released format version stay readable.

use headwater_primitives::{
    Attributes, ManualClock, Namespace, Result, Segment, SegmentLog, Sequence, Timestamp,
    WriteOptions,
};

const SEGMENT_1: &[u8] = include_bytes!("../fixtures/segment-1.bin");

/// What the fixture was made from: `BLESS=1` makes it anew, for a new version beside the old one.
fn written_today() -> Vec<u8> {
    let clock = ManualClock::new(Timestamp(1_700_000_000_000_000));
    let ns = Namespace::builder_in_memory().clock(clock).open().unwrap();
    let log = SegmentLog::open(&ns, "changes").unwrap();
    let attributes = Attributes { actor: Some("ada".into()), ..Attributes::default() };
    let options = WriteOptions { attributes, ..WriteOptions::default() };
    let inside = log.clone();
    ns.transaction_with(options, move |tx| -> Result<Sequence> {
        tx.append(&inside, "document/customers", b"first")?;
        tx.append(&inside, "event", b"")
    })
    .wait()
    .unwrap();
    ns.query(|sql| -> Result<_> {
        Ok(sql.query_row("SELECT data FROM segments", [], |row| row.get(0))?)
    })
    .unwrap()
}

#[test]
fn a_segment_of_version_1_is_read() {
    if std::env::var_os("BLESS").is_some() {
        let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        std::fs::write(format!("{folder}/tests/fixtures/segment-1.bin"), written_today()).unwrap();
    }
    let segment = Segment::decode(SEGMENT_1).unwrap();
    let records: Vec<_> = segment.records().map(Result::unwrap).collect();
    let seen: Vec<_> = records.iter().map(|record| (&**record.tag, record.payload)).collect();
    assert_eq!(seen, [("document/customers", &b"first"[..]), ("event", b"")]);
    assert_eq!(records[1].sequence, Sequence(2));
    assert_eq!(records[1].timestamp, Timestamp(1_700_000_000_000_000));
    assert_eq!((records[1].unit.first, records[1].unit.index), (Sequence(1), 1));
    assert_eq!(records[1].unit.total, 2);
    let attributes = Attributes::decode(records[1].unit.meta).unwrap();
    assert_eq!(attributes.actor.as_deref(), Some("ada"));
}

#[test]
fn today_s_segments_have_the_bytes_of_the_fixture() {
    assert_eq!(written_today(), SEGMENT_1, "the format has changed: give it a new version");
}
