//! Damage is named.

use headwater_cdc::{EventFilter, Start};
use headwater_primitives::{ErrorKind, Result, SegmentLog};
use serde_json::json;

use crate::support::Items;

fn defects(items: &Items) -> Vec<String> {
    items.ns.snapshot(|snapshot| items.changes.verify(snapshot.sql())).unwrap()
}

#[test]
fn a_sound_log_has_no_defects() {
    let items = Items::in_memory();
    items.put_many(40);
    let writer = items.clone();
    items
        .ns
        .transaction(move |tx| writer.changes.publish(tx, "Counted", &json!({"n": 40})))
        .wait()
        .unwrap();
    items.ns.merge_segments().unwrap();
    assert_eq!(defects(&items), Vec::<String>::new());
}

#[test]
fn a_flipped_byte_is_reported_with_its_segment() {
    let items = Items::in_memory();
    items.put_many(3);
    items
        .ns
        .transaction(|tx| -> Result<()> {
            // The segment of the second commit: its last byte.
            tx.sql().execute(
                "UPDATE segments SET data = CAST(substr(data, 1, length(data) - 1) || x'ee' AS BLOB) \
                 WHERE id = (SELECT id FROM segments ORDER BY id LIMIT 1 OFFSET 1)",
                [],
            )?;
            Ok(())
        })
        .wait()
        .unwrap();
    let found = defects(&items);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("segment at sequence 2"), "{found:?}");
    let mut subscription = items.changes.subscribe(Start::Beginning, EventFilter::all()).unwrap();
    assert_eq!(subscription.try_next_batch().unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn a_record_that_does_not_decode_is_reported_with_its_sequence() {
    let items = Items::in_memory();
    items.put_many(2);
    let log = SegmentLog::open(&items.ns, "changes").unwrap();
    let append = move |tag: &'static str, payload: &'static [u8]| {
        let log = log.clone();
        items.ns.transaction(move |tx| tx.append(&log, tag, payload)).wait().unwrap();
        defects(&items)
    };
    let found = append("document/items", &[0xff]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("event 3: a record starts with 0xff"), "{found:?}");
    let found = append("elsewhere/items", &[0b0100_0001, 0, 0]);
    assert!(found[1].contains("event 4") && found[1].contains("no store"), "{found:?}");
    let found = append("document/items", &[0b0100_0001, 0, 0x0f]);
    assert!(found[2].contains("event 5: after"), "{found:?}");
}
