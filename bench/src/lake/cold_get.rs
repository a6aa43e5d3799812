//! Documents got by their ids, one after the other, when all of them are in the lake.

use std::time::Instant;

use headwater_document::DocumentStore;
use headwater_document::primitives::Namespace;
use headwater_tiering::{Policy, Tier};
use serde_json::json;

use super::{Bench, hand_off};
use crate::Outcome;
use crate::report::{Better, Metric, params};
use crate::statistics::quantile;

pub(super) const CASE: &str = "cold-get";
const FIRST: Metric = Metric { name: "first", unit: "ms", better: Better::Lower };
const MEDIAN: Metric = Metric { name: "p50", unit: "ms", better: Better::Lower };
const TAIL: Metric = Metric { name: "p99", unit: "ms", better: Better::Lower };
const GETS: u64 = 500;

pub(super) fn run(bench: &mut Bench) -> Outcome<()> {
    let count = bench.count(10_000_000, 20_000) as u64;
    let given = params(json!({"rows": count}));
    let folder = bench.fresh(CASE)?;
    let (ns, store) = hand_off::filled(&folder.join("app.hw"), count)?;
    Tier::of(&ns)?.hand_off(&store, Policy::All).wait()?;
    drop(store);
    ns.close()?;
    // A process that has read nothing of the lake by now.
    let ns = Namespace::open(folder.join("app.hw"))?;
    let store: DocumentStore = DocumentStore::open(&ns, "orders")?;
    let mut micros = Vec::with_capacity(GETS as usize);
    for nth in 0..GETS {
        let id = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15) % count;
        let started = Instant::now();
        let found = store.get(id).wait()?;
        micros.push(u32::try_from(started.elapsed().as_micros())?);
        if found.is_none() {
            return Err(format!("order {id} is not there").into());
        }
    }
    let system = ("headwater", env!("CARGO_PKG_VERSION"));
    bench.report.record(CASE, &FIRST, &given, system, f64::from(micros[0]) / 1000.0);
    for (metric, share) in [(&MEDIAN, 0.5), (&TAIL, 0.99)] {
        let millis = f64::from(quantile(&mut micros, share)) / 1000.0;
        bench.report.record(CASE, metric, &given, system, millis);
    }
    drop(store);
    ns.close()?;
    Ok(())
}
