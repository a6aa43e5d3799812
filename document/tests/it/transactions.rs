//! Collections inside transactions: own writes are seen, and a transaction that fails leaves nothing.

use std::sync::mpsc;
use std::time::Duration;

use headwater_document::primitives::{Error, ErrorKind, Namespace, Result, Sequence};
use headwater_document::{DocumentStore, IdKind, PutOptions, Uniqueness, collections};
use serde_json::json;

use crate::support::{all, head, memory, opened, refused};

#[test]
fn a_transaction_sees_its_own_writes_and_nobody_else_does_before_the_commit() {
    let (ns, store) = memory("people");
    store.insert(&json!({"id": "old", "n": 0})).wait().unwrap();
    let (inside, outside) = (store.clone(), store.clone());
    ns.transaction(move |tx| -> Result<()> {
        let people = inside.within(tx);
        let inserted = people.insert(&json!({"id": "a", "n": 1}))?;
        assert_eq!(people.get("a")?, Some(json!({"id": "a", "n": 1})));
        assert_eq!(inserted.version, Sequence(2));
        assert_eq!(people.get_versioned("a")?.unwrap().version, inserted.version);
        people.update("a", |value| value["n"] = json!(2))?;
        people.merge_patch("a", &json!({"m": 1}))?;
        people.json_patch("a", &json!([{"op": "remove", "path": "/m"}]))?;
        let put = people.put(&json!({"id": "old", "n": 9}))?;
        people.replace_with(&json!({"id": "old", "n": 10}), PutOptions::expecting(put.version))?;
        assert_eq!(people.get("old")?, Some(json!({"id": "old", "n": 10})));
        people.insert(&json!({"id": "gone"}))?;
        assert!(people.delete("gone")?.is_some() && people.delete("gone")?.is_none());
        assert_eq!(people.get("gone")?, None);
        refused(people.insert(&json!({"id": "a"})), ErrorKind::AlreadyExists);
        refused(people.delete_with("a", Some(Sequence(1))), ErrorKind::Conflict);
        refused(people.replace(&json!({"id": "x"})), ErrorKind::NotFound);
        refused(people.get(1), ErrorKind::InvalidInput);
        assert_eq!(outside.get("a").wait()?, None, "not committed");
        assert_eq!(outside.get("old").wait()?, Some(json!({"id": "old", "n": 0})));
        Ok(())
    })
    .wait()
    .unwrap();
    assert_eq!(all(&store), [json!({"id": "a", "n": 2}), json!({"id": "old", "n": 10})]);
    assert_eq!(head(&ns), Sequence(9));
}

#[test]
fn a_transaction_that_fails_leaves_nothing() {
    let (ns, store) = memory("people");
    store.insert(&json!({"id": "a", "mail": "a@x"})).wait().unwrap();
    store.create_index("mail", Uniqueness::Unique).unwrap().wait().unwrap();
    let cached = store.get("a").wait().unwrap();
    let before = head(&ns);
    for panics in [false, true] {
        let inside = store.clone();
        let failed = ns.transaction(move |tx| -> Result<()> {
            let people = inside.within(tx);
            people.put(&json!({"id": "a", "mail": "changed@x"}))?;
            people.insert(&json!({"id": "b", "mail": "b@x"}))?;
            people.delete("a")?;
            assert!(!panics, "as asked");
            Err(Error::invalid("as asked"))
        });
        let kind = if panics { ErrorKind::Panicked } else { ErrorKind::InvalidInput };
        refused(failed.wait(), kind);
        assert_eq!((store.get("a").wait().unwrap(), head(&ns)), (cached.clone(), before));
        assert_eq!(store.get("b").wait().unwrap(), None);
    }
    let taken = store.insert(&json!({"id": "c", "mail": "a@x"})).wait();
    refused(taken, ErrorKind::AlreadyExists);
    let written = store.insert(&json!({"id": "b", "mail": "changed@x"})).wait().unwrap();
    assert_eq!(written.sequence, before.next(), "its sequences were given back");
}

