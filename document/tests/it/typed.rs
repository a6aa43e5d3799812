//! Typed collections: user structs go in and come out, and what does not fit is told.

use headwater_document::primitives::filter::field;
use headwater_document::primitives::{Error, ErrorKind, Namespace, Result};
use headwater_document::{Document, DocumentId, DocumentStore, IdKind, Order, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{Account, defects, refused};

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

#[test]
fn a_type_whose_unique_index_does_not_hold_does_not_open() {
    let ns = Namespace::in_memory().unwrap();
    let untyped: DocumentStore = DocumentStore::open(&ns, "accounts").unwrap();
    let twice = json!({"id": 1, "number": 1, "owner": "a", "email": "same"});
    untyped.insert(&twice).wait().unwrap();
    untyped.insert(&json!({"id": 2, "email": "same"})).wait().unwrap();
    let Err(error) = DocumentStore::<Account>::open(&ns, "accounts") else { panic!("it opened") };
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    assert!(untyped.indexes().unwrap().iter().all(|index| index.path != "email"));
    untyped.delete(2).wait().unwrap();
    DocumentStore::<Account>::open(&ns, "accounts").unwrap();
}

#[test]
fn a_type_may_be_used_first_inside_a_transaction() {
    let ns = Namespace::in_memory().unwrap();
    headwater_document::prepare(&ns).unwrap();
    headwater_document::cdc::ChangeLog::open(&ns).unwrap();
    let ada = Account { email: Some("a@x".into()), ..Account::new(1, "Ada") };
    for fails in [true, false] {
        let (inside, ada) = (ns.clone(), ada.clone());
        let result = ns.transaction(move |tx| -> Result<()> {
            let accounts = DocumentStore::<Account>::open_within(tx, &inside, "accounts")?;
            accounts.within(tx).insert(&ada)?;
            let same = Account { id: 2, ..ada.clone() };
            refused(accounts.within(tx).insert(&same), ErrorKind::AlreadyExists);
            let again = DocumentStore::<Account>::open_within(tx, &inside, "accounts")?;
            assert_eq!(again.within(tx).get(1)?, Some(ada));
            if fails { Err(Error::invalid("as asked")) } else { Ok(()) }
        });
        assert_eq!(result.wait().is_err(), fails);
        assert_eq!(headwater_document::collections(&ns).unwrap().is_empty(), fails);
    }
    let accounts: DocumentStore<Account> = DocumentStore::open_default(&ns).unwrap();
    assert_eq!(accounts.get(1).wait().unwrap(), Some(ada.clone()));
    assert!(accounts.indexes().unwrap().iter().all(|index| index.ready));
    let same = Account { id: 2, ..ada };
    refused(accounts.insert(&same).wait(), ErrorKind::AlreadyExists);
    assert_eq!(defects(&ns), Vec::<String>::new());

    let untyped: DocumentStore = DocumentStore::open(&ns, "others").unwrap();
    untyped.insert(&json!({"id": 1, "number": 1, "owner": "x"})).wait().unwrap();
    let inside = ns.clone();
    ns.transaction(move |tx| -> Result<()> {
        let opened = DocumentStore::<Account>::open_within(tx, &inside, "others").map(drop);
        refused(opened, ErrorKind::WouldDeadlock);
        Ok(())
    })
    .wait()
    .unwrap();
}

/// A document without an id of its own, and with what JSON cannot say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    key: String,
    value: f64,
}

impl Document for Reading {
    fn collection() -> &'static str {
        "readings"
    }

    fn id_kind() -> Option<IdKind> {
        Some(IdKind::Text)
    }

    fn id_field() -> &'static str {
        "key"
    }

    fn document_id(&self) -> Result<Option<DocumentId>> {
        let id = (!self.key.is_empty()).then(|| DocumentId::Text(self.key.as_str().into()));
        Ok(id)
    }
}

#[test]
fn a_type_may_leave_its_id_to_be_generated_under_its_own_name() {
    let ns = Namespace::in_memory().unwrap();
    let store: DocumentStore<Reading> = DocumentStore::open_default(&ns).unwrap();
    let written = store.insert(&Reading { key: String::new(), value: 1.5 }).wait().unwrap();
    let found = store.get(&written.id).wait().unwrap().unwrap();
    assert_eq!((DocumentId::Text(found.key.as_str().into()), found.value), (written.id, 1.5));
}

#[test]
fn what_json_cannot_say_never_becomes_a_document_that_cannot_be_read() {
    let ns = Namespace::in_memory().unwrap();
    let store: DocumentStore<Reading> = DocumentStore::open_default(&ns).unwrap();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let message = refused(
            store.insert(&Reading { key: "a".into(), value }).wait(),
            ErrorKind::InvalidInput,
        );
        assert!(message.contains("value"), "the field is named: {message}");
    }
    for value in [f64::MAX, f64::MIN_POSITIVE, 5e-324, -0.0, 0.1 + 0.2] {
        let reading = Reading { key: "a".into(), value };
        store.put(&reading).wait().unwrap();
        let found = store.get("a").wait().unwrap().unwrap();
        assert_eq!(found.value.to_bits(), value.to_bits(), "{value}");
    }
}
