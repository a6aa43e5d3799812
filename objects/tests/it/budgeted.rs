//! The budget: never more in flight than allowed, first come first served, nobody waits for ever.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::join_all;
use headwater_objects::object_store::ObjectStoreExt;
use headwater_objects::{Budgeted, Fault, Faulty, Operation, Rule};

use crate::support::{key, memory, milliseconds};

fn slow(operation: Operation) -> Arc<Faulty> {
    let rule = Rule::new(Fault::Slow(milliseconds(100))).operation(operation);
    Arc::new(Faulty::new(memory(), 1).rule(rule))
}

#[tokio::test(start_paused = true)]
async fn no_more_is_in_flight_than_allowed() {
    let store = Budgeted::new(slow(Operation::Put), 8 << 10);
    let put = |number: u32| {
        let store = store.clone();
        async move { store.put(&key(&format!("k{number}")), vec![0; 4 << 10].into()).await }
    };
    let watch = async {
        let mut most = 0;
        for _ in 0..50 {
            tokio::time::sleep(milliseconds(10)).await;
            most = most.max(store.metrics().bytes_in_flight);
        }
        most
    };
    let started = tokio::time::Instant::now();
    let (results, most) = tokio::join!(join_all((0..6).map(put)), watch);
    results.into_iter().for_each(|result| drop(result.unwrap()));
    assert_eq!(most, 8 << 10);
    assert!(started.elapsed() >= milliseconds(300), "six puts went two at a time");
    let metrics = store.metrics();
    assert_eq!((metrics.writes, metrics.bytes_written), (6, 24 << 10));
    assert_eq!((metrics.bytes_in_flight, metrics.errors), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_large_request_is_not_overtaken_for_ever() {
    let store = Budgeted::new(slow(Operation::Put), 4 << 10);
    let put = |name: &'static str, size: usize| {
        let store = store.clone();
        async move {
            store.put(&key(name), vec![0; size].into()).await.unwrap();
            (name, tokio::time::Instant::now())
        }
    };
    // Larger than the whole budget: it goes alone, after the first and before the third.
    let ends = tokio::join!(put("small", 1 << 10), put("large", 64 << 10), put("last", 1 << 10));
    assert!(ends.0.1 < ends.1.1 && ends.1.1 < ends.2.1, "{ends:?}");
}

#[tokio::test]
async fn two_bodies_can_be_read_in_turn() {
    let inner = memory();
    inner.put(&key("a"), vec![1; 1 << 20].into()).await.unwrap();
    let store = Budgeted::new(inner, 1 << 10);
    let mut one = store.get(&key("a")).await.unwrap().into_stream();
    let mut other = store.get(&key("a")).await.unwrap().into_stream();
    let mut read = 0;
    loop {
        match (one.next().await, other.next().await) {
            (None, None) => break,
            (a, b) => read += [a, b].into_iter().flatten().map(|c| c.unwrap().len()).sum::<usize>(),
        }
    }
    assert_eq!(read, 2 << 20);
    assert_eq!(store.metrics().bytes_read, 2 << 20);
}
