//! S3 for real: a server on loopback, at `HEADWATER_S3`, with the bucket `headwater`.

use std::sync::Arc;

use headwater_objects::object_store::{ObjectStore, ObjectStoreExt, PutMode};
use headwater_objects::testing::{conformance, long_listing};
use headwater_objects::{Fault, Faulty, Objects, OpenOptions, Operation, Retrying, Rule, open};
use headwater_testkit::s3;

use crate::support::{eager, key, read, stubborn};

/// A place of its own in the server's bucket, if there is a server.
fn bucket(name: &str) -> Option<Objects> {
    let place = s3(name)?;
    let options: OpenOptions = place.settings.into_iter().collect();
    Some(open(&place.url, &options.retry(eager())).unwrap())
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
    let store = Retrying::new(Arc::new(faulty.clone()), stubborn());
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
