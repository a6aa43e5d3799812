//! The columns that rows get in the lake, wherever among the rows what makes them is.

use std::sync::{Arc, Mutex};

use headwater_document::DocumentStore;
use headwater_document::cdc::Store;
use headwater_document::primitives::block_on;
use headwater_tiering::{ColdFiles, HandOffProgress, HandedOff, Policy, Tier};
use serde_json::{Value, json};

use super::upkeep::nothing_else_is_there;
use crate::support::{all, defects, memory};

/// Rows with texts of so many bytes.
fn rows_of(bytes: usize) -> Vec<Value> {
    let text = "x".repeat(bytes);
    (0..25).map(|n| json!({"id": format!("r{n:02}"), "n": n, "long": text})).collect()
}

/// Rows of some 10 MiB: more than is looked at before the first ones are written.
fn long() -> Vec<Value> {
    rows_of(450_000)
}

/// Moves all rows; what it did, and what it told of rows written.
fn moved(store: &DocumentStore) -> (HandedOff, Vec<u64>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = told.clone();
    let tell = move |progress: HandOffProgress| telling.lock().unwrap().push(progress.written);
    let tier = Tier::of(store.namespace()).unwrap();
    let moved = tier.hand_off(store, Policy::All).on_progress(tell).wait().unwrap();
    let told = told.lock().unwrap().clone();
    (moved, told)
}

fn cold(store: &DocumentStore) -> ColdFiles {
    let tier = Tier::of(store.namespace()).unwrap();
    let view = store
        .namespace()
        .snapshot(|now| tier.whole_view(now.sql(), Store::Document, store.name()))
        .unwrap();
    block_on(view.files(Vec::new())).unwrap().unwrap()
}

fn sorted_columns(store: &DocumentStore) -> Vec<String> {
    let cold = cold(store);
    let columns = cold.schema().columns().iter();
    let mut columns: Vec<_> =
        columns.map(|column| format!("{} {}", column.name(), column.ty())).collect();
    columns.sort();
    columns
}

#[test]
fn what_only_the_last_row_has_is_a_column() {
    let (ns, store) = memory("rows");
    let mut rows = long();
    rows[24]["late"] = json!(7);
    store.bulk_insert(&rows).wait().unwrap();
    let (moved, told) = moved(&store);
    assert_eq!(moved.rows, 25);
    assert!(told.contains(&0), "they were to be written once more: {told:?}");
    assert_eq!(sorted_columns(&store), ["late long", "long string", "n long"]);
    assert_eq!(all(&store), rows);
    assert_eq!(defects(&ns), [""; 0]);
    nothing_else_is_there(&store);
}

#[test]
fn rows_of_one_mould_are_written_once_and_go_on_in_one_file() {
    let (ns, store) = memory("rows");
    let rows = long();
    store.bulk_insert(&rows).wait().unwrap();
    let (moved, told) = moved(&store);
    assert_eq!((moved.rows, moved.files), (25, 1));
    assert!(told.is_sorted() && !told.contains(&0), "{told:?}");
    assert!(told.iter().any(|rows| *rows < 25), "they came in parts: {told:?}");
    assert_eq!(all(&store), rows);
    assert_eq!(defects(&ns), [""; 0]);
}

#[test]
fn first_rows_that_are_unlike_the_others_do_not_choose_the_type() {
    let (ns, store) = memory("rows");
    let mut rows = long();
    rows.extend((0..600).map(|n| json!({"id": format!("s{n:03}"), "n": format!("n{n}")})));
    store.bulk_insert(&rows).wait().unwrap();
    moved(&store);
    assert_eq!(sorted_columns(&store), ["long string", "n string"]);
    assert_eq!(all(&store), rows);
    store.insert(&json!({"id": "t", "n": 7, "later": true})).wait().unwrap();
    moved(&store);
    assert_eq!(sorted_columns(&store), ["later bool", "long string", "n string"]);
    assert_eq!(defects(&ns), [""; 0]);
}

#[test]
fn rows_in_no_order_are_sorted_in_their_file() {
    let (ns, store) = memory("rows");
    let mut rows = rows_of(10);
    rows.reverse();
    store.bulk_insert(&rows).wait().unwrap();
    let (moved, _) = moved(&store);
    assert_eq!((moved.rows, moved.files), (25, 1));
    assert_eq!(all(&store).len(), 25);
    assert_eq!(defects(&ns), [""; 0]);
}

#[test]
fn rows_that_come_before_those_in_the_file_begin_another_one() {
    let (ns, store) = memory("rows");
    let mut rows = long();
    for (n, row) in rows.iter_mut().skip(22).enumerate() {
        row["id"] = json!(format!("a{n}"));
    }
    store.bulk_insert(&rows).wait().unwrap();
    let (moved, _) = moved(&store);
    assert_eq!((moved.rows, moved.files), (25, 2));
    rows.rotate_right(3);
    assert_eq!(all(&store), rows);
    assert_eq!(defects(&ns), [""; 0]);
}

#[test]
fn a_hand_off_without_rows_decides_nothing_about_them() {
    let (ns, store) = memory("rows");
    // The log has something to tell of, if of another collection.
    let others: DocumentStore = DocumentStore::open(&ns, "others").unwrap();
    others.insert(&json!({"id": "x"})).wait().unwrap();
    assert_eq!(moved(&store).0.rows, 0);
    store.insert(&json!({"n": 1, "id": 7})).wait().unwrap();
    assert_eq!(moved(&store).0.rows, 1);
    assert_eq!(all(&store), [json!({"n": 1, "id": 7})]);
    assert_eq!(sorted_columns(&store), ["n long"]);
}
