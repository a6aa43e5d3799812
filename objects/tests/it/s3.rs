//! S3 for real: a server on loopback, at `HEADWATER_S3`, with the bucket `headwater`.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use headwater_objects::object_store::{ObjectStore, ObjectStoreExt, PutMode};
use headwater_objects::testing::{conformance, long_listing};
use headwater_objects::{Fault, Faulty, Objects, OpenOptions, Operation, Retrying, Rule, open};

use crate::script::Script;
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
    let url = format!("s3://headwater/{name}/{}-{now}", std::process::id());
    Some(open(&url, &options(&endpoint)).unwrap())
}

fn options(endpoint: &str) -> OpenOptions {
    OpenOptions::new()
        .set("aws_endpoint", endpoint)
        .set("aws_allow_http", "true")
        .set("aws_region", "us-east-1")
        .set("aws_access_key_id", "test")
        .set("aws_secret_access_key", "test")
        .set("aws_copy_if_not_exists", "multipart")
        .retry(eager())
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

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_service_is_asked_again() {
    let script = Script::play(vec![
        "503 Slow Down\r\n",
        "500 Internal Server Error\r\n",
        "200 OK\r\nETag: \"1\"\r\n",
    ]);
    let objects = open("s3://headwater/x", &options(&script.endpoint())).unwrap();
    let put = objects.put(&key("a"), "content".into()).await.unwrap();
    assert_eq!(put.e_tag.as_deref(), Some("\"1\""));
    assert_eq!(script.asked(), ["PUT /headwater/x/a"; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_a_service_is_final() {
    let script = Script::play(vec!["400 Bad Request\r\n"]);
    let objects = open("s3://headwater", &options(&script.endpoint())).unwrap();
    let error = objects.put(&key("a"), "content".into()).await.unwrap_err().to_string();
    assert!(error.contains("400"), "{error}");
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_did_it_and_said_500_is_found_out() {
    let found = "200 OK\r\nETag: \"1\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n";
    let ours = format!("{found}x-amz-meta-headwater-put: {}\r\n", Script::MARK);
    let theirs = format!("{found}x-amz-meta-headwater-put: another\r\n");
    for (found, is_ours) in [(ours, true), (theirs, false)] {
        let lost = "500 Internal Server Error\r\n";
        let script = Script::play(vec![lost, "412 Precondition Failed\r\n", found.as_str()]);
        let objects = open("s3://headwater", &options(&script.endpoint())).unwrap();
        let put = objects.put_opts(&key("a"), "content".into(), PutMode::Create.into()).await;
        assert_eq!(put.is_ok(), is_ours, "{put:?}");
        let asked = ["PUT /headwater/a", "PUT /headwater/a", "HEAD /headwater/a"];
        assert_eq!(script.asked(), asked);
    }
}
