//! Retries: what is repeated, for how long, and what became of a write whose answer was lost.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use headwater_objects::object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, UpdateVersion};
use headwater_objects::{Fault, Faulty, Operation, RetryPolicy, Retrying, Rule};

use crate::support::{eager, faulty, key, local, memory, milliseconds, read};

fn once(fault: Fault, operation: Operation) -> Rule {
    Rule::new(fault).operation(operation).times(1)
}

fn retrying(faulty: &Faulty) -> Retrying {
    Retrying::new(Arc::new(faulty.clone()), eager())
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_succeeds() {
    let faulty = faulty().rule(once(Fault::ErrorAfter, Operation::Put));
    let store = retrying(&faulty);
    let put = store.put_opts(&key("a"), "ours".into(), PutMode::Create.into()).await.unwrap();
    assert_eq!(store.head(&key("a")).await.unwrap().e_tag, put.e_tag);
    assert_eq!(store.repeated(), 1);
}

#[tokio::test]
async fn a_create_that_someone_else_won_fails() {
    // The same length, so that only the content tells.
    for fault in [Fault::ErrorBefore, Fault::ErrorAfter] {
        let inner = memory();
        inner.put(&key("a"), "else".into()).await.unwrap();
        let faulty = Faulty::new(inner, 1).rule(once(fault, Operation::Put));
        let put =
            retrying(&faulty).put_opts(&key("a"), "ours".into(), PutMode::Create.into()).await;
        assert!(matches!(put, Err(Error::AlreadyExists { .. })), "{put:?}");
        assert_eq!(read(&faulty, "a").await.unwrap(), "else");
    }
}

#[tokio::test]
async fn a_mark_tells_writers_of_the_same_content_apart() {
    for (fault, winner) in [(Fault::ErrorBefore, false), (Fault::ErrorAfter, true)] {
        let inner = memory();
        let faulty = Faulty::new(Arc::clone(&inner), 1).rule(once(fault, Operation::Put));
        let slow = RetryPolicy { first_pause: milliseconds(200), ..eager() };
        let slow = RetryPolicy { longest_pause: milliseconds(200), seed: Some(7), ..slow };
        let store = Retrying::new(Arc::new(faulty), slow).with_marks();
        let place = key("a");
        let ours = store.put_opts(&place, "same".into(), PutMode::Create.into());
        let theirs = async {
            tokio::task::yield_now().await;
            inner.put_opts(&place, "same".into(), PutMode::Create.into()).await
        };
        let (ours, theirs) = tokio::join!(ours, theirs);
        assert_eq!((ours.is_ok(), theirs.is_ok()), (winner, !winner), "{fault:?}: {ours:?}");
    }
}

#[tokio::test]
async fn a_create_that_was_torn_is_not_taken_for_ours() {
    let faulty = faulty().rule(once(Fault::Torn, Operation::Put));
    let put = retrying(&faulty).put_opts(&key("a"), "ours".into(), PutMode::Create.into()).await;
    assert!(matches!(put, Err(Error::AlreadyExists { .. })), "{put:?}");
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_succeeds_and_a_stale_one_fails() {
    let faulty = faulty().rule(once(Fault::ErrorAfter, Operation::Put).keys("a").skip(1));
    let store = retrying(&faulty);
    let first: UpdateVersion = store.put(&key("a"), "1".into()).await.unwrap().into();
    let update = PutMode::Update(first);
    store.put_opts(&key("a"), "2".into(), update.clone().into()).await.unwrap();
    let stale = store.put_opts(&key("a"), "2".into(), update.into()).await;
    assert!(matches!(stale, Err(Error::Precondition { .. })), "{stale:?}");
    assert_eq!(store.repeated(), 1);
}

#[tokio::test]
async fn a_delete_copy_or_rename_whose_answer_was_lost_succeeds() {
    let local = local();
    let faulty = Faulty::new(Arc::new(local.store.clone()), 1)
        .rule(once(Fault::ErrorAfter, Operation::Delete))
        .rule(once(Fault::ErrorAfter, Operation::Copy))
        .rule(once(Fault::ErrorAfter, Operation::Rename));
    let store = retrying(&faulty);
    store.put(&key("a"), "a".into()).await.unwrap();
    store.copy_if_not_exists(&key("a"), &key("b")).await.unwrap();
    store.rename_if_not_exists(&key("b"), &key("c")).await.unwrap();
    store.delete(&key("c")).await.unwrap();
    assert_eq!((faulty.injected().len(), store.repeated()), (3, 3));
    assert!(read(&store, "c").await.is_err());
}

#[tokio::test]
async fn a_body_goes_on_where_it_broke_off() {
    let rule = Rule::new(Fault::Torn).operation(Operation::Body).times(5);
    let faulty = faulty().rule(rule);
    let store = retrying(&faulty);
    let content: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
    store.put(&key("a"), content.clone().into()).await.unwrap();
    assert!(read(&store, "a").await.unwrap() == content);
    assert_eq!(faulty.injected().len(), 5);
}

#[tokio::test]
async fn a_body_does_not_go_on_with_another_version() {
    let faulty = faulty().rule(once(Fault::Torn, Operation::Body));
    let store = retrying(&faulty);
    store.put(&key("a"), "0123456789".into()).await.unwrap();
    let mut body = store.get(&key("a")).await.unwrap().into_stream();
    body.next().await.unwrap().unwrap();
    store.put(&key("a"), "another.. ".into()).await.unwrap();
    let rest: Result<Vec<_>, _> = body.try_collect().await;
    assert!(matches!(rest, Err(Error::Precondition { .. })), "{rest:?}");
}

#[tokio::test(start_paused = true)]
async fn the_budgets_of_attempts_and_time_hold() {
    let policy = RetryPolicy { seed: Some(3), ..RetryPolicy::default() };
    let few = RetryPolicy { attempts: 4, ..policy.clone() };
    let short = RetryPolicy { attempts: 1000, give_up_after: milliseconds(2_000), ..policy };
    for (policy, most) in [(few, 4), (short, 100)] {
        let faulty = faulty().rule(Rule::new(Fault::ErrorBefore));
        let store = Retrying::new(Arc::new(faulty.clone()), policy);
        let started = tokio::time::Instant::now();
        let error = store.put(&key("a"), "x".into()).await.unwrap_err().to_string();
        assert!(error.contains("times in") && error.contains("injected"), "{error}");
        assert!((2..=most).contains(&faulty.injected().len()));
        assert!(started.elapsed() <= milliseconds(2_000));
    }
}

#[tokio::test]
async fn an_answer_is_not_repeated() {
    let store = retrying(&faulty());
    store.put(&key("a"), "x".into()).await.unwrap();
    assert!(matches!(read(&store, "b").await, Err(Error::NotFound { .. })));
    let put = store.put_opts(&key("a"), "x".into(), PutMode::Create.into()).await;
    assert!(matches!(put, Err(Error::AlreadyExists { .. })), "the same content, but not our put");
    assert_eq!(store.repeated(), 0);
}

#[tokio::test]
async fn many_deletions_get_done() {
    let local = local();
    let rule = Rule::new(Fault::ErrorAfter).operation(Operation::Delete).chance(0.4);
    let faulty = Faulty::new(Arc::new(local.store.clone()), 3).rule(rule);
    let store = retrying(&faulty);
    let keys: Vec<_> = (0..40).map(|number| key(&format!("d/{number}"))).collect();
    for key in &keys {
        store.put(key, "x".into()).await.unwrap();
    }
    let locations = futures_util::stream::iter(keys.clone()).map(Ok).boxed();
    let deleted: Vec<_> = store.delete_stream(locations).try_collect().await.unwrap();
    assert_eq!(deleted, keys);
    assert!(crate::support::names(&local.store).await.is_empty());
}
