//! Where a warm tier can be.

use std::ops::ControlFlow;

use headwater_vector::primitives::ErrorKind;
use headwater_vector::{Demote, WarmTier};

use super::support::{demote, filled, nearest, opened, row};
use crate::support::{defects, refused};

#[test]
fn any_url_will_do_and_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let url = format!("file://{}/rows.lance", elsewhere.path().display());
    let (ns, store) = opened(folder.path());
    store.load((0..40).map(|id| Ok(row(id))), |_| ()).unwrap();
    store.set_warm_tier(WarmTier::at(&url)).wait().unwrap();
    demote(&store, Demote::keep(10));
    drop(store);
    ns.close().unwrap();
    assert!(!folder.path().join("lake").exists());
    let (ns, store) = opened(folder.path());
    assert_eq!(store.get(3).wait().unwrap(), Some(row(3)));
    let moved = store.set_warm_tier(WarmTier::local()).wait();
    refused(moved, ErrorKind::InvalidInput, &["it stays there"]);
    store.set_warm_tier(WarmTier::at(&url)).wait().unwrap();
    assert_eq!(nearest(&store, 0, 100).len(), 40);
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn memory_is_for_namespaces_in_memory() {
    let (ns, store) = filled(40);
    store.set_warm_tier(WarmTier::at("memory://warm/rows.lance")).wait().unwrap();
    demote(&store, Demote::keep(10));
    store.set_embedding(3, Some(&super::support::embedding(90))).wait().unwrap();
    demote(&store, Demote::all());
    assert_eq!(nearest(&store, 90, 1), [3.into()]);
    assert_eq!(nearest(&store, 0, 100).len(), 40);
    assert_eq!(defects(&ns), Vec::<String>::new());

    let folder = tempfile::tempdir().unwrap();
    let (_ns, store) = opened(folder.path());
    let refusal = store.set_warm_tier(WarmTier::at("memory://warm")).wait();
    refused(refusal, ErrorKind::InvalidInput, &["would be gone"]);
    let refusal = store.set_warm_tier(WarmTier::at("lake/rows")).wait();
    refused(refusal, ErrorKind::InvalidInput, &["no URL"]);
}

#[test]
fn a_dataset_of_somebody_else_s_is_left_alone() {
    let elsewhere = tempfile::tempdir().unwrap();
    let url = format!("file://{}/rows.lance", elsewhere.path().display());
    let (_first, one) = filled(10);
    one.set_warm_tier(WarmTier::at(&url)).wait().unwrap();
    demote(&one, Demote::all());
    let (_second, other) = filled(10);
    other.set_warm_tier(WarmTier::at(&url)).wait().unwrap();
    let demoted = other.demote(Demote::all(), |_| ControlFlow::Continue(()));
    refused(demoted, ErrorKind::AlreadyExists, &["somebody else's"]);
    assert_eq!(nearest(&one, 0, 100).len(), 10);
    assert_eq!(nearest(&other, 0, 100).len(), 10);
}
