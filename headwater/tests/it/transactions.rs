//! Transactions over several types.

use headwater::cdc::{EventFilter, Start};
use headwater::prelude::*;
use headwater::{Error, ErrorKind, WriteOptions};

use crate::customer::{Customer, Order, customer};

fn open() -> Headwater {
    let db = Headwater::in_memory().unwrap();
    db.documents::<Customer>().unwrap();
    db.documents::<Order>().unwrap();
    db
}

#[test]
fn a_transaction_is_one_event_group_over_all_types() {
    let db = open();
    db.transaction(|tx| {
        tx.put(&customer("ada", "London"))?;
        tx.insert(&Order { number: 1, customer: "ada".into() })?;
        assert_eq!(tx.get::<Customer>("ada")?.unwrap().city, "London");
        tx.publish("Order.placed", &1)?;
        assert!(tx.delete::<Order>(1)?.is_some());
        Ok(())
    })
    .wait()
    .unwrap();
    let mut changes = db.changes().subscribe(Start::Beginning, EventFilter::all()).unwrap();
    let batch = changes.try_next_batch().unwrap().unwrap();
    let events: Vec<_> = batch.events().map(|event| event.unwrap()).collect();
    let types: Vec<&str> = events.iter().map(|event| event.event_type()).collect();
    assert_eq!(types, ["cdc.insert", "cdc.insert", "Order.placed", "cdc.delete"]);
    assert!(events.iter().all(|event| event.transaction().unwrap().total == 4));
}

#[test]
fn a_failed_transaction_leaves_nothing() {
    let db = open();
    let failed = db.transaction(|tx| {
        tx.put(&customer("ada", "London"))?;
        Err::<(), _>(Error::invalid("no"))
    });
    assert_eq!(failed.wait().unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(db.get::<Customer>("ada").wait().unwrap(), None);
    assert_eq!(db.changes().head().0, 0);
}

#[derive(Debug)]
enum Mine {
    TooPoor,
    Store(#[expect(dead_code, reason = "only looked at by Debug")] Error),
}

impl From<Error> for Mine {
    fn from(error: Error) -> Self {
        Mine::Store(error)
    }
}

#[test]
fn the_caller_s_own_error_comes_back_as_it_is() {
    let db = open();
    let failed = db.transaction_with(WriteOptions::default(), |tx| {
        tx.put(&customer("ada", "London"))?;
        Err::<(), _>(Mine::TooPoor)
    });
    assert!(matches!(failed.wait(), Err(Mine::TooPoor)));
}

#[test]
fn stores_are_taken_into_the_transaction_whole() {
    let db = open();
    let customers = db.documents::<Customer>().unwrap();
    db.put(&customer("ada", "London")).wait().unwrap();
    db.transaction(move |tx| {
        customers.within(tx).update("ada", |ada| ada.city = "Bern".into())?;
        Ok(())
    })
    .wait()
    .unwrap();
    assert_eq!(db.get::<Customer>("ada").wait().unwrap().unwrap().city, "Bern");
}

#[test]
fn a_transaction_may_be_the_first_use_of_a_type() {
    let db = Headwater::in_memory().unwrap();
    let failed = db.transaction(|tx| {
        tx.put(&customer("ada", "London"))?;
        tx.put(&customer("bob", "Oslo"))?;
        Err::<(), _>(headwater::Error::invalid("changed my mind"))
    });
    failed.wait().unwrap_err();
    db.transaction(|tx| {
        tx.put(&customer("ada", "London"))?;
        assert_eq!(tx.get::<Customer>("ada")?, Some(customer("ada", "London")));
        tx.put(&customer("bob", "Oslo"))
    })
    .wait()
    .unwrap();

    // The indexes that the type declares came with it.
    let taken = Customer { id: "eve".into(), ..customer("ada", "London") };
    assert_eq!(db.put(&taken).wait().unwrap_err().kind(), headwater::ErrorKind::AlreadyExists);
    assert_eq!(db.get::<Customer>("bob").wait().unwrap(), Some(customer("bob", "Oslo")));
    assert_eq!(db.verify().unwrap(), Vec::<String>::new());
}
