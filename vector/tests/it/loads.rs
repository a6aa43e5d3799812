//! Many rows at once.

use headwater_vector::Row;
use headwater_vector::primitives::{Error, ErrorKind};
use serde_json::json;

use crate::support::{defects, memory, refused, row};

fn numbered(id: i64) -> Row {
    row(json!({"id": id, "embedding": [id, 1, 2], "metadata": {"year": id % 10}}))
}

#[test]
fn a_bulk_insert_is_one_transaction_in_the_order_given() {
    let (ns, store) = memory();
    let rows: Vec<Row> = (0..3_000).map(numbered).collect();
    let written = store.bulk_insert(&rows).wait().unwrap();
    assert_eq!((written.count, written.first.0, written.last.0), (3_000, 1, 3_000));
    assert_eq!(store.get_versioned(2_999).wait().unwrap().unwrap().version, written.last);
    let none = store.bulk_insert(&[]).wait().unwrap();
    assert_eq!((none.count, none.first.0, none.last.0), (0, 3_001, 3_000));
    assert!(defects(&ns).is_empty());
}

#[test]
fn a_load_writes_over_rows_in_batches_and_tells_how_far_it_is() {
    let (ns, store) = memory();
    store.insert(&row(json!({"id": 7, "text": "old"}))).wait().unwrap();
    let mut steps = Vec::new();
    let done = store.load((0..2_500).map(|id| Ok(numbered(id))), |step| steps.push(step.rows));
    assert_eq!(done.unwrap().rows, 2_500);
    assert_eq!(steps, [1_024, 2_048, 2_500]);
    assert_eq!(store.count().wait().unwrap(), 2_500);
    assert_eq!(store.get(7).wait().unwrap(), Some(numbered(7)));
    assert!(defects(&ns).is_empty());
}

#[test]
fn a_batch_of_large_rows_is_bounded_by_its_bytes() {
    let (_ns, store) = memory();
    let text = "x".repeat(3 << 20);
    let rows = (0..5).map(|id| Ok(row(json!({"id": id, "text": text}))));
    let mut steps = Vec::new();
    store.load(rows, |step| steps.push(step.rows)).unwrap();
    assert_eq!(steps, [2, 4, 5]);
}

#[test]
fn a_load_that_fails_names_the_row_and_keeps_the_batches_before_it() {
    let (_ns, store) = memory();
    let rows = (0..2_000).map(|id| match id {
        1_500 => Err(Error::invalid("line 1501 is no JSON")),
        id => Ok(numbered(id)),
    });
    let mut told = 0;
    let failed = store.load(rows, |step| told = step.rows);
    refused(failed, ErrorKind::InvalidInput, &["row 1500 of the load", "line 1501"]);
    assert_eq!((told, store.count().wait().unwrap()), (1_024, 1_024));
}
