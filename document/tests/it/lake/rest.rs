//! A lake whose tables are in an Iceberg REST catalog: a server on loopback, at `HEADWATER_REST`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use headwater_document::DocumentStore;
use headwater_document::primitives::{ErrorKind, Namespace};
use headwater_testkit::{Warehouse, crash, rest};
use headwater_tiering::{LakeOptions, Policy, RestCatalog, Tier};
use serde_json::{Value, json};

use super::crash::{hand_off_again, handing_off, survive_in, work};
use super::hand_off;
use super::moving::people;
use super::python::{by_id, python, read_by};
use super::upkeep::last_only;
use crate::support::{all, defects, events, folded, refused, stored};

/// Where a hand-off may end, and the catalog's own steps.
const STEPS: [&str; 6] = [
    "lake.catalog.created",
    "tier.snapshot",
    "lake.catalog.committed",
    "tier.commit",
    "tier.committed",
    "tier.release",
];

fn catalog(of: &Warehouse) -> RestCatalog {
    RestCatalog::new(&of.uri).warehouse(&of.name)
}

fn options(of: &Warehouse) -> LakeOptions {
    LakeOptions::new().catalog(catalog(of))
}

/// A namespace in `folder` with `rows` in the collection `people`.
fn peopled(folder: &Path, of: &Warehouse, rows: &[Value]) -> (Namespace, DocumentStore) {
    let ns = Namespace::open(folder).unwrap();
    Tier::open(&ns, options(of)).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    store.bulk_insert(rows).wait().unwrap();
    (ns, store)
}

/// The same collection of a lake whose catalog wants a credential.
fn unlocked(folder: &Path, of: &Warehouse) -> (Namespace, DocumentStore) {
    let ns = Namespace::open(folder).unwrap();
    let catalog = catalog(of).credential("tests", "open sesame");
    Tier::open(&ns, LakeOptions::new().catalog(catalog)).unwrap();
    let store = DocumentStore::open(&ns, "people").unwrap();
    (ns, store)
}

/// Checks that each row is there once: here, and for pyiceberg by the catalog and DuckDB by its files.
fn check(store: &DocumentStore, of: &Warehouse, rows: &[Value]) {
    assert_eq!(all(store), rows);
    assert_eq!(folded(&events(store.namespace()), "people"), stored(store));
    assert_eq!(defects(store.namespace()), [""; 0]);
    let Some(python) = python() else { return };
    let place = format!("{}#{}", of.uri, of.name);
    let read = read_by(&python, place, "document.people");
    for reader in ["pyiceberg", "duckdb"] {
        let found = by_id_text(&read[reader]);
        let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(found, ids, "{reader}");
    }
}

fn add(store: &DocumentStore, rows: &mut Vec<Value>, row: Value) {
    store.insert(&row).wait().unwrap();
    rows.push(row);
}

fn by_id_text(rows: &Value) -> Vec<String> {
    let mut ids: Vec<String> =
        rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().into()).collect();
    ids.sort();
    ids
}

