//! What pyiceberg and DuckDB read of a collection that was handed off: exactly its rows.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use headwater_cdc::{ChangeLog, EventFilter, Start};
use headwater_document::primitives::{Namespace, Result};
use headwater_document::{DocumentStore, Versioned};
use headwater_tiering::schema::{Column, ColumnType};
use headwater_tiering::{HandedOff, Policy, Tier};
use serde_json::{Map, Value, json};

use crate::support::{all, defects};

/// The Python that has what `xtask/python-tests.txt` names; `None` when nothing says which.
pub(super) fn python() -> Option<String> {
    let python = std::env::var("HEADWATER_PYTHON").ok();
    if python.is_none() {
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!ci, "HEADWATER_PYTHON is not set: it names the Python that reads the lake");
        println!("skipped: HEADWATER_PYTHON does not name a Python with pyiceberg and duckdb");
    }
    python
}

pub(super) fn read(python: &str, folder: &Path, table: &str) -> Value {
    read_by(python, folder.join("hot.db"), table)
}

/// The same by a catalog: a `hot.db`, or `URI#WAREHOUSE`.
pub(super) fn read_by(python: &str, catalog: impl AsRef<OsStr>, table: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/read_collection.py");
    let mut command = Command::new(python);
    command.arg(script).arg(catalog).arg(table);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn hand_off(store: &DocumentStore) -> Result<HandedOff> {
    Tier::of(store.namespace())?
        .hand_off(store, Policy::All)
        .column(Column::field("price", ColumnType::Decimal { precision: 12, scale: 2 })?)
        .column(Column::field("day", ColumnType::Date)?)
        .column(Column::path("city", "address.city", ColumnType::String)?)
        .wait()
}

fn order(n: u64) -> Value {
    json!({
        "id": n, "price": format!("{}.{:02}", n * 3, n % 100), "day": format!("2026-01-{:02}", 1 + n % 28),
        "open": n.is_multiple_of(3), "weight": n as f64 / 8.0, "note": format!("é {n}"), "tags": ["a", n % 3],
        "address": {"city": format!("C{}", n % 5), "zip": n}, "count": n * 1_000_000_007,
    })
}

/// Rows by id, as another engine has them.
pub(super) fn by_id(rows: &Value) -> BTreeMap<u64, Map<String, Value>> {
    let rows = rows.as_array().unwrap();
    let found: BTreeMap<u64, Map<String, Value>> = rows
        .iter()
        .map(|row| (row["id"].as_u64().unwrap(), row.as_object().unwrap().clone()))
        .collect();
    assert_eq!(found.len(), rows.len(), "a row twice");
    found
}

/// The document that the columns and `_rest` of a row make.
fn document(mut row: Map<String, Value>, types: &Value) -> Value {
    let mut document = Map::new();
    let rest = row.remove("_rest").filter(|rest| !rest.is_null());
    for (name, value) in row {
        let is_json = matches!(&*name, "tags" | "address" | "extra");
        match value {
            Value::Null => {}
            _ if name.starts_with('_') || name == "city" => {}
            Value::String(text) if is_json => {
                assert_eq!(types[&name], "string");
                document.insert(name, serde_json::from_str(&text).unwrap());
            }
            value => drop(document.insert(name, value)),
        }
    }
    if let Some(rest) = rest {
        let rest: Value = serde_json::from_str(rest.as_str().unwrap()).unwrap();
        document.extend(rest.as_object().unwrap().clone());
    }
    document.into()
}

/// A field that is null is no value in any column: only `_layout` has it.
fn without_nulls(document: &Value) -> Value {
    let fields = document.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
    fields.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
}

fn agree(python: &str, folder: &Path, store: &DocumentStore) {
    let found = read(python, folder, "document.orders");
    let ours = all(store);
    for engine in ["pyiceberg", "duckdb"] {
        let rows = by_id(&found[engine]);
        assert_eq!(rows.len(), ours.len(), "{engine}");
        for (ours, (id, row)) in ours.iter().map(without_nulls).zip(rows) {
            let Versioned { version, .. } = store.get_versioned(id as i64).wait().unwrap().unwrap();
            assert_eq!(row["_version"], version.0, "{engine}: row {id}");
            let city = ours.pointer("/address/city").cloned().unwrap_or_default();
            assert_eq!(row["city"], city, "{engine}: row {id}");
            assert!(!row["_written"].is_null());
            assert_eq!(&document(row, &found["types"]), &ours, "{engine}");
        }
        let sum =
            |rows: Vec<&Value>| rows.iter().filter_map(|row| row["weight"].as_f64()).sum::<f64>();
        let theirs = found[engine].as_array().unwrap().iter().collect();
        assert_eq!(sum(theirs), sum(ours.iter().collect()), "{engine}");
    }
}

#[test]
fn pyiceberg_and_duckdb_read_exactly_our_rows() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    // Other engines take locations as they are, and so a name that a URL would encode.
    let folder = folder.path().join("my shop é");
    let ns = Namespace::open(&folder).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "orders").unwrap();
    store.bulk_insert(&(0..300).map(order).collect::<Vec<_>>()).wait().unwrap();
    assert_eq!(hand_off(&store).unwrap().rows, 300);
    agree(&python, &folder, &store);

    for n in (0..300).step_by(7) {
        store.merge_patch(n, &json!({"note": "changed", "weight": 0.125})).wait().unwrap();
    }
    for n in (0..300).step_by(11) {
        store.delete(n).wait().unwrap();
    }
    let moved = hand_off(&store).unwrap();
    assert!(moved.deleted > 60 && moved.rows > 35, "{moved:?}");
    agree(&python, &folder, &store);

    let wider = [
        json!({"id": 1000, "fresh": 1, "extra": {"a": [1, null]}, "weight": 3.5}),
        json!({"id": 1001, "fresh": 2, "weight": "heavy", "open": null, "note": 7}),
        json!({"id": 1002, "price": "0.10", "count": 1, "Note": "another case"}),
    ];
    store.bulk_insert(&wider).wait().unwrap();
    store.put(&json!({"id": 4, "fresh": 9})).wait().unwrap();
    store.delete(5).wait().unwrap();
    assert_eq!(hand_off(&store).unwrap().rows, 4);
    agree(&python, &folder, &store);

    // A value that a column had only whole numbers for, and a row that comes back after its end.
    store.put(&json!({"id": 5, "fresh": 2.5})).wait().unwrap();
    store.delete(1001).wait().unwrap();
    assert_eq!(hand_off(&store).unwrap().deleted, 1);
    agree(&python, &folder, &store);
    assert_eq!(defects(&ns), [""; 0]);
    ns.close().unwrap();
}

