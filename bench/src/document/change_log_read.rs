//! What an event costs on disk, and how fast a subscriber reads the log back.

use std::time::Instant;

use serde_json::json;

use crate::Outcome;
use crate::bench::Bench;
use crate::documents::Document;
use crate::engines::{ChangeLog, Events};
use crate::report::{Better, Metric, params};

pub(crate) const CASE: &str = "change-log-read";
const SIZE: Metric = Metric { name: "size", unit: "bytes/event", better: Better::Lower };
const EVENTS: Metric = Metric { name: "events", unit: "events/s", better: Better::Higher };
const PER_TRANSACTION: usize = 100;

pub(crate) fn run(bench: &mut Bench) -> Outcome<()> {
    let documents = Document::range(0..bench.count(100_000, 20_000) as u64)?;
    let count = documents.len();
    let shape = json!({"events": count, "per_transaction": PER_TRANSACTION});
    for turn in bench.turns() {
        let folder = bench.fresh(CASE)?;
        let system = &bench.systems[turn];
        let log = (system.open_change_log)(&folder)?;
        for transaction in documents.chunks(PER_TRANSACTION) {
            log.record(transaction)?;
        }
        log.settle()?;
        let size = log.bytes_on_disk()? as f64 / count as f64;
        bench.report.record(CASE, &SIZE, &params(shape.clone()), system.label(), size);
        for (events, name) in [(Events::Undecoded, false), (Events::Decoded, true)] {
            let rate = read(log.as_ref(), events, count)?;
            let mut params = params(shape.clone());
            params.insert("decoded".into(), name.into());
            bench.report.record(CASE, &EVENTS, &params, system.label(), rate);
        }
    }
    Ok(())
}

/// Events per second from the first one to the last.
fn read(log: &dyn ChangeLog, events: Events, expected: usize) -> Outcome<f64> {
    let started = Instant::now();
    let mut subscriber = log.subscribe()?;
    let mut count = 0;
    while count < expected {
        match subscriber.next_batch(events)? {
            0 => return Err(format!("the log ends after {count} of {expected} events").into()),
            more => count += more,
        }
    }
    Ok(count as f64 / started.elapsed().as_secs_f64())
}
