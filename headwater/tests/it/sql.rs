//! SQL through the facade.

use headwater::prelude::*;
use headwater::sql::arrow_array::Int64Array;

use crate::customer::{Customer, customer};

#[test]
fn a_statement_sees_what_was_put_and_what_was() {
    let db = Headwater::in_memory().unwrap();
    db.put(&customer("ada", "Bern")).wait().unwrap();
    let then = db.changes().head();
    db.put(&customer("bob", "Chur")).wait().unwrap();
    let count = |query: headwater::sql::SqlQuery| {
        let mut rows = query.run().wait().unwrap();
        let batch = rows.blocking().next().unwrap().unwrap();
        batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().value(0)
    };
    let name = <Customer as headwater::document::Document>::collection();
    let text = format!("SELECT count(*) FROM {name}");
    assert_eq!(count(db.sql(&*text).unwrap()), 2);
    assert_eq!(count(db.sql(&*text).unwrap().as_of(then)), 1);
    // A handle that is kept for statements does not keep the database open.
    db.close().unwrap();
}
