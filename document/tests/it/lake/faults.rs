//! Hand-offs and upkeep over a store that fails, lies about it and tears what it writes: each row stays
//! where it was, or goes where it was to go.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use headwater_document::primitives::{ErrorKind, Namespace, Result};
use headwater_document::{DocumentStore, Written};
use headwater_tiering::objects::{Fault, Faulty, OpenOptions, Rule, open};
use headwater_tiering::{LakeOptions, Policy, Tier};
use serde_json::{Value, json};

use super::hand_off;
use super::upkeep::{last_only, nothing_else_is_there};
use crate::support::{all, defects, events, folded, opened, stored};

/// Requests that may fail, and how often they do.
const CHANCE: f64 = 0.008;

fn faulty(folder: &Path, seed: u64) -> (LakeOptions, Faulty) {
    let lake = folder.join("lake");
    let objects = open(lake.to_str().unwrap(), &OpenOptions::new()).unwrap();
    let faulty = Faulty::new(objects.store(), seed)
        .rule(Rule::new(Fault::ErrorBefore).chance(CHANCE))
        .rule(Rule::new(Fault::ErrorAfter).chance(CHANCE))
        .rule(Rule::new(Fault::Torn).chance(CHANCE));
    let in_the_lake = faulty.clone();
    (LakeOptions::new().store(objects.wrap(|_| in_the_lake)), faulty)
}

/// What the store has to hold.
type Model = BTreeMap<u64, Value>;

/// Notes what a write did, if it did; what it failed with is the lake's failure.
fn note(written: Result<Written>, change: impl FnOnce()) {
    match written {
        Ok(_) => change(),
        Err(error) => assert_ne!(error.kind(), ErrorKind::InvalidInput, "{error}"),
    }
}

fn round(store: &DocumentStore, model: &mut Model, round: u64) {
    for n in 0..30 {
        let document = json!({"id": round * 30 + n, "round": round, "text": format!("row {n}")});
        note(store.put(&document).wait(), || drop(model.insert(round * 30 + n, document.clone())));
    }
    for id in (round..round * 30).step_by(7) {
        let patch = json!({"patched": round});
        note(store.merge_patch(id, &patch).wait(), || {
            model.get_mut(&id).unwrap()["patched"] = json!(round);
        });
    }
    for id in (round..round * 30).step_by(11) {
        if let Ok(Some(_)) = store.delete(id).wait() {
            assert!(model.remove(&id).is_some());
        }
    }
}

/// One step of the lake's work, in turns.
fn lake_work(store: &DocumentStore, turn: u64) -> Result<()> {
    let tier = Tier::of(store.namespace())?;
    match turn % 4 {
        1 => tier.compact(store).wait().map(drop),
        2 => {
            let expiry = last_only(store.namespace());
            tier.expire(store, expiry).grace(Duration::ZERO).wait().map(drop)
        }
        3 => tier.clean(store).older_than(Duration::ZERO).wait().map(drop),
        _ => hand_off(store, Policy::All).map(drop),
    }
}

fn check(folder: &Path, model: &Model) {
    let ns = opened(Namespace::builder(folder));
    let store: DocumentStore = DocumentStore::open(&ns, "rows").unwrap();
    let rows: Vec<Value> = model.values().cloned().collect();
    assert_eq!(all(&store), rows);
    assert_eq!(folded(&events(&ns), "rows"), stored(&store));
    for turn in 0..4 {
        lake_work(&store, turn).unwrap();
    }
    nothing_else_is_there(&store);
    assert_eq!(all(&store), rows);
    assert_eq!(defects(&ns), [""; 0]);
    ns.close().unwrap();
}

#[test]
fn a_store_that_fails_loses_no_row_and_doubles_none() {
    let (mut done, mut failed, mut injected) = (0, 0, 0);
    for seed in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let mut model = Model::new();
        let ns = opened(Namespace::builder(folder.path()));
        let (options, faults) = faulty(folder.path(), seed);
        Tier::open(&ns, options).unwrap();
        let store: DocumentStore = DocumentStore::open(&ns, "rows").unwrap();
        for turn in 0..8 {
            round(&store, &mut model, turn);
            // Twice at each turn, for the half of what fails.
            for turn in [0, turn] {
                match lake_work(&store, turn) {
                    Ok(()) => done += 1,
                    Err(_) => failed += 1,
                }
            }
            for (id, document) in model.iter().step_by(5) {
                if let Ok(found) = store.get(*id as i64).wait() {
                    assert_eq!(found.as_ref(), Some(document), "row {id}");
                }
            }
        }
        ns.close().unwrap();
        injected += faults.injected().len();
        check(folder.path(), &model);
    }
    assert!(done > 0 && injected > 0, "{done} done, {failed} failed, {injected} faults");
}
