//! The measured process: loads half of the rows alone, and half beside searches.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use headwater_vector::primitives::Namespace;
use headwater_vector::{VectorOptions, VectorStore};
use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::resident::peak_resident_bytes;
use crate::statistics::quantile;
use crate::vector::loading::rows::Rows;

/// Searches of a store at rest.
const IDLE_SEARCHES: usize = 2000;
/// Between two looks at whether the indexes have caught up.
const LOOK: Duration = Duration::from_millis(50);
/// A store that has not come to rest by then never will.
const REST: Duration = Duration::from_secs(600);

/// What was measured; rates in rows per second.
#[derive(Serialize, Deserialize)]
pub(super) struct Figures {
    pub(super) rate_alone: f64,
    pub(super) rate_beside_searches: f64,
    pub(super) peak_bytes: f64,
    pub(super) idle: Latency,
    pub(super) loading: Latency,
}

/// What searches took.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Latency {
    /// How many there were: one that waits for long leaves no time for others.
    pub(super) searches: f64,
    pub(super) p50_millis: f64,
    pub(super) p99_millis: f64,
}

/// The process of the loading case.
#[derive(Args)]
pub(crate) struct VectorLoading {
    #[arg(long)]
    rows: u64,
    #[arg(long)]
    folder: PathBuf,
}

impl VectorLoading {
    pub(crate) fn run(&self) -> Outcome<()> {
        let rows = Rows::read()?;
        let namespace = Namespace::open(&self.folder)?;
        let options = VectorOptions::new(rows.dimensions());
        let store = VectorStore::create(&namespace, "loaded", options)?;
        // From the first search on the indexes are kept up.
        search(&store, &rows, 0)?;

        let half = self.rows / 2;
        let rate_alone = load(&store, &rows, 0..half)?;
        come_to_rest(&store)?;
        let searches = (0..IDLE_SEARCHES).map(|nth| search(&store, &rows, nth));
        let idle = latency(searches.collect::<Outcome<_>>()?);
        let (rate_beside_searches, loading) = load_beside_searches(&store, &rows, half..self.rows)?;

        let peak = peak_resident_bytes().ok_or("/proc/self/status cannot be read")?;
        let peak_bytes = peak as f64;
        let figures = Figures { rate_alone, rate_beside_searches, peak_bytes, idle, loading };
        println!("{}", serde_json::to_string(&figures)?);
        Ok(())
    }
}

/// Rows per second.
fn load(store: &VectorStore, rows: &Rows, numbers: Range<u64>) -> Outcome<f64> {
    let count = (numbers.end - numbers.start) as f64;
    let started = Instant::now();
    store.load(numbers.map(|number| Ok(rows.nth(number))), |_| ())?;
    Ok(count / started.elapsed().as_secs_f64())
}

fn load_beside_searches(
    store: &VectorStore,
    rows: &Rows,
    numbers: Range<u64>,
) -> Outcome<(f64, Latency)> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let loader = scope.spawn(|| {
            let rate = load(store, rows, numbers);
            done.store(true, Ordering::Release);
            rate
        });
        let mut micros = Vec::new();
        while !done.load(Ordering::Acquire) {
            micros.push(search(store, rows, micros.len())?);
        }
        Ok((loader.join().map_err(|_| "the loading thread panicked")??, latency(micros)))
    })
}

/// One search by words and a vector; returns its microseconds.
fn search(store: &VectorStore, rows: &Rows, nth: usize) -> Outcome<u32> {
    let (text, vector) = rows.query(nth);
    let started = Instant::now();
    std::hint::black_box(store.search().query(text).vector(vector).limit(10).run().wait()?);
    Ok(u32::try_from(started.elapsed().as_micros())?)
}

fn latency(mut micros: Vec<u32>) -> Latency {
    let searches = micros.len() as f64;
    let mut millis = |share| f64::from(quantile(&mut micros, share)) / 1000.0;
    Latency { searches, p50_millis: millis(0.5), p99_millis: millis(0.99) }
}

fn come_to_rest(store: &VectorStore) -> Outcome<()> {
    let started = Instant::now();
    while store.index_stats().wait()?.unlinked > 0 {
        if started.elapsed() > REST {
            return Err("the graph does not catch up".into());
        }
        thread::sleep(LOOK);
    }
    Ok(())
}
