//! What becomes of positions when commits may have been lost.

use headwater_cdc::{EventFilter, Position, Start};
use headwater_primitives::{Durability, ErrorKind, Namespace, Sequence};
use serde_json::json;

use crate::support::{Items, drain, sequences};

/// The folder as a crash would leave it: copied while the namespace is open.
fn crash(from: &std::path::Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for file in ["hot.db", "hot.db-wal"] {
        std::fs::copy(from.join(file), to.path().join(file)).unwrap();
    }
    to
}

#[test]
fn a_position_in_the_common_history_stays_good_in_a_new_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::builder(folder.path()).durability(Durability::Os).open().unwrap();
    let items = Items::open(&ns);
    items.put_many(5);
    let cursor = items.changes.cursor("search").wait().unwrap();
    let mut subscription = cursor.subscribe(EventFilter::all()).unwrap().batch_bytes(1);
    for _ in 0..3 {
        subscription.try_next_batch().unwrap().unwrap().ack().wait().unwrap();
    }
    let old = ns.epoch();
    let folder = crash(folder.path());

    let items = Items::open(&Namespace::open(folder.path()).unwrap());
    assert!(items.ns.epoch() > old, "commits may have been lost");
    items.put("later", json!({}));
    let cursor = items.changes.cursor("search").wait().unwrap();
    let at = Position { epoch: old, sequence: Sequence(3) };
    assert_eq!(cursor.position().wait().unwrap(), Some(at));
    let mut subscription = cursor.subscribe(EventFilter::all()).unwrap();
    let batch = subscription.try_next_batch().unwrap().unwrap();
    assert_eq!(sequences(&crate::support::events_of(&batch)), [4, 5, 6]);
    assert_eq!(batch.position().epoch, items.ns.epoch());
    batch.ack().wait().unwrap();
    assert!(drain(&mut cursor.subscribe(EventFilter::all()).unwrap()).is_empty());

    // Somebody saw sequence 6 in the old epoch: it was another event.
    let lost = Start::After(Position { epoch: old, sequence: Sequence(6) });
    let error = items.changes.subscribe(lost, EventFilter::all()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ResnapshotRequired);
}
