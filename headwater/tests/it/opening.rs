//! Opening, closing, and opening beside an owner.

use headwater::ErrorKind;
use headwater::prelude::*;

use crate::customer::{Customer, customer};

#[test]
fn what_was_put_is_there_after_a_reopen() {
    let folder = tempfile::tempdir().unwrap();
    let db = Headwater::open(folder.path()).unwrap();
    db.put(&customer("ada", "London")).wait().unwrap();
    let other = db.clone();
    db.close().unwrap();
    assert_eq!(other.put(&customer("bob", "Bern")).wait().unwrap_err().kind(), ErrorKind::Closed);

    let db = Headwater::builder(folder.path()).with::<Customer>().open().unwrap();
    assert!(db.get::<Customer>("ada").wait().unwrap().is_some());
}

#[test]
fn a_second_owner_is_refused_and_a_reader_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let db = Headwater::open(folder.path()).unwrap();
    db.put(&customer("ada", "London")).wait().unwrap();
    let second = Headwater::open(folder.path()).err().unwrap();
    assert_eq!(second.kind(), ErrorKind::Locked);
    let reader = Headwater::builder(folder.path()).read_only().open().unwrap();
    assert!(reader.get::<Customer>("ada").wait().unwrap().is_some());
    let refused = reader.put(&customer("bob", "Bern")).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ReadOnly);
}

#[test]
fn a_type_named_to_the_builder_has_its_collection_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let db = Headwater::builder(folder.path()).with::<Customer>().open().unwrap();
    db.transaction(|tx| tx.put(&customer("ada", "London")).map(drop)).wait().unwrap();
    assert_eq!(db.stats().unwrap().tables[0].indexes, ["email", "city"]);
}
