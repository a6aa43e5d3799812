//! Typed collections: user structs go in and come out, and what does not fit is told.

use headwater_document::primitives::filter::field;
use headwater_document::primitives::{ErrorKind, Namespace, Result};
use headwater_document::{DocumentId, DocumentStore, Order, Uniqueness};
use serde_json::{Value, json};

use crate::support::{Account, refused};

fn accounts() -> (Namespace, DocumentStore<Account>) {
    let ns = Namespace::in_memory().unwrap();
    let store = DocumentStore::open_default(&ns).unwrap();
    (ns, store)
}

#[test]
fn structs_come_back_equal_under_their_renamed_id() {
    let (ns, store) = accounts();
    assert_eq!(store.name(), "accounts");
    let mut ada = Account::new(7, "Ada");
    ada.email = Some("ada@example.com".to_owned());
    let written = store.insert(&ada).wait().unwrap();
    assert_eq!(written.id, DocumentId::Integer(7));
    assert_eq!(store.get(7_u64).wait().unwrap(), Some(ada.clone()));
    store.update(7, |account| account.tags.push("vip".to_owned())).wait().unwrap();
    store.merge_patch(7, &json!({"owner": "Ada L."})).wait().unwrap();
    let patch = json!([{"op": "add", "path": "/tags/-", "value": "new"}]);
    store.json_patch(7, &patch).wait().unwrap();
    let expected =
        Account { owner: "Ada L.".into(), tags: vec!["vip".into(), "new".into()], ..ada };
    assert_eq!(store.get(7).wait().unwrap(), Some(expected.clone()));
    let json: Value = serde_json::from_str(&store.get_json(7).wait().unwrap().unwrap()).unwrap();
    assert_eq!(json["number"], 7);
    let page = store.find(field("tags").eq("new")).sort("owner", Order::Ascending).run().wait();
    assert_eq!(page.unwrap().documents[0].document, expected);
    let inside = store.clone();
    ns.transaction(move |tx| -> Result<()> {
        let accounts = inside.within(tx);
        accounts.update(7, |account| account.owner = "Countess".to_owned())?;
        assert_eq!(accounts.get(7)?.unwrap().owner, "Countess");
        Ok(())
    })
    .wait()
    .unwrap();
    assert_eq!(store.get(7).wait().unwrap().unwrap().owner, "Countess");
}

#[test]
fn a_typed_change_may_not_change_the_id() {
    let (_ns, store) = accounts();
    store.insert(&Account::new(7, "Ada")).wait().unwrap();
    let message =
        refused(store.update(7, |account| account.id = 8).wait(), ErrorKind::InvalidInput);
    assert!(message.contains('7') && message.contains('8'), "{message}");
    refused(store.merge_patch(7, &json!({"number": 8})).wait(), ErrorKind::InvalidInput);
    refused(store.merge_patch(7, &json!({"number": null})).wait(), ErrorKind::InvalidInput);
    store.merge_patch(7, &json!({"id": "any other field"})).wait().unwrap();
    assert_eq!(store.get(7).wait().unwrap().unwrap().id, 7);
}

#[test]
fn the_type_s_indexes_are_made_with_its_collection() {
    let (ns, store) = accounts();
    let indexes: Vec<_> = store.indexes().unwrap();
    let told: Vec<_> =
        indexes.iter().map(|index| (index.path.as_str(), index.uniqueness, index.ready)).collect();
    assert_eq!(told, [("email", Uniqueness::Unique, true), ("owner", Uniqueness::Many, true)]);
    let with = |id, email: &str| Account { email: Some(email.into()), ..Account::new(id, "x") };
    store.insert(&with(1, "a@x")).wait().unwrap();
    let message = refused(store.insert(&with(2, "a@x")).wait(), ErrorKind::AlreadyExists);
    assert!(message.contains("email") && message.contains("a@x"), "{message}");
    store.insert(&Account::new(3, "no mail")).wait().unwrap();
    store.insert(&Account::new(4, "none either")).wait().unwrap();
    let again: DocumentStore<Account> = DocumentStore::open_default(&ns).unwrap();
    assert_eq!(again.indexes().unwrap(), indexes);
}

#[test]
fn a_collection_of_the_other_kind_of_ids_does_not_open() {
    let ns = Namespace::in_memory().unwrap();
    let untyped: DocumentStore = DocumentStore::open(&ns, "accounts").unwrap();
    untyped.insert(&json!({"id": "text"})).wait().unwrap();
    let Err(error) = DocumentStore::<Account>::open(&ns, "accounts") else { panic!("it opened") };
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let message = error.to_string();
    assert!(message.contains("text") && message.contains("integer"), "{message}");
}

#[test]
fn a_document_that_does_not_fit_the_type_is_told_and_left_alone() {
    let (ns, store) = accounts();
    store.insert(&Account::new(1, "Ada")).wait().unwrap();
    store.merge_patch(1, &json!({"owner": 5})).wait().unwrap();
    for error in [
        store.get(1).wait().unwrap_err(),
        store.get_versioned(1).wait().unwrap_err(),
        store.get_many([1]).wait().unwrap_err(),
        store.update(1, |_| ()).wait().unwrap_err(),
        store.find(field("number").eq(1)).run().wait().unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("owner"), "{error:?}");
    }
    let untyped = store.get_json(1).wait().unwrap().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&untyped).unwrap()["owner"], 5);
    store.merge_patch(1, &json!({"owner": "Ada"})).wait().unwrap();
    assert_eq!(store.get(1).wait().unwrap(), Some(Account::new(1, "Ada")));
    drop(ns);
}
