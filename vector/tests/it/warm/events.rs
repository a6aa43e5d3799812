//! What the change log says of rows whose embeddings are in the warm tier.

use headwater_vector::Demote;
use headwater_vector::cdc::ChangeLog;
use serde_json::Value;

use super::support::{demote, embedding, filled, row};
use crate::support::events;

fn embeddings(event: &headwater_vector::cdc::UnifiedEvent) -> [Option<Value>; 2] {
    let of = |side: Option<Value>| side.and_then(|row| row.get("embedding").cloned());
    [of(event.before_value().unwrap()), of(event.after_value().unwrap())]
}

#[test]
fn a_move_is_no_event_and_what_stays_warm_is_left_out_on_both_sides() {
    let (ns, store) = filled(10);
    let count = events(&ns).len();
    demote(&store, Demote::all());
    assert_eq!(events(&ns).len(), count);
    store.set_text(1, Some("moss")).wait().unwrap();
    store.set_embedding(2, Some(&embedding(20))).wait().unwrap();
    store.update(3, |row| row.text = None).wait().unwrap();
    store.delete(4).wait().unwrap();
    let events = events(&ns);
    let shown: Vec<[bool; 2]> =
        events[count..].iter().map(|event| embeddings(event).map(|side| side.is_some())).collect();
    // The update had the whole row in hand.
    assert_eq!(shown, [[false, false], [false, true], [true, true], [false, false]]);
}

#[test]
fn a_snapshot_shows_whole_rows() {
    let (ns, store) = filled(10);
    demote(&store, Demote::keep(4));
    let changes = ChangeLog::open(&ns).unwrap();
    let mut stream = changes.snapshot_then_stream(store.clone()).unwrap();
    let mut rows = Vec::new();
    while let Some(batch) = stream.try_next_batch().unwrap() {
        for event in batch.events() {
            rows.push(event.unwrap().after::<headwater_vector::Row>().unwrap().unwrap());
        }
    }
    assert_eq!(rows, (0..10).map(row).collect::<Vec<_>>());
}
