//! The same operations inside a transaction: all, or nothing.

use headwater_vector::primitives::{Error, ErrorKind, Namespace, Result};
use headwater_vector::{PutOptions, Row, VectorStore, prepare};
use serde_json::json;

use crate::support::{events, memory, options, refused, row};

#[test]
fn a_transaction_sees_its_own_writes_and_commits_them_together() {
    let (ns, store) = memory();
    let within = store.clone();
    ns.transaction(move |tx| -> Result<()> {
        let rows = within.within(tx);
        let first = rows.insert(&row(json!({"id": 1, "text": "a"})))?;
        rows.put_with(&row(json!({"id": 1, "text": "b"})), PutOptions::expecting(first.version))?;
        rows.update(1, |row| row.metadata = json!({"n": 1}).as_object().unwrap().clone())?;
        rows.set_embedding(1, Some(&[1.0, 0.0, 0.0]))?;
        rows.merge_metadata(1, &json!({"m": 2}))?;
        rows.set_text(1, None)?;
        let now = rows.get(1)?.unwrap();
        assert_eq!(
            now,
            row(json!({"id": 1, "embedding": [1, 0, 0], "metadata": {"n": 1, "m": 2}}))
        );
        rows.replace(&row(json!({"id": 1})))?;
        rows.set_metadata(1, &json!({"last": true}))?;
        rows.insert(&row(json!({"id": 2})))?;
        assert!(rows.delete(2)?.is_some() && rows.delete(3)?.is_none());
        assert_eq!(rows.get_versioned(2)?, None);
        Ok(())
    })
    .wait()
    .unwrap();
    assert_eq!(store.get(1).wait().unwrap().unwrap().metadata["last"], true);
    let events = events(&ns);
    assert_eq!(events.len(), 10);
    assert!(events.iter().all(|event| event.transaction().unwrap().total == 10));
}

#[test]
fn a_transaction_that_fails_leaves_nothing_not_even_the_kind_of_the_ids() {
    let (ns, store) = memory();
    let within = store.clone();
    let failed = ns.transaction(move |tx| -> Result<()> {
        within.within(tx).insert(&row(json!({"id": 1, "metadata": {"year": 1}})))?;
        Err(Error::invalid("as asked"))
    });
    refused(failed.wait(), ErrorKind::InvalidInput, &["as asked"]);
    assert!(events(&ns).is_empty());
    store.insert(&row(json!({"id": "text"}))).wait().unwrap();
    assert_eq!(store.count().wait().unwrap(), 1);
}

#[test]
fn a_store_can_be_made_in_a_transaction() {
    let ns = Namespace::in_memory().unwrap();
    prepare(&ns).unwrap();
    let make = |fails: bool| {
        let inner = ns.clone();
        ns.transaction(move |tx| -> Result<()> {
            let wrong = VectorStore::<Row>::open_within(tx, &inner, "rows").map(drop);
            refused(wrong, ErrorKind::NotFound, &["create it"]);
            let store = VectorStore::<Row>::create_within(tx, &inner, "rows", options())?;
            store.within(tx).insert(&row(json!({"id": 1})))?;
            if fails { Err(Error::invalid("as asked")) } else { Ok(()) }
        })
        .wait()
    };
    make(true).unwrap_err();
    assert!(headwater_vector::stores(&ns).unwrap().is_empty());
    make(false).unwrap();
    let store: VectorStore = VectorStore::open(&ns, "rows").unwrap();
    assert!(store.get(1).wait().unwrap().is_some());
}
