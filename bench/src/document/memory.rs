//! Resident memory while documents stream in, alone and with a subscriber that cannot keep up.
//!
//! Each figure comes from a process of its own, since memory that one system gave back to the
//! allocator would count for the next.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::Outcome;
use crate::bench::Bench;
use crate::documents::Document;
use crate::engines::{ChangeLog, Events, RowCache, System, systems};
use crate::report::{Better, Metric, params};
use crate::resident::resident_bytes;

pub(crate) const CASE: &str = "memory";
const PEAK: Metric = Metric { name: "peak-rss", unit: "MiB", better: Better::Lower };
const GROWTH: Metric = Metric { name: "growth", unit: "MiB", better: Better::NearZero };
const PER_TRANSACTION: u64 = 10_000;

/// Between two batches of the slow subscriber; the writer makes many more meanwhile.
const SLOWNESS: Duration = Duration::from_millis(200);

/// What happens while memory is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Load {
    /// Documents stream in.
    Stream,
    /// Changes stream in, and a subscriber lags behind.
    SlowSubscriber,
}

impl Load {
    fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::SlowSubscriber => "slow-subscriber",
        }
    }
}

pub(crate) fn run(bench: &mut Bench) -> Outcome<()> {
    if resident_bytes().is_none() {
        println!("\n{CASE}: left out, since this system has no /proc");
        return Ok(());
    }
    let loads = [
        (Load::Stream, bench.count(2_000_000, 200_000)),
        (Load::SlowSubscriber, bench.count(500_000, 100_000)),
    ];
    for (load, documents) in loads {
        let params = params(json!({"load": load.name(), "documents": documents}));
        for turn in bench.turns() {
            let folder = bench.fresh(CASE)?;
            let system = &bench.systems[turn];
            let samples = samples_of(system, load, documents, folder)?;
            let (peak, growth) = peak_and_growth(&samples)?;
            bench.report.record(CASE, &PEAK, &params, system.label(), peak);
            bench.report.record(CASE, &GROWTH, &params, system.label(), growth);
        }
        // The last database is large.
        bench.fresh(CASE)?;
    }
    Ok(())
}

/// Runs a process of our own and returns its resident bytes after each transaction.
fn samples_of(system: &System, load: Load, documents: usize, folder: PathBuf) -> Outcome<Vec<u64>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["memory-of", "--system", system.name, "--load", load.name(), "--documents"]);
    command.arg(documents.to_string()).arg("--folder").arg(folder);
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{}: the measured process failed", system.name).into());
    }
    let printed = String::from_utf8(output.stdout)?;
    Ok(printed.lines().map(str::parse).collect::<Result<_, _>>()?)
}

/// The largest sample, and by how much the second half exceeds the first; in MiB.
fn peak_and_growth(samples: &[u64]) -> Outcome<(f64, f64)> {
    let (first, second) = samples.split_at(samples.len() / 2);
    let largest = |half: &[u64]| half.iter().max().copied().ok_or("there are too few samples");
    let (first, second) = (largest(first)? as f64, largest(second)? as f64);
    let mebibyte = f64::from(1 << 20);
    Ok((first.max(second) / mebibyte, (second - first) / mebibyte))
}

/// The measured process: prints its resident bytes after each transaction.
#[derive(Args)]
pub(crate) struct MemoryOf {
    #[arg(long)]
    system: String,
    #[arg(long)]
    load: Load,
    #[arg(long)]
    documents: u64,
    #[arg(long)]
    folder: PathBuf,
}

impl MemoryOf {
    pub(crate) fn run(&self) -> Outcome<()> {
        let mut known = systems().into_iter();
        let system = known.find(|one| one.name == self.system).ok_or("no such system")?;
        match self.load {
            Load::Stream => {
                let engine = (system.open)(&self.folder, RowCache::On)?;
                self.stream(|documents| engine.bulk(documents))
            }
            Load::SlowSubscriber => {
                let log = (system.open_change_log)(&self.folder)?;
                let done = AtomicBool::new(false);
                thread::scope(|scope| {
                    let subscriber = scope.spawn(|| lag(log.as_ref(), &done));
                    let streamed = self.stream(|documents| log.record(documents));
                    done.store(true, Ordering::Release);
                    subscriber.join().map_err(|_| "the subscriber panicked")??;
                    streamed
                })
            }
        }
    }

    fn stream(&self, write: impl Fn(&[Document]) -> Outcome<()>) -> Outcome<()> {
        for first in (0..self.documents).step_by(PER_TRANSACTION as usize) {
            let last = self.documents.min(first + PER_TRANSACTION);
            write(&Document::range(first..last)?)?;
            println!("{}", resident_bytes().ok_or("/proc/self/status cannot be read")?);
        }
        Ok(())
    }
}

fn lag(log: &dyn ChangeLog, done: &AtomicBool) -> Outcome<()> {
    let mut subscriber = log.subscribe()?;
    while !done.load(Ordering::Acquire) {
        subscriber.next_batch(Events::Decoded)?;
        thread::sleep(SLOWNESS);
    }
    Ok(())
}
