//! Power cuts: what was acknowledged with `Sync` is there when the power comes back.

use std::path::Path;
use std::sync::Arc;

use headwater_document::primitives::{Durability, Namespace};
use headwater_document::{DocumentStore, Uniqueness};
use headwater_testkit::Rng;
use headwater_testkit::powercut::PowerCut;

use crate::support::opened;
use crate::workload::{Writer, check, check_between};

fn open(
    power: &Arc<PowerCut>,
    folder: &Path,
    durability: Durability,
) -> (Namespace, DocumentStore) {
    let ns = opened(Namespace::builder(folder).vfs(power.vfs_name()).durability(durability));
    let store = DocumentStore::open(&ns, "written").unwrap();
    (ns, store)
}

fn prepare(power: &Arc<PowerCut>, folder: &Path) {
    let (ns, store) = open(power, folder, Durability::Sync);
    store.put(&serde_json::json!({"id": "first"})).wait().unwrap();
    store.create_index("writer", Uniqueness::Many).unwrap().wait().unwrap();
    drop(store);
    ns.close().unwrap();
}

/// Writes from three threads until the power goes; what each had acknowledged.
fn write_until_dark(
    power: &Arc<PowerCut>,
    folder: &Path,
    durability: Durability,
    writers: Vec<Writer>,
    operations: u64,
) -> Vec<(Writer, u64)> {
    let (ns, store) = open(power, folder, durability);
    power.power_off_after(operations);
    let written = std::thread::scope(|scope| {
        let threads: Vec<_> = writers
            .into_iter()
            .map(|writer| {
                let store = &store;
                scope.spawn(move || {
                    let (mut stepping, mut steps) = (writer.clone(), 0);
                    while stepping.step(store).is_ok() {
                        steps += 1;
                    }
                    (writer, steps)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    power.power_off();
    drop(store);
    // The disk is gone, and so is what closing would write.
    let _ = ns.close();
    written
}

fn survive(seeds: std::ops::Range<u64>) {
    let mut acknowledged = 0;
    for seed in seeds {
        let (power, folder) = (PowerCut::new(seed), tempfile::tempdir().unwrap());
        prepare(&power, folder.path());
        let (mut known, mut rng) = (Vec::new(), Rng::new(seed));
        for round in 0..2 {
            let name = |thread| format!("r{round}t{thread}");
            let writers =
                (0..3).map(|t| Writer::new(name(t), seed * 100 + round * 10 + t)).collect();
            let operations = 5 + rng.below(250);
            known.extend(write_until_dark(
                &power,
                folder.path(),
                Durability::Sync,
                writers,
                operations,
            ));
            let report = power.cut(rng.next_u64());
            let (ns, store) = open(&power, folder.path(), Durability::Sync);
            println!("seed {seed}: {report}");
            check(&store, &known, &ns);
            drop(store);
            ns.close().unwrap();
        }
        acknowledged += known.iter().map(|(_, steps)| steps).sum::<u64>();
    }
    println!("{acknowledged} acknowledged steps are there");
}

#[test]
fn every_acknowledged_write_survives_a_power_cut() {
    survive(0..30);
}

#[test]
#[ignore = "1,000 power cuts"]
fn soak_every_acknowledged_write_survives_1000_power_cuts() {
    survive(1_000..1_500);
}

/// What was acknowledged with less than `Sync` may be lost, but only whole transactions from the
/// end, rows with their events, and the epoch tells.
fn stay_whole(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let (power, folder) = (PowerCut::new(seed), tempfile::tempdir().unwrap());
        prepare(&power, folder.path());
        let writers = (0..3).map(|t| Writer::new(format!("t{t}"), seed * 10 + t)).collect();
        let (ns, store) = open(&power, folder.path(), Durability::Sync);
        let epoch = ns.epoch();
        drop(store);
        ns.close().unwrap();
        let operations = 5 + Rng::new(seed).below(400);
        let known = write_until_dark(&power, folder.path(), Durability::Os, writers, operations);
        let report = power.cut(seed);
        println!("seed {seed}: {report}");
        let (ns, store) = open(&power, folder.path(), Durability::Sync);
        check_between(&store, known.iter().map(|(writer, steps)| (writer, 0..=*steps + 1)), &ns);
        let acknowledged: u64 = known.iter().map(|(_, steps)| steps).sum();
        assert!(acknowledged == 0 || ns.epoch() > epoch, "sequences may be used again");
        store.put(&serde_json::json!({"id": "after"})).wait().unwrap();
        drop(store);
        ns.close().unwrap();
    }
}

#[test]
fn what_a_power_cut_leaves_of_unsynced_writes_is_whole() {
    stay_whole(0..15);
}

#[test]
#[ignore = "500 power cuts"]
fn soak_what_a_power_cut_leaves_of_unsynced_writes_is_whole() {
    stay_whole(1_000..1_500);
}
