//! What the machine's disk can do at best: the floor under every durable commit.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Instant;

use serde_json::json;

use crate::Outcome;
use crate::bench::Bench;
use crate::report::{Better, Metric, params};

const CASE: &str = "machine";
const SYNCS: Metric = Metric { name: "fdatasync", unit: "ops/s", better: Better::Higher };
const WRITE: [u8; 500] = [b'h'; 500];

#[derive(Clone, Copy)]
enum Room {
    Growing,
    Preallocated,
}

/// Measures 500 bytes + fdatasync, into a file that grows and into one that already has the room.
pub(crate) fn probe(bench: &mut Bench) -> Outcome<()> {
    let writes = bench.count(1000, 200);
    println!(
        "{} cores, {} {}, databases in {}",
        std::thread::available_parallelism().map_or(1, usize::from),
        std::env::consts::OS,
        std::env::consts::ARCH,
        bench.work().display()
    );
    for _ in 0..bench.rounds() {
        for (room, name) in [(Room::Growing, "growing"), (Room::Preallocated, "preallocated")] {
            let rate = syncs_per_second(&bench.work().join("probe"), room, writes)?;
            let params = params(json!({"file": name, "bytes": WRITE.len()}));
            bench.report.record(CASE, &SYNCS, &params, ("disk", "-"), rate);
        }
    }
    bench.report.print(CASE);
    Ok(())
}

fn syncs_per_second(path: &Path, room: Room, writes: usize) -> Outcome<f64> {
    let mut file = File::create(path)?;
    if let Room::Preallocated = room {
        file.write_all(&vec![0; writes * WRITE.len()])?;
        file.seek(SeekFrom::Start(0))?;
    }
    file.sync_all()?;
    let started = Instant::now();
    for _ in 0..writes {
        file.write_all(&WRITE)?;
        file.sync_data()?;
    }
    let seconds = started.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(writes as f64 / seconds)
}
