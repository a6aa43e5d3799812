//! Collections whose names are no names of folders or of Iceberg tables.

use std::path::Path;

use headwater_document::primitives::Namespace;
use headwater_document::{DocumentStore, restore};
use headwater_tiering::objects::OpenOptions;
use headwater_tiering::{LostLake, Policy};
use serde_json::{Value, json};

use super::hand_off;
use super::python::{python, read};
use crate::support::{all, defects};

/// Names, and what their tables are called in the lake.
const NAMES: [(&str, &str); 8] = [
    ("a/b", "a%2Fb"),
    ("a%2Fb", "a%252Fb"),
    ("/metadata/", "%2Fmetadata%2F"),
    ("..", "%2E%2E"),
    ("../../x", "%2E%2E%2F%2E%2E%2Fx"),
    ("v1.2", "v1%2E2"),
    ("50% of two words", "50% of two words"),
    ("größer 日本", "größer 日本"),
];

fn order(name: &str, id: usize) -> Value {
    json!({"id": id, "of": name})
}

/// A namespace with a row for each name, each of them in the lake alone.
fn filled(folder: &Path) -> Namespace {
    let ns = Namespace::open(folder).unwrap();
    for (id, (name, _)) in NAMES.into_iter().enumerate() {
        let store: DocumentStore = DocumentStore::open(&ns, name).unwrap();
        store.put(&order(name, id)).wait().unwrap();
        assert_eq!(hand_off(&store, Policy::All).unwrap().rows, 1, "{name}");
    }
    ns
}

fn check(ns: &Namespace) {
    for (id, (name, _)) in NAMES.into_iter().enumerate() {
        let store: DocumentStore = DocumentStore::open(ns, name).unwrap();
        assert_eq!(all(&store), [order(name, id)], "{name}");
    }
    assert_eq!(defects(ns), [""; 0]);
}

#[test]
fn a_collection_of_any_name_moves_and_is_read_after_a_restart_and_a_loss() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("shop");
    let ns = filled(&home);
    check(&ns);
    ns.close().unwrap();
    let ns = Namespace::open(&home).unwrap();
    check(&ns);
    ns.close().unwrap();
    let outside: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(outside.len(), 1, "no name leads out of the lake: {outside:?}");
    for (name, folder) in NAMES {
        let table = home.join("lake/document").join(folder);
        assert!(table.join("metadata").is_dir(), "{name} is in {table:?}");
    }

    let lake = home.join("lake");
    let lost = LostLake::open(lake.to_str().unwrap(), &OpenOptions::default()).unwrap();
    let again = Namespace::in_memory().unwrap();
    restore(&again, &lost, |_| ()).unwrap();
    check(&again);
}

#[test]
fn pyiceberg_reads_a_collection_of_any_name() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ns = filled(folder.path());
    // Each of them starts Python once.
    for (id, (name, table)) in NAMES.into_iter().enumerate().step_by(4) {
        let found = read(&python, folder.path(), &format!("document.{table}"));
        let rows = found["pyiceberg"].as_array().unwrap();
        assert_eq!(rows.len(), 1, "{name}");
        assert_eq!((&rows[0]["id"], &rows[0]["of"]), (&json!(id), &json!(name)));
    }
    ns.close().unwrap();
}
