//! A lake in S3: a server on loopback, at `HEADWATER_S3`, with the bucket `headwater`.

use std::time::Duration;

use headwater_document::DocumentStore;
use headwater_document::primitives::Namespace;
use headwater_testkit::s3;
use headwater_tiering::objects::OpenOptions;
use headwater_tiering::{LakeOptions, Policy, Tier};
use serde_json::json;

use super::hand_off;
use super::moving::people;
use super::upkeep::last_only;
use crate::support::{all, defects, events, folded, stored};

/// A lake of its own in the server's bucket, if there is a server.
fn bucket() -> Option<LakeOptions> {
    let place = s3("document")?;
    let objects: OpenOptions = place.settings.into_iter().collect();
    Some(LakeOptions::new().location(place.url).objects(objects))
}

#[test]
fn a_lake_in_s3_is_one_like_any_other() {
    let Some(options) = bucket() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut rows = people(300);
    {
        let ns = Namespace::open(folder.path()).unwrap();
        let tier = Tier::open(&ns, options.clone()).unwrap();
        let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
        store.bulk_insert(&rows).wait().unwrap();
        assert_eq!(hand_off(&store, Policy::All).unwrap().rows, 300);
        assert_eq!(all(&store), rows);
        store.merge_patch("p0003", &json!({"age": 99})).wait().unwrap();
        rows[3]["age"] = json!(99);
        store.delete("p0299").wait().unwrap();
        rows.pop();
        assert_eq!(hand_off(&store, Policy::All).unwrap().deleted, 2);
        let compacted = tier.compact(&store).wait().unwrap();
        assert_eq!((compacted.rows, compacted.dropped), (299, 2));
        let expiry = last_only(&ns);
        let expired = tier.expire(&store, expiry).grace(Duration::ZERO).wait().unwrap();
        assert!(expired.deleted > 0);
        // The server's clock counts in seconds.
        std::thread::sleep(Duration::from_millis(1100));
        tier.clean(&store).older_than(Duration::ZERO).wait().unwrap();
        assert_eq!(all(&store), rows);
        ns.close().unwrap();
    }
    let ns = Namespace::open(folder.path()).unwrap();
    // Credentials are not kept.
    Tier::open(&ns, options).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    assert_eq!(all(&store), rows);
    assert_eq!(folded(&events(&ns), "people"), stored(&store));
    assert_eq!(defects(&ns), [""; 0]);
}
