//! Single operations on rows of any shape.

use headwater_vector::primitives::{ErrorKind, Namespace, RecordId};
use headwater_vector::{PutOptions, Row, VectorStore, stores};
use serde_json::json;

use crate::support::{memory, options, refused, row};

#[test]
fn a_row_comes_back_as_it_was_written() {
    let (_ns, store) = memory();
    let full = row(json!({
        "id": "a", "embedding": [0.1, -2.0, 1e-30], "text": "words \"quoted\"",
        "metadata": {"year": 1998, "nested": {"deep": [1, null, "é"]}},
    }));
    let bare = row(json!({"id": "b"}));
    store.insert(&full).wait().unwrap();
    store.insert(&bare).wait().unwrap();
    assert_eq!(store.get("a").wait().unwrap(), Some(full.clone()));
    assert_eq!(store.get_many(["b", "none", "a"]).wait().unwrap(), [Some(bare), None, Some(full)]);
    assert_eq!(store.count().wait().unwrap(), 2);
}

#[test]
fn a_row_without_an_id_is_given_one() {
    let (_ns, store) = memory();
    let written = store.put(&row(json!({"text": "x"}))).wait().unwrap();
    let found = store.get(&written.id).wait().unwrap().unwrap();
    assert_eq!(found.id, Some(written.id));
}

#[test]
fn the_first_row_decides_the_kind_of_the_ids() {
    let (_ns, store) = memory();
    assert_eq!(store.id_kind().unwrap(), None);
    assert_eq!(store.get("a").wait().unwrap(), None);
    store.insert(&row(json!({"id": 7}))).wait().unwrap();
    assert_eq!(store.parse_id("12").unwrap(), RecordId::Integer(12));
    let parts = ["\"7\"", "text", "integer"];
    refused(store.insert(&row(json!({"id": "7"}))).wait(), ErrorKind::InvalidInput, &parts);
    refused(store.get("7").wait(), ErrorKind::InvalidInput, &parts);
    refused(store.delete("7").wait(), ErrorKind::InvalidInput, &parts);
    refused(store.insert(&Row::default()).wait(), ErrorKind::InvalidInput, &["integer ids"]);
}

#[test]
fn a_taken_id_is_refused_by_insert_and_replaced_by_put() {
    let (_ns, store) = memory();
    let (first, second) = (row(json!({"id": 1, "text": "a"})), row(json!({"id": 1, "text": "b"})));
    refused(store.replace(&first).wait(), ErrorKind::NotFound, &["no row 1"]);
    store.insert(&first).wait().unwrap();
    refused(store.insert(&second).wait(), ErrorKind::AlreadyExists, &["\"rows\"", "row 1"]);
    store.put(&second).wait().unwrap();
    assert_eq!(store.get(1).wait().unwrap(), Some(second));
    store.replace(&first).wait().unwrap();
    assert_eq!(store.get(1).wait().unwrap(), Some(first));
}

#[test]
fn a_write_can_expect_a_version() {
    let (_ns, store) = memory();
    let row = row(json!({"id": 1}));
    let old = store.insert(&row).wait().unwrap().version;
    let new = store.put_with(&row, PutOptions::expecting(old)).wait().unwrap().version;
    assert_eq!(store.get_versioned(1).wait().unwrap().unwrap().version, new);
    let stale = PutOptions::expecting(old);
    refused(store.put_with(&row, stale).wait(), ErrorKind::Conflict, &["at version 2"]);
    refused(store.replace_with(&row, stale).wait(), ErrorKind::Conflict, &["version 1 was"]);
    refused(store.delete_with(1, stale).wait(), ErrorKind::Conflict, &[]);
    assert!(store.delete_with(1, PutOptions::expecting(new)).wait().unwrap().is_some());
    refused(store.delete_with(1, stale).wait(), ErrorKind::Conflict, &["missing"]);
    assert!(store.delete(1).wait().unwrap().is_none());
}

#[test]
fn each_part_changes_alone() {
    let (_ns, store) = memory();
    let whole = json!({"id": 1, "embedding": [1, 2, 3], "text": "t", "metadata": {"a": 1, "b": 2}});
    store.insert(&row(whole)).wait().unwrap();
    store.set_text(1, Some("new")).wait().unwrap();
    store.merge_metadata(1, &json!({"a": null, "c": {"d": 1}})).wait().unwrap();
    store.set_embedding(1, Some(&[4.0, 5.0, 6.0])).wait().unwrap();
    let expected = json!({
        "id": 1, "embedding": [4.0, 5.0, 6.0], "text": "new",
        "metadata": {"b": 2, "c": {"d": 1}},
    });
    assert_eq!(store.get(1).wait().unwrap(), Some(row(expected)));
    store.set_text(1, None).wait().unwrap();
    store.set_embedding(1, None).wait().unwrap();
    store.set_metadata(1, &json!({"only": true})).wait().unwrap();
    let expected = json!({"id": 1, "metadata": {"only": true}});
    assert_eq!(store.get(1).wait().unwrap(), Some(row(expected)));
    store.update(1, |row| row.text = Some("by closure".into())).wait().unwrap();
    assert_eq!(store.get(1).wait().unwrap().unwrap().text.as_deref(), Some("by closure"));
    refused(store.set_text(2, None).wait(), ErrorKind::NotFound, &["no row 2"]);
}

#[test]
fn a_store_opened_again_has_its_options_its_kind_and_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    let store: VectorStore = VectorStore::create(&ns, "rows", options()).unwrap();
    store.insert(&row(json!({"id": 1}))).wait().unwrap();
    drop(store);
    ns.close().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    let store: VectorStore = VectorStore::open(&ns, "rows").unwrap();
    assert_eq!(store.options(), &options());
    assert!(store.get(1).wait().unwrap().is_some());
    let infos = stores(&ns).unwrap();
    assert_eq!((infos.len(), &*infos[0].name, infos[0].rows), (1, "rows", 1));
    let other = VectorStore::<Row>::create(&ns, "rows", options().prefixes([2]));
    refused(other.map(drop), ErrorKind::InvalidInput, &["\"rows\"", "prefixes is []", "[2]"]);
    refused(VectorStore::<Row>::open(&ns, "none").map(drop), ErrorKind::NotFound, &["\"none\""]);
}