#[test]
fn pyiceberg_and_duckdb_read_the_events_of_the_log() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "orders").unwrap();
    let tier = Tier::of(&ns).unwrap();
    for round in 0..3 {
        store
            .bulk_insert(&(round * 50..round * 50 + 50).map(order).collect::<Vec<_>>())
            .wait()
            .unwrap();
        store.delete(round * 50).wait().unwrap();
        tier.archive_events().wait().unwrap();
    }
    let changes = ChangeLog::open(&ns).unwrap();
    let mut events = changes.subscribe(Start::Beginning, EventFilter::all()).unwrap();
    let mut ours = Vec::new();
    while let Some(batch) = events.try_next_batch().unwrap() {
        ours.extend(batch.events().map(|event| serde_json::to_value(event.unwrap()).unwrap()));
    }
    let found = read(&python, folder.path(), "log.events");
    for engine in ["pyiceberg", "duckdb"] {
        let rows = by_id(&found[engine]);
        assert_eq!(rows.len(), ours.len(), "{engine}");
        for (ours, (sequence, row)) in ours.iter().zip(rows) {
            assert_eq!(ours["sequence"], sequence, "{engine}");
            for (column, field) in
                [("event_id", "id"), ("type", "type"), ("op", "op"), ("table_name", "table")]
            {
                assert_eq!(row[column], ours[field], "{engine}: {column} of {sequence}");
            }
            for image in ["before", "after", "key"] {
                let theirs =
                    row[image].as_str().map(|text| serde_json::from_str::<Value>(text).unwrap());
                assert_eq!(theirs.as_ref(), ours.get(image), "{engine}: {image} of {sequence}");
            }
            assert!(row["_rest"].is_null() && row["_layout"].is_null(), "{row:?}");
        }
    }
    ns.close().unwrap();
}
