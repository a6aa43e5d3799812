//! A warm tier in S3: a server on loopback, at `HEADWATER_S3`, with the bucket `headwater`.

use std::ops::ControlFlow;

use headwater_testkit::s3;
use headwater_vector::primitives::ErrorKind;
use headwater_vector::{Demote, WarmTier};

use super::support::{demote, embedding, filled, nearest, opened, row};
use crate::support::{defects, refused};

/// A warm tier of its own in the server's bucket, if there is a server.
fn bucket() -> Option<WarmTier> {
    let place = s3("vector")?;
    let tier = WarmTier::at(format!("{}/rows.lance", place.url));
    Some(place.settings.into_iter().fold(tier, |tier, (key, value)| tier.option(key, value)))
}

#[test]
fn a_warm_tier_in_s3_is_one_like_any_other() {
    let Some(tier) = bucket() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (ns, store) = opened(folder.path());
    store.load((0..400).map(|id| Ok(row(id))), |_| ()).unwrap();
    store.set_warm_tier(tier.clone()).wait().unwrap();
    assert_eq!(demote(&store, Demote::keep(100)).moved, 300);
    store.set_embedding(3, Some(&embedding(900))).wait().unwrap();
    store.delete(7).wait().unwrap();
    assert_eq!(demote(&store, Demote::all()).moved, 101);
    drop(store);
    ns.close().unwrap();
    assert!(!folder.path().join("lake").exists());

    let (ns, store) = opened(folder.path());
    assert_eq!(store.get(5).wait().unwrap(), Some(row(5)));
    assert_eq!(nearest(&store, 900, 1), [3.into()]);
    assert_eq!(nearest(&store, 7, 2), [6.into(), 8.into()]);
    assert_eq!(nearest(&store, 0, 1_000).len(), 399);
    assert_eq!(defects(&ns), Vec::<String>::new());

    let (_other, store) = filled(10);
    store.set_warm_tier(tier).wait().unwrap();
    let demoted = store.demote(Demote::all(), |_| ControlFlow::Continue(()));
    refused(demoted, ErrorKind::AlreadyExists, &["somebody else's"]);
}

#[test]
fn settings_that_a_service_does_not_have_are_refused_at_once() {
    let (_ns, store) = filled(1);
    let tier = WarmTier::at("s3://bucket/rows.lance").option("aws_colour", "green");
    let refusal = store.set_warm_tier(tier).wait();
    refused(refusal, ErrorKind::InvalidInput, &["s3://bucket/rows.lance", "aws_colour"]);
    let refusal = store.set_warm_tier(WarmTier::at("s3:///rows.lance")).wait();
    refused(refusal, ErrorKind::InvalidInput, &["no bucket"]);
    let refusal = store.set_warm_tier(WarmTier::at("ftp://host/rows.lance")).wait();
    refused(refusal, ErrorKind::InvalidInput, &["no store for ftp"]);
}
