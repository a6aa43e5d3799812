//! A namespace that is opened read-only follows its owner.

use std::time::Duration;

use futures_lite::future;
use headwater_cdc::{ChangeLog, EventFilter, Start};
use headwater_primitives::{ErrorKind, Namespace};
use serde_json::json;

use crate::support::{Items, events_of, sequences};

#[test]
fn a_follower_sees_what_the_owner_commits() {
    let folder = tempfile::tempdir().unwrap();
    let items = Items::open(&Namespace::open(folder.path()).unwrap());
    items.put("a", json!({}));
    let follower = Namespace::builder(folder.path()).read_only().open().unwrap();
    let changes = ChangeLog::open(&follower).unwrap();
    let mut subscription = changes.subscribe(Start::Beginning, EventFilter::all()).unwrap();
    let batch = subscription.next_batch_wait(Duration::from_secs(10)).unwrap().unwrap();
    assert_eq!(sequences(&events_of(&batch)), [1]);

    items.put("b", json!({}));
    let batch = future::block_on(subscription.next_batch()).unwrap();
    assert_eq!(sequences(&events_of(&batch)), [2]);

    // What was committed between opening and subscribing is not new.
    items.put("c", json!({}));
    let mut now = changes.subscribe(Start::Now, EventFilter::all()).unwrap();
    assert!(now.try_next_batch().unwrap().is_none());

    assert_eq!(changes.cursor("x").wait().unwrap_err().kind(), ErrorKind::ReadOnly);
    follower.close().unwrap();
    let closed = future::block_on(now.next_batch()).unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::Closed);
}