#[test]
fn a_refused_write_inside_a_transaction_does_not_stop_it() {
    let (ns, store) = memory("people");
    let inside = store.clone();
    ns.transaction(move |tx| -> Result<()> {
        let people = inside.within(tx);
        people.insert(&json!({"id": "a"}))?;
        refused(people.insert(&json!({"id": "a", "again": true})), ErrorKind::AlreadyExists);
        refused(people.insert(&json!([])), ErrorKind::InvalidInput);
        people.insert(&json!({"id": "b"})).map(drop)
    })
    .wait()
    .unwrap();
    assert_eq!(all(&store), [json!({"id": "a"}), json!({"id": "b"})]);
    assert_eq!(head(&ns), Sequence(2));
}

#[test]
fn a_collection_that_was_made_in_a_failing_transaction_never_was() {
    let (ns, store) = memory("people");
    let inside = store.clone();
    let failed = ns.transaction(move |tx| -> Result<()> {
        inside.within(tx).insert(&json!({"id": "a"}))?;
        assert_eq!(inside.within(tx).get("a")?, Some(json!({"id": "a"})));
        Err(Error::invalid("as asked"))
    });
    refused(failed.wait(), ErrorKind::InvalidInput);
    assert_eq!((store.get("a").wait().unwrap(), store.count().wait().unwrap()), (None, 0));
    assert_eq!((store.id_kind().unwrap(), head(&ns)), (None, Sequence(0)));
    assert!(collections(&ns).unwrap().is_empty());
    refused(store.create_index("n", Uniqueness::Many).map(drop), ErrorKind::NotFound);

    // Its number goes to another collection, of other ids, and it comes back itself.
    let others: DocumentStore = DocumentStore::open(&ns, "others").unwrap();
    others.insert(&json!({"id": 1, "n": 1})).wait().unwrap();
    store.insert(&json!({"id": 2, "n": 2})).wait().unwrap();
    assert_eq!(store.id_kind().unwrap(), Some(IdKind::Integer));
    assert_eq!(others.get(1).wait().unwrap(), Some(json!({"id": 1, "n": 1})));
    assert_eq!(store.get(2).wait().unwrap(), Some(json!({"id": 2, "n": 2})));
    assert_eq!(store.get(1).wait().unwrap(), None);
}

#[test]
fn what_finds_nothing_makes_no_collection() {
    let (ns, store) = memory("nothing");
    let document = json!({"id": "a"});
    assert_eq!(store.delete("a").wait().unwrap(), None);
    refused(store.delete_with("a", Some(Sequence(1))).wait(), ErrorKind::Conflict);
    refused(store.replace(&document).wait(), ErrorKind::NotFound);
    refused(store.update("a", |_| ()).wait(), ErrorKind::NotFound);
    let inside = store.clone();
    ns.transaction(move |tx| -> Result<()> {
        let nothing = inside.within(tx);
        assert_eq!((nothing.get("a")?, nothing.get(1)?), (None, None));
        assert_eq!(nothing.delete("a")?, None);
        refused(nothing.replace(&document), ErrorKind::NotFound);
        refused(nothing.merge_patch("a", &json!({})), ErrorKind::NotFound);
        Ok(())
    })
    .wait()
    .unwrap();
    assert_eq!(store.id_kind().unwrap(), None, "the first document decides");
    assert!(collections(&ns).unwrap().is_empty());
    let inside = store.clone();
    ns.transaction(move |tx| -> Result<()> {
        let something = inside.within(tx);
        something.insert(&json!({"id": 1}))?;
        refused(something.get("a"), ErrorKind::InvalidInput);
        assert_eq!(something.get(1)?, Some(json!({"id": 1})));
        something.replace(&json!({"id": 1, "n": 2}))?;
        something.delete(1).map(drop)
    })
    .wait()
    .unwrap();
    assert_eq!(store.id_kind().unwrap(), Some(IdKind::Integer));
}

