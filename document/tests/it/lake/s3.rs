//! A lake in S3: a server on loopback, at `HEADWATER_S3`, with the bucket `headwater`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headwater_document::DocumentStore;
use headwater_document::primitives::Namespace;
use headwater_tiering::objects::OpenOptions;
use headwater_tiering::{LakeOptions, Policy, Tier};
use serde_json::json;

use super::hand_off;
use super::moving::people;
use super::upkeep::last_only;
use crate::support::{all, defects, events, folded, stored};

/// A place of its own in the server's bucket; `None` without a server, which with `CI=true` is a
/// failure.
fn bucket() -> Option<LakeOptions> {
    let Ok(endpoint) = std::env::var("HEADWATER_S3") else {
        let message = "HEADWATER_S3 names no S3 server; `cargo xtask test` starts one";
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{message}");
        println!("skipped: {message}");
        return None;
    };
    let objects = OpenOptions::new()
        .set("aws_endpoint", endpoint)
        .set("aws_allow_http", "true")
        .set("aws_region", "us-east-1")
        .set("aws_access_key_id", "test")
        .set("aws_secret_access_key", "test");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let url = format!("s3://headwater/document/{}-{now}", std::process::id());
    Some(LakeOptions::new().location(url).objects(objects))
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
