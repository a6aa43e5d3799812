//! Many threads, each committing one document after the other, every commit fsynced.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::Outcome;
use crate::bench::Bench;
use crate::documents::Document;
use crate::engines::{Engine, RowCache};
use crate::report::{Better, Metric, params};
use crate::statistics::quantile;

pub(crate) const CASE: &str = "durable-commits";
const COMMITS: Metric = Metric { name: "commits", unit: "commits/s", better: Better::Higher };
const LATENCY: Metric = Metric { name: "latency-p99", unit: "ms", better: Better::Lower };
const THREADS: [usize; 2] = [16, 64];

/// More than the fastest system commits in the time it has.
const DOCUMENTS: usize = 300_000;

pub(crate) fn run(bench: &mut Bench) -> Outcome<()> {
    let time = Duration::from_millis(bench.count(1500, 300) as u64);
    let documents = Document::range(0..bench.count(DOCUMENTS, DOCUMENTS / 5) as u64)?;
    for threads in THREADS {
        let params = params(json!({"threads": threads}));
        for turn in bench.turns() {
            let folder = bench.fresh(CASE)?;
            let system = &bench.systems[turn];
            let engine = (system.open)(&folder, RowCache::On)?;
            let measured = measure(engine.as_ref(), &documents, threads, time)?;
            bench.report.record(CASE, &COMMITS, &params, system.label(), measured.per_second);
            bench.report.record(CASE, &LATENCY, &params, system.label(), measured.p99_millis);
        }
    }
    Ok(())
}

struct Measured {
    per_second: f64,
    p99_millis: f64,
}

fn measure(
    engine: &dyn Engine,
    documents: &[Document],
    threads: usize,
    time: Duration,
) -> Outcome<Measured> {
    let next = AtomicUsize::new(0);
    let barrier = Barrier::new(threads + 1);
    let commit = || -> Outcome<Vec<u32>> {
        let mut micros = Vec::new();
        barrier.wait();
        let started = Instant::now();
        while started.elapsed() < time {
            let Some(document) = documents.get(next.fetch_add(1, Ordering::Relaxed)) else {
                break;
            };
            let asked = Instant::now();
            engine.durable_commit(document)?;
            micros.push(u32::try_from(asked.elapsed().as_micros())?);
        }
        Ok(micros)
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(commit)).collect();
        barrier.wait();
        let started = Instant::now();
        let mut micros = Vec::new();
        for worker in workers {
            micros.extend(worker.join().map_err(|_| "a committing thread panicked")??);
        }
        let seconds = started.elapsed().as_secs_f64();
        Ok(Measured {
            per_second: micros.len() as f64 / seconds,
            p99_millis: f64::from(quantile(&mut micros, 0.99)) / 1000.0,
        })
    })
}
