//! S3 for real: a server on loopback, at `HEADWATER_S3`, with the bucket `headwater`.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use headwater_objects::object_store::{ObjectStore, ObjectStoreExt, PutMode};
use headwater_objects::testing::{conformance, long_listing};
use headwater_objects::{Fault, Faulty, Objects, OpenOptions, Operation, Retrying, Rule, open};

use crate::support::{eager, key, read};

/// A place of its own in the server's bucket. Without a server it prints that the test is skipped
/// and returns `None`; with `CI=true` it panics, since there a skipped test would look like a
/// passed one.
fn bucket(name: &str) -> Option<Objects> {
    let Ok(endpoint) = std::env::var("HEADWATER_S3") else {
        let message = "HEADWATER_S3 names no S3 server; `cargo xtask test` starts one";
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{message}");
        eprintln!("skipped: {message}");
        return None;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let options = OpenOptions::new()
        .set("aws_endpoint", endpoint)
        .set("aws_allow_http", "true")
        .set("aws_region", "us-east-1")
        .set("aws_access_key_id", "test")
        .set("aws_secret_access_key", "test")
        .retry(eager());
    let url = format!("s3://headwater/{name}/{}-{now}", std::process::id());
    Some(open(&url, &options).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_conforms() {
    if let Some(objects) = bucket("conformance") {
        conformance(objects.store()).await;
        long_listing(objects.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_conforms_though_its_answers_are_lost() {
    let Some(objects) = bucket("faults") else {
        return;
    };
    let operations =
        [Operation::Put, Operation::Get, Operation::Body, Operation::Delete, Operation::List];
    let rule = |fault| operations.into_iter().fold(Rule::new(fault), Rule::operation).chance(0.1);
    let faulty = Faulty::new(objects.store(), 11)
        .rule(rule(Fault::ErrorBefore))
        .rule(rule(Fault::ErrorAfter))
        .rule(Rule::new(Fault::Torn).operation(Operation::Body).chance(0.2));
    let store = Retrying::new(Arc::new(faulty.clone()), eager());
    conformance(Arc::new(store)).await;
    assert!(faulty.injected().len() > 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conditional_put_to_s3_has_one_winner_and_knows_its_own() {
    let Some(objects) = bucket("lost") else {
        return;
    };
    let rule = Rule::new(Fault::ErrorAfter).operation(Operation::Put).times(1);
    let faulty = Faulty::new(objects.store(), 1).rule(rule);
    let store = Retrying::new(Arc::new(faulty), eager());
    let create = PutMode::Create;
    let created = store.put_opts(&key("a"), "ours".into(), create.clone().into()).await.unwrap();
    assert!(store.put_opts(&key("a"), "else".into(), create.into()).await.is_err());
    let update = PutMode::Update(created.into());
    store.put_opts(&key("a"), "next".into(), update.into()).await.unwrap();
    assert_eq!(read(&*objects, "a").await.unwrap(), "next");
    objects.delete(&key("a")).await.unwrap();
}
