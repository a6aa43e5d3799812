//! What is refused at the call, and that nothing is left of it.

use headwater_vector::primitives::{ErrorKind, Namespace, Result};
use headwater_vector::{MAX_ROW_BYTES, Row, VectorOptions, VectorStore, Written};
use serde_json::json;

use crate::support::{events, memory, refused, row};

fn with(embedding: &[f32]) -> Row {
    Row { id: Some(1.into()), embedding: Some(embedding.to_vec()), ..Row::default() }
}

#[test]
fn a_row_that_does_not_fit_is_refused_and_leaves_nothing() {
    let (ns, store) = memory();
    store.insert(&row(json!({"id": 1, "metadata": {"a": 1}}))).wait().unwrap();
    let invalid = |result: Result<Written>, parts: &[&str]| {
        refused(result, ErrorKind::InvalidInput, &[parts, &["\"rows\""]].concat());
    };
    invalid(store.put(&with(&[1.0])).wait(), &["1 dimensions", "have 3"]);
    invalid(store.put(&with(&[1.0, f32::NAN, 0.0])).wait(), &["NaN at position 1"]);
    invalid(store.set_embedding(1, Some(&[f32::INFINITY; 3])).wait(), &["inf at position 0"]);
    let long = Row { id: Some("x".repeat(2_000).into()), ..Row::default() };
    invalid(store.put(&long).wait(), &["id of 2000 bytes"]);
    invalid(store.set_metadata(1, &json!([1])).wait(), &["an array"]);
    invalid(store.merge_metadata(1, &json!("text")).wait(), &["a string"]);
    invalid(store.update(1, |row| row.id = Some("b".into())).wait(), &["makes its id \"b\""]);
    invalid(store.update(1, |row| row.id = None).wait(), &["makes its id missing"]);
    let large = "x".repeat(MAX_ROW_BYTES);
    refused(store.set_text(1, Some(&large)).wait(), ErrorKind::TooLarge, &["16777216"]);
    let many = [row(json!({"id": 2})), with(&[1.0])];
    refused(store.bulk_insert(&many).wait(), ErrorKind::InvalidInput, &["row 1 of the bulk"]);
    let taken = [row(json!({"id": 2})), row(json!({"id": 1}))];
    refused(store.bulk_insert(&taken).wait(), ErrorKind::AlreadyExists, &["row 1 of the bulk"]);
    assert_eq!(events(&ns).len(), 1);
    assert_eq!(store.count().wait().unwrap(), 1);
}

#[test]
fn a_zero_vector_is_refused_under_cosine_only() {
    let ns = Namespace::in_memory().unwrap();
    let cosine: VectorStore = VectorStore::create(&ns, "c", VectorOptions::new(3)).unwrap();
    refused(cosine.insert(&with(&[0.0; 3])).wait(), ErrorKind::InvalidInput, &["of zeros"]);
    memory().1.insert(&with(&[0.0; 3])).wait().unwrap();
}

#[test]
fn a_store_that_cannot_be_is_not_made() {
    let ns = Namespace::in_memory().unwrap();
    for (name, options, part) in [
        ("a", VectorOptions::new(0), "0 dimensions"),
        ("a", VectorOptions::new(4).language(Some("xx")), "language \"xx\""),
        ("", VectorOptions::new(4), "1 to 128 bytes"),
        ("a\n", VectorOptions::new(4), "control"),
    ] {
        let made = VectorStore::<Row>::create(&ns, name, options);
        refused(made.map(drop), ErrorKind::InvalidInput, &[part]);
    }
    assert!(headwater_vector::stores(&ns).unwrap().is_empty());
}

#[test]
fn json_that_is_no_row_is_refused() {
    for json in [
        json!({"id": 1.5}),
        json!({"id": 1, "title": "not in the metadata"}),
        json!({"id": 1, "metadata": [1]}),
        json!({"id": 1, "embedding": "0.1"}),
    ] {
        assert!(serde_json::from_value::<Row>(json.clone()).is_err(), "{json}");
    }
}
