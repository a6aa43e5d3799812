//! Gets by id in random order, from pages and from the row cache, on one thread and on two.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use serde_json::json;

use crate::Outcome;
use crate::bench::Bench;
use crate::documents::{Document, Random};
use crate::engines::{Engine, RowCache, System};
use crate::report::{Better, Metric, params};

pub(crate) const CASE: &str = "point-get";
const GETS: Metric = Metric { name: "gets", unit: "gets/s", better: Better::Higher };
const SCALING: Metric = Metric { name: "scaling", unit: "x one thread", better: Better::Higher };
const THREADS: [usize; 2] = [1, 2];

/// Peers have no row cache and take part in both, as they are.
const SOURCES: [(RowCache, &str); 2] = [(RowCache::Off, "pages"), (RowCache::On, "row cache")];

pub(crate) fn run(bench: &mut Bench) -> Outcome<()> {
    let documents = Document::range(0..bench.count(100_000, 20_000) as u64)?;
    let gets = bench.count(200_000, 40_000);
    for system in &bench.systems {
        fill(bench, system, &documents)?;
    }
    for (row_cache, source) in SOURCES {
        let mut engines = Vec::new();
        for system in &bench.systems {
            let engine = (system.open)(&bench.work().join(folder_of(system)), row_cache)?;
            warm(engine.as_ref(), &documents)?;
            engines.push(engine);
        }
        for turn in bench.turns() {
            let label = bench.systems[turn].label();
            let mut rates = [0.0; THREADS.len()];
            for (threads, rate) in THREADS.into_iter().zip(&mut rates) {
                *rate = measure(engines[turn].as_ref(), documents.len(), threads, gets)?;
                let params = params(json!({"from": source, "threads": threads}));
                bench.report.record(CASE, &GETS, &params, label, *rate);
            }
            let params = params(json!({"from": source, "threads": THREADS[1]}));
            bench.report.record(CASE, &SCALING, &params, label, rates[1] / rates[0]);
        }
    }
    Ok(())
}

fn folder_of(system: &System) -> String {
    format!("{CASE}-{}", system.name)
}

fn fill(bench: &Bench, system: &System, documents: &[Document]) -> Outcome<()> {
    let folder = bench.fresh(&folder_of(system))?;
    let engine = (system.open)(&folder, RowCache::On)?;
    engine.bulk(documents)?;
    engine.settle()
}

/// Reads everything once, and holds that every system returns the very bytes that went in.
fn warm(engine: &dyn Engine, documents: &[Document]) -> Outcome<()> {
    let ids: Vec<u64> = documents.iter().map(|one| one.order.id).collect();
    let mut expected = documents.iter();
    let mut wrong = 0;
    engine.reader()?.get_each(&ids, &mut |bytes| {
        let same = expected.next().is_some_and(|document| document.bytes == bytes);
        wrong += usize::from(!same);
    })?;
    if wrong == 0 { Ok(()) } else { Err(format!("{wrong} documents came back changed").into()) }
}

/// Gets per second of all threads together, each into a buffer of its own.
fn measure(engine: &dyn Engine, documents: usize, threads: usize, gets: usize) -> Outcome<f64> {
    let barrier = Barrier::new(threads + 1);
    let read = |thread: usize| -> Outcome<()> {
        let mut random = Random(thread as u64);
        let ids: Vec<u64> = (0..gets).map(|_| random.below(documents as u64)).collect();
        let reader = engine.reader();
        let mut buffer = Vec::with_capacity(4096);
        barrier.wait();
        reader?.get_each(&ids, &mut |bytes| {
            buffer.clear();
            buffer.extend_from_slice(bytes);
            black_box(&buffer);
        })
    };
    let read = &read;
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || read(thread))).collect();
        barrier.wait();
        let started = Instant::now();
        for worker in workers {
            worker.join().map_err(|_| "a reading thread panicked")??;
        }
        Ok((threads * gets) as f64 / started.elapsed().as_secs_f64())
    })
}
