//! Threads that write and search at once, close in the middle, and share stores and handles.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use headwater_vector::primitives::filter::field;
use headwater_vector::primitives::{Durability, ErrorKind, Namespace};
use headwater_vector::{Metric, RecordId, VectorOptions, VectorStore};

use super::support::{direction, full, ids, opened, options, with_word};
use crate::support::defects;

const DIMENSIONS: usize = 16;

fn create(ns: &Namespace, name: &str) -> VectorStore {
    let options = VectorOptions::new(DIMENSIONS).metric(Metric::L2).filters(["group"]);
    VectorStore::create(ns, name, options).unwrap()
}

fn embedding(id: i64) -> Vec<f32> {
    direction(id as u64, DIMENSIONS)
}

fn word(id: i64) -> String {
    // Stemming leaves these as they are.
    format!("w{id}x")
}

/// Whether each way of searching finds the row that was written as `id`.
fn found(store: &VectorStore, id: i64) -> [bool; 4] {
    let query = embedding(id);
    let has = |hits: Vec<RecordId>| hits.contains(&id.into());
    let search = || store.search().limit(3);
    [
        search().query(&word(id)),
        search().vector(&query),
        search().vector(&query).exact(),
        search().vector(&query).filter(field("group").eq(id % 5)),
    ]
    .map(|search| has(ids(&search.run().wait().unwrap())))
}

fn put(store: &VectorStore, id: i64) {
    store.put(&full(id, &embedding(id), &word(id), id % 5)).wait().unwrap();
}

/// Writes, looks, deletes and looks again, with ids of its own, until it is told to stop.
fn churn(store: &VectorStore, thread: i64, stop: &AtomicBool) -> i64 {
    let mut id = thread;
    while !stop.load(Ordering::Relaxed) {
        put(store, id);
        assert_eq!(found(store, id), [true; 4], "row {id} was acknowledged");
        let gone = id - 40;
        if gone >= thread {
            store.delete(gone).wait().unwrap();
            assert_eq!(found(store, gone), [false; 4], "row {gone} was deleted");
        }
        id += 4;
    }
    id
}

#[test]
fn a_search_sees_what_was_acknowledged_before_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::builder(folder.path()).durability(Durability::Os).open().unwrap();
    let store = create(&ns, "rows");
    let other_handle = create(&ns, "rows");
    let base: Vec<_> =
        (100_000..101_500).map(|id| full(id, &embedding(id), &word(id), id % 5)).collect();
    store.bulk_insert(&base).wait().unwrap();
    let stop = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let stop = &stop;
        let threads: Vec<_> = [&store, &other_handle, &store]
            .into_iter()
            .enumerate()
            .map(|(thread, store)| scope.spawn(move || churn(store, thread as i64, stop)))
            .collect();
        let until = Instant::now() + Duration::from_secs(4);
        let mut round = 0;
        while Instant::now() < until {
            // Rows that nobody touches are always there.
            let id = 100_000 + round % 1_500;
            assert_eq!(found(&store, id)[0..3], [true; 3], "row {id} was always there");
            let hits = store.search().vector(&embedding(id)).limit(50).run().wait().unwrap();
            assert_eq!(hits.len(), 50);
            round += 1;
        }
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    println!("{written:?}");
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn a_row_that_is_moved_about_is_found_where_it_was_put_last() {
    let ns = Namespace::in_memory().unwrap();
    let store = create(&ns, "rows");
    let base: Vec<_> = (100..900).map(|id| full(id, &embedding(id), &word(id), 0)).collect();
    store.bulk_insert(&base).wait().unwrap();
    let until = Instant::now() + Duration::from_secs(2);
    std::thread::scope(|scope| {
        for id in 0..3 {
            let store = &store;
            scope.spawn(move || {
                let mut place = 1_000 * (id + 1);
                while Instant::now() < until {
                    store.set_embedding(id, Some(&embedding(place))).wait().err();
                    store.put(&full(id, &embedding(place), &word(place), 0)).wait().unwrap();
                    let hits = store.search().vector(&embedding(place)).run().wait().unwrap();
                    let hit = &hits[0];
                    assert_eq!((&hit.id, hit.distance), (&id.into(), Some(0.0)));
                    assert_eq!(with_word(store, &word(place)), [id.into()]);
                    assert_eq!(with_word(store, &word(place - 1)), []);
                    place += 1;
                }
            });
        }
    });
}