#[test]
fn one_transaction_may_make_several_collections() {
    let (ns, people) = memory("people");
    let places: DocumentStore = DocumentStore::open(&ns, "places").unwrap();
    let (in_people, in_places) = (people.clone(), places.clone());
    ns.transaction(move |tx| -> Result<()> {
        in_people.within(tx).insert(&json!({"id": "a"}))?;
        in_places.within(tx).insert(&json!({"id": 1}))?;
        in_people.within(tx).put(&json!({"id": "a", "n": 1}))?;
        in_places.within(tx).update(1, |value| value["n"] = json!(2)).map(drop)
    })
    .wait()
    .unwrap();
    assert_eq!(all(&people), [json!({"id": "a", "n": 1})]);
    assert_eq!(all(&places), [json!({"id": 1, "n": 2})]);
}

#[test]
fn writers_that_race_to_make_a_collection_all_get_into_the_same_one() {
    let (_ns, store) = memory("raced");
    std::thread::scope(|scope| {
        for id in 0..16 {
            let store = &store;
            scope.spawn(move || store.insert(&json!({"id": id})).wait().unwrap());
        }
    });
    assert_eq!(store.count().wait().unwrap(), 16);
}

#[test]
fn waiting_inside_a_transaction_is_an_error_and_not_a_deadlock() {
    let (ns, store) = memory("people");
    store.insert(&json!({"id": "a"})).wait().unwrap();
    store.create_index("n", Uniqueness::Many).unwrap().wait().unwrap();
    let (done, finished) = mpsc::channel();
    let inside = store.clone();
    std::thread::spawn(move || {
        let result = ns.transaction(move |_| -> Result<()> {
            let document = json!({"id": "b"});
            refused(inside.insert(&document).wait(), ErrorKind::WouldDeadlock);
            refused(inside.bulk_insert([&document]).wait(), ErrorKind::WouldDeadlock);
            let build = inside.create_index("m", Uniqueness::Many)?;
            refused(build.wait(), ErrorKind::WouldDeadlock);
            refused(inside.drop_index("n"), ErrorKind::WouldDeadlock);
            Ok(())
        });
        done.send(result.wait()).unwrap();
    });
    let result = finished.recv_timeout(Duration::from_secs(20));
    result.expect("the transaction must not wait for itself").unwrap();
}

#[test]
fn a_snapshot_shows_one_moment() {
    let (ns, store) = memory("people");
    store.insert(&json!({"id": "a", "n": 1})).wait().unwrap();
    ns.snapshot(|snapshot| -> Result<()> {
        assert_eq!(store.get_at(snapshot, "a")?, Some(json!({"id": "a", "n": 1})));
        store.put(&json!({"id": "a", "n": 2})).wait()?;
        store.insert(&json!({"id": "b"})).wait()?;
        assert_eq!(store.get("a").wait()?, Some(json!({"id": "a", "n": 2})), "not the snapshot");
        assert_eq!(store.get_at(snapshot, "a")?, Some(json!({"id": "a", "n": 1})));
        assert_eq!(store.get_at(snapshot, "b")?, None);
        Ok(())
    })
    .unwrap();
}

#[test]
fn documents_outlive_the_namespace_that_wrote_them() {
    let folder = tempfile::tempdir().unwrap();
    let open = || opened(Namespace::builder(folder.path()));
    let ns = open();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    let version = store.insert(&json!({"id": "a", "n": 1})).wait().unwrap().version;
    ns.close().unwrap();
    let ns = open();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    let found = store.get_versioned("a").wait().unwrap().unwrap();
    assert_eq!((found.document, found.version), (json!({"id": "a", "n": 1}), version));
    let next = store.put(&json!({"id": "a", "n": 2})).wait().unwrap();
    assert_eq!(next.sequence, version.next());
}
