//! Faults: the same for the same seed, what they leave behind, and that they are recorded.

use std::sync::Arc;

use headwater_objects::object_store::{ObjectStore, ObjectStoreExt};
use headwater_objects::{Fault, Faulty, Injected, Operation, Rule};

use crate::support::{faulty, key, local, memory, names, read};

async fn run(seed: u64, order: impl Iterator<Item = u32> + Clone) -> Vec<Injected> {
    let store = Faulty::new(memory(), seed)
        .rule(Rule::new(Fault::ErrorBefore).operation(Operation::Put).chance(0.3))
        .rule(Rule::new(Fault::ErrorAfter).chance(0.2));
    for number in order.clone() {
        let _ = store.put(&key(&format!("k{number}")), "x".into()).await;
        let _ = store.get(&key(&format!("k{number}"))).await;
    }
    let mut injected = store.injected();
    injected.sort_by_key(|one| (one.key.clone(), one.operation as u8, one.earlier));
    injected
}

#[tokio::test]
async fn a_seed_gives_the_same_faults_in_any_order() {
    let forward = run(5, 0..200).await;
    assert_eq!(forward, run(5, (0..200).rev()).await);
    assert_ne!(forward, run(6, 0..200).await);
    assert!((80..220).contains(&forward.len()), "{}", forward.len());
}

#[tokio::test]
async fn a_rule_strikes_where_and_as_often_as_it_says() {
    let rule = Rule::new(Fault::ErrorBefore).operation(Operation::Put).keys("m/*").skip(1).times(2);
    let store = faulty().rule(rule);
    let mut failed = Vec::new();
    for number in 0..5 {
        store.put(&key("other"), "x".into()).await.unwrap();
        if store.put(&key("m/a"), "x".into()).await.is_err() {
            failed.push(number);
        }
    }
    assert_eq!(failed, [1, 2]);
    let recorded: Vec<_> = store.injected().into_iter().map(|one| (one.key, one.earlier)).collect();
    assert_eq!(recorded, [("m/a".to_owned(), 1), ("m/a".to_owned(), 2)]);
}

#[tokio::test]
async fn an_error_before_does_nothing_and_one_after_does_it() {
    for (fault, there) in [(Fault::ErrorBefore, false), (Fault::ErrorAfter, true)] {
        let store = faulty().rule(Rule::new(fault).operation(Operation::Put));
        assert!(store.put(&key("a"), "x".into()).await.is_err());
        assert_eq!(read(&store, "a").await.is_ok(), there, "{fault:?}");
        let store = faulty().rule(Rule::new(fault).operation(Operation::Delete));
        store.put(&key("a"), "x".into()).await.unwrap();
        assert!(store.delete(&key("a")).await.is_err());
        assert_eq!(read(&store, "a").await.is_err(), there, "{fault:?}");
    }
}

#[tokio::test]
async fn a_torn_put_leaves_a_beginning() {
    let store = faulty().rule(Rule::new(Fault::Torn).operation(Operation::Put));
    assert!(store.put(&key("a"), "0123456789".into()).await.is_err());
    assert_eq!(read(&store, "a").await.unwrap(), "01234");
}

#[tokio::test]
async fn a_torn_body_breaks_off() {
    let store = faulty().rule(Rule::new(Fault::Torn).operation(Operation::Body));
    store.put(&key("a"), "0123456789".into()).await.unwrap();
    assert!(read(&store, "a").await.is_err());
}

#[tokio::test]
async fn a_torn_upload_leaves_a_beginning_or_nothing() {
    let local = local();
    for (operation, left) in [(Operation::Complete, &["a"][..]), (Operation::Part, &[])] {
        let inner: Arc<dyn ObjectStore> = Arc::new(local.store.clone());
        let store = Faulty::new(inner, 1).rule(Rule::new(Fault::Torn).operation(operation));
        let mut upload = store.put_multipart(&key("a")).await.unwrap();
        let parts = [upload.put_part("0123".into()).await, upload.put_part("4567".into()).await];
        assert_eq!(parts.iter().all(Result::is_ok), operation == Operation::Complete);
        assert!(upload.complete().await.is_err());
        drop(upload);
        assert_eq!(names(&local.store).await, left);
        if operation == Operation::Complete {
            assert_eq!(read(&local.store, "a").await.unwrap(), "01");
            local.store.delete(&key("a")).await.unwrap();
        }
    }
}