#[test]
fn closing_while_threads_search_and_write_ends_all_of_them_with_closed() {
    for _ in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let ns = Namespace::open(folder.path()).unwrap();
        let store = create(&ns, "rows");
        let (acknowledged, started) = (AtomicU64::new(0), Instant::now());
        std::thread::scope(|scope| {
            let (acknowledged, store) = (&acknowledged, &store);
            scope.spawn(move || {
                let ended = (0..).find_map(|id| {
                    let row = full(id, &embedding(id), &word(id), 0);
                    let error = store.put(&row).wait().err();
                    acknowledged.fetch_add(u64::from(error.is_none()), Ordering::SeqCst);
                    error
                });
                assert_eq!(ended.unwrap().kind(), ErrorKind::Closed);
            });
            for _ in 0..2 {
                scope.spawn(move || {
                    let search = || store.search().query("w1x").vector(&embedding(1));
                    let ended = (0..).find_map(|_| search().run().wait().err());
                    assert_eq!(ended.unwrap().kind(), ErrorKind::Closed);
                });
            }
            std::thread::sleep(Duration::from_millis(150));
            ns.close().unwrap();
        });
        assert!(started.elapsed() < Duration::from_secs(10));
        // The old handles live on, and are in nobody's way.
        let ns = Namespace::open(folder.path()).unwrap();
        let again = create(&ns, "rows");
        let search = again.search().vector(&embedding(0)).limit(100_000);
        let hits = search.run().wait().unwrap().len() as u64;
        assert!(hits >= acknowledged.load(Ordering::SeqCst));
        assert_eq!(with_word(&again, "w0x"), [0.into()]);
        assert_eq!(store.search().query("w1x").run().wait().unwrap_err().kind(), ErrorKind::Closed);
    }
}

#[test]
fn dropping_the_last_handle_closes_while_the_index_is_at_work() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let (ns, store) = opened(folder.path(), Metric::Cosine);
        let rows: Vec<_> = (round * 300..(round + 1) * 300)
            .map(|id| full(id, &direction(id as u64, 4), "stone", 0))
            .collect();
        store.bulk_insert(&rows).wait().unwrap();
        assert_eq!(with_word(&store, "stone").len() as i64, (round + 1) * 300);
        drop((ns, store));
        // Lets the folder go at once, or a little later when a thread still holds it.
        let until = Instant::now() + Duration::from_secs(10);
        while let Err(error) = Namespace::open(folder.path()).and_then(Namespace::close) {
            assert!(error.kind() == ErrorKind::Locked && Instant::now() < until, "{error}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn many_stores_of_one_namespace_keep_apart() {
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::builder(folder.path()).durability(Durability::Os).open().unwrap();
    let stores: Vec<VectorStore> = (0..12)
        .map(|at| VectorStore::create(&ns, &format!("rows{at}"), options(Metric::L2)).unwrap())
        .collect();
    std::thread::scope(|scope| {
        for (at, store) in stores.iter().enumerate() {
            scope.spawn(move || {
                for id in 0..15 {
                    let text = format!("store{at}x");
                    store
                        .put(&full(id, &[1.0, id as f32, at as f32, 0.5], &text, 0))
                        .wait()
                        .unwrap();
                    assert_eq!(with_word(store, &text).len() as i64, id + 1);
                }
            });
        }
    });
    for (at, store) in stores.iter().enumerate() {
        for other in 0..stores.len() {
            let expected = if other == at { 15 } else { 0 };
            assert_eq!(with_word(store, &format!("store{other}x")).len(), expected);
        }
        let hits = store.search().vector(&[1.0, 3.0, at as f32, 0.5]).run().wait().unwrap();
        assert_eq!((&hits[0].id, hits[0].distance), (&3.into(), Some(0.0)));
    }
    assert_eq!(defects(&ns), Vec::<String>::new());
}