/// Runs a few lines of Python on the table `document.people` of the catalog.
fn elsewhere(python: &str, of: &Warehouse, lines: &str) {
    let (uri, name) = (&of.uri, &of.name);
    let script = format!(
        "from pyiceberg.catalog.rest import RestCatalog\n\
         table = RestCatalog('elsewhere', uri='{uri}', warehouse='{name}').load_table('document.people')\n\
         {lines}\n"
    );
    let output = Command::new(python).args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_lake_with_a_rest_catalog_is_one_like_any_other() {
    let Some(warehouse) = rest("document") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut rows = people(300);
    {
        let (ns, store) = peopled(folder.path(), &warehouse, &rows);
        assert_eq!(hand_off(&store, Policy::All).unwrap().rows, 300);
        check(&store, &warehouse, &rows);
        store.merge_patch("p0003", &json!({"age": 99, "city": "Graz"})).wait().unwrap();
        (rows[3]["age"], rows[3]["city"]) = (json!(99), json!("Graz"));
        store.delete("p0299").wait().unwrap();
        rows.pop();
        assert_eq!(hand_off(&store, Policy::All).unwrap().deleted, 2);
        check(&store, &warehouse, &rows);
        let tier = Tier::of(&ns).unwrap();
        let compacted = tier.compact(&store).wait().unwrap();
        assert_eq!((compacted.rows, compacted.dropped), (299, 2));
        let expired = tier.expire(&store, last_only(&ns)).grace(Duration::ZERO).wait().unwrap();
        assert!(expired.deleted > 0);
        tier.clean(&store).older_than(Duration::ZERO).wait().unwrap();
        check(&store, &warehouse, &rows);
        ns.close().unwrap();
    }
    let ns = Namespace::open(folder.path()).unwrap();
    let other = LakeOptions::new().catalog(RestCatalog::new("http://127.0.0.1:1"));
    let why = refused(Tier::open(&ns, other), ErrorKind::InvalidInput);
    assert!(why.contains(&warehouse.name), "{why}");
    let tier = Tier::of(&ns).unwrap();
    assert_eq!(tier.rest_catalog(), Some(&catalog(&warehouse)));
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    check(&store, &warehouse, &rows);
    store.insert(&json!({"id": "p0400", "age": 1})).wait().unwrap();
    rows.push(json!({"id": "p0400", "age": 1}));
    assert_eq!(hand_off(&store, Policy::All).unwrap().rows, 1);
    check(&store, &warehouse, &rows);
}

#[test]
fn a_hand_off_that_is_killed_between_two_catalogs_loses_no_row_and_doubles_none() {
    let test = a_hand_off_that_is_killed_between_two_catalogs_loses_no_row_and_doubles_none;
    if let Some(child) = crash::child() {
        return work(&child, handing_off);
    }
    let Some(warehouse) = rest("killed") else { return };
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    Tier::open(&ns, options(&warehouse)).unwrap();
    ns.close().unwrap();
    survive_in(folder.path(), test, &STEPS.map(Some), |ns, store| {
        hand_off_again(ns, store);
        let Some(python) = python() else { return };
        let place = format!("{}#{}", warehouse.uri, warehouse.name);
        let read = read_by(&python, place, "document.rows");
        let ids = stored(store).len();
        assert_eq!(by_id(&read["pyiceberg"]).len(), ids);
        assert_eq!(by_id(&read["duckdb"]).len(), ids);
    });
}

#[test]
fn a_commit_without_an_answer_is_looked_for_and_a_busy_catalog_is_asked_again() {
    let Some(warehouse) = rest("faults") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut rows = people(20);
    let (_ns, store) = peopled(folder.path(), &warehouse, &rows);
    for (number, kind) in ["silent", "busy", "proxied"].into_iter().enumerate() {
        add(&store, &mut rows, json!({"id": format!("q{number}")}));
        warehouse.fault(kind);
        assert!(hand_off(&store, Policy::All).unwrap().rows > 0, "{kind}");
        check(&store, &warehouse, &rows);
    }
}

#[test]
fn what_other_engines_change_is_taken_over_even_on_top_of_what_was_missed() {
    let test = what_other_engines_change_is_taken_over_even_on_top_of_what_was_missed;
    if let Some(child) = crash::child() {
        let ns = Namespace::open(child.directory()).unwrap();
        let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
        hand_off(&store, Policy::All).unwrap();
        return;
    }
    let (Some(warehouse), Some(python)) = (rest("others"), python()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut rows = people(40);
    let (ns, store) = peopled(folder.path(), &warehouse, &rows[..30]);
    hand_off(&store, Policy::All).unwrap();
    store.bulk_insert(&rows[30..]).wait().unwrap();
    ns.close().unwrap();
    let crash = crash::Crash::of(test, "", folder.path()).fail_point("lake.catalog.committed");
    assert_eq!(crash.run().unwrap().end, crash::End::Aborted);
    // It writes what both hand-offs moved into files of its own, in one commit more.
    elsewhere(&python, &warehouse, "table.overwrite(table.scan().to_arrow())");

    let ns = Namespace::open(folder.path()).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    assert_eq!(all(&store), rows, "the hot tier does not know yet");
    store.merge_patch("p0035", &json!({"age": 1})).wait().unwrap();
    store.delete("p0005").wait().unwrap();
    rows[35]["age"] = json!(1);
    rows.remove(5);
    assert_eq!(hand_off(&store, Policy::All).unwrap().rows, 1);
    check(&store, &warehouse, &rows);
}

#[test]
fn a_commit_that_arrives_late_is_ended_and_not_made_again() {
    let Some(warehouse) = rest("late") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut rows = people(20);
    let (_ns, store) = peopled(folder.path(), &warehouse, &rows);
    warehouse.fault("late");
    let why = refused(hand_off(&store, Policy::All), ErrorKind::Io);
    assert!(why.contains("is not known"), "{why}");
    assert_eq!(all(&store), rows);
    warehouse.fault("arrive");
    store.delete("p0003").wait().unwrap();
    rows.remove(3);
    add(&store, &mut rows, json!({"id": "q", "of_its_own": 1}));
    assert_eq!(hand_off(&store, Policy::All).unwrap().rows, 1, "the others are there");
    check(&store, &warehouse, &rows);
}

/// Writes all rows anew, and forgets all that was before.
const CUT: &str = "\
table.overwrite(table.scan().to_arrow())
table = table.refresh()
gone = [s.snapshot_id for s in table.metadata.snapshots]
gone.remove(table.metadata.current_snapshot_id)
table.maintenance.expire_snapshots().by_ids(gone).commit()";

#[test]
fn a_commit_that_was_refused_is_not_looked_for_in_what_others_cut() {
    let (Some(warehouse), Some(python)) = (rest("refused"), python()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut rows = people(20);
    let (_ns, store) = peopled(folder.path(), &warehouse, &rows);
    hand_off(&store, Policy::All).unwrap();
    add(&store, &mut rows, json!({"id": "q"}));
    warehouse.fault("refused");
    refused(hand_off(&store, Policy::All), ErrorKind::Conflict);
    elsewhere(&python, &warehouse, CUT);
    assert_eq!(hand_off(&store, Policy::All).unwrap().rows, 1);
    check(&store, &warehouse, &rows);
}

#[test]
fn cleaning_spares_the_files_of_a_commit_that_may_still_be_made() {
    let Some(warehouse) = rest("spared") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut rows = people(20);
    let (ns, store) = peopled(folder.path(), &warehouse, &rows[..10]);
    hand_off(&store, Policy::All).unwrap();
    store.bulk_insert(&rows[10..]).wait().unwrap();
    warehouse.fault("late");
    refused(hand_off(&store, Policy::All), ErrorKind::Io);
    Tier::of(&ns).unwrap().clean(&store).older_than(Duration::ZERO).wait().unwrap();
    warehouse.fault("arrive");
    add(&store, &mut rows, json!({"id": "q"}));
    assert_eq!(hand_off(&store, Policy::All).unwrap().rows, 1);
    check(&store, &warehouse, &rows);
}

#[test]
fn a_history_that_others_cut_is_only_refused_where_a_commit_may_be_in_it() {
    let (Some(warehouse), Some(python)) = (rest("cut"), python()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut rows = people(20);
    let (_ns, store) = peopled(folder.path(), &warehouse, &rows);
    hand_off(&store, Policy::All).unwrap();
    elsewhere(&python, &warehouse, CUT);
    add(&store, &mut rows, json!({"id": "q1"}));
    assert_eq!(hand_off(&store, Policy::All).unwrap().rows, 1);
    check(&store, &warehouse, &rows);
    add(&store, &mut rows, json!({"id": "q2"}));
    warehouse.fault("late");
    refused(hand_off(&store, Policy::All), ErrorKind::Io);
    warehouse.fault("arrive");
    elsewhere(&python, &warehouse, CUT);
    let why = refused(hand_off(&store, Policy::All), ErrorKind::Conflict);
    assert!(why.contains("has lost snapshots"), "{why}");
    assert_eq!(all(&store), rows);
}

#[test]
fn a_catalog_that_wants_a_credential_is_given_one() {
    let Some(warehouse) = rest("locked") else { return };
    let folder = tempfile::tempdir().unwrap();
    {
        let (_ns, store) = peopled(folder.path(), &warehouse, &people(3));
        let why = refused(hand_off(&store, Policy::All), ErrorKind::Denied);
        assert!(why.contains(&warehouse.uri) && why.contains("a token is missing"), "{why}");
        assert_eq!(all(&store), people(3));
    }
    let (_ns, store) = unlocked(folder.path(), &warehouse);
    assert_eq!(hand_off(&store, Policy::All).unwrap().rows, 3);
    assert_eq!(all(&store), people(3));
}

#[test]
fn a_token_that_has_ended_is_replaced() {
    let Some(warehouse) = rest("locked-often") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (_ns, store) = unlocked(folder.path(), &warehouse);
    for rows in [3, 6, 9] {
        store.bulk_insert(&people(rows)[rows as usize - 3..]).wait().unwrap();
        assert_eq!(hand_off(&store, Policy::All).unwrap().rows, 3);
        assert_eq!(all(&store), people(rows));
        warehouse.fault("expire");
    }
}

#[test]
fn a_warehouse_that_the_catalog_does_not_know_is_named() {
    let Some(warehouse) = rest("missing") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (_ns, store) = peopled(folder.path(), &warehouse, &people(3));
    let why = refused(hand_off(&store, Policy::All), ErrorKind::NotFound);
    assert!(why.contains(&warehouse.name) && why.contains(&warehouse.uri), "{why}");
    assert_eq!(all(&store), people(3));
}

#[test]
fn a_table_of_another_namespace_is_left_alone() {
    let Some(warehouse) = rest("shared") else { return };
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (_ns, store) = peopled(one.path(), &warehouse, &people(5));
    hand_off(&store, Policy::All).unwrap();
    let (_other, others) = peopled(other.path(), &warehouse, &people(7));
    let why = refused(hand_off(&others, Policy::All), ErrorKind::AlreadyExists);
    assert!(why.contains("warehouse of its own"), "{why}");
    assert_eq!(all(&others), people(7));
    check(&store, &warehouse, &people(5));
}

#[test]
fn a_hot_tier_from_before_the_catalogs_table_is_told_apart() {
    let Some(warehouse) = rest("before") else { return };
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (ns, store) = peopled(folder.path(), &warehouse, &people(5));
    hand_off(&store, Policy::All).unwrap();
    ns.close().unwrap();
    std::fs::copy(folder.path().join("hot.db"), copy.path().join("hot.db")).unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    store.insert(&json!({"id": "later"})).wait().unwrap();
    hand_off(&store, Policy::All).unwrap();
    ns.close().unwrap();
    std::fs::copy(copy.path().join("hot.db"), folder.path().join("hot.db")).unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    for row in 5..9 {
        let why = refused(hand_off(&store, Policy::All), ErrorKind::Corrupt);
        assert!(why.contains("restored from before"), "{why}");
        assert_eq!(all(&store), people(row));
        store.insert(&people(row + 1)[row as usize]).wait().unwrap();
    }
}
