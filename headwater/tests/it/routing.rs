//! Values find their store by their type.

use futures_lite::future::block_on;
use headwater::ErrorKind;
use headwater::document::Order as Direction;
use headwater::prelude::{Headwater, field};

use crate::customer::{Customer, Order, customer};

#[test]
fn each_type_goes_to_its_own_collection() {
    let db = Headwater::in_memory().unwrap();
    db.put(&customer("ada", "London")).wait().unwrap();
    db.put(&Order { number: 7, customer: "ada".into() }).wait().unwrap();
    assert_eq!(db.get::<Customer>("ada").wait().unwrap(), Some(customer("ada", "London")));
    assert_eq!(db.get::<Order>(7).wait().unwrap().unwrap().customer, "ada");
    let names: Vec<String> = db.stats().unwrap().tables.into_iter().map(|t| t.table).collect();
    assert_eq!(names, ["customers", "sales"]);
}

#[test]
fn the_same_calls_can_be_awaited() {
    let db = Headwater::in_memory().unwrap();
    block_on(async {
        let written = db.insert(&customer("ada", "London")).await.unwrap();
        assert_eq!(written.version, written.sequence);
        assert!(db.get::<Customer>("ada").await.unwrap().is_some());
        assert!(db.delete::<Customer>("ada").await.unwrap().is_some());
        assert!(db.delete::<Customer>("ada").await.unwrap().is_none());
        assert!(db.get::<Customer>("ada").await.unwrap().is_none());
    });
}

#[test]
fn an_insert_over_another_is_refused() {
    let db = Headwater::in_memory().unwrap();
    db.insert(&customer("ada", "London")).wait().unwrap();
    let error = db.insert(&customer("ada", "Bern")).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
}

#[test]
fn declared_indexes_are_there_from_the_first_use() {
    let db = Headwater::in_memory().unwrap();
    db.put(&customer("ada", "London")).wait().unwrap();
    let paths: Vec<String> = db
        .documents::<Customer>()
        .unwrap()
        .indexes()
        .unwrap()
        .into_iter()
        .map(|i| i.path)
        .collect();
    assert_eq!(paths, ["email", "city"]);
    let same_mail = Customer { id: "bob".into(), ..customer("ada", "Bern") };
    assert_eq!(db.put(&same_mail).wait().unwrap_err().kind(), ErrorKind::AlreadyExists);
}

#[test]
fn a_filter_finds_typed_values() {
    let db = Headwater::in_memory().unwrap();
    for (id, city) in [("ada", "London"), ("bob", "Bern"), ("cyd", "London")] {
        db.put(&customer(id, city)).wait().unwrap();
    }
    let found = db.find::<Customer>(field("city").eq("London")).unwrap();
    let page = found.sort("id", Direction::Descending).run().wait().unwrap();
    let ids: Vec<&str> = page.documents.iter().map(|found| found.document.id.as_str()).collect();
    assert_eq!(ids, ["cyd", "ada"]);
}

#[test]
fn an_untyped_collection_sees_the_same_documents() {
    let db = Headwater::in_memory().unwrap();
    db.put(&customer("ada", "London")).wait().unwrap();
    let value = db.collection("customers").unwrap().get("ada").wait().unwrap().unwrap();
    assert_eq!(value["city"], "London");
}
