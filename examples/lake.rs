//! Old documents move to Parquet files in an Iceberg table, and stay where they are for whoever reads or
//! writes them.
//!
//! `cargo run --example lake -p headwater-examples --features lake`

use headwater::Result;
use headwater::lake::schema::Column;
use headwater::lake::{Policy, Tier};
use headwater::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Store)]
#[store(document)]
struct Sale {
    #[store(id)]
    number: i64,
    #[store(index)]
    city: String,
    /// In cents, so that sums are exact.
    total: i64,
    paid: bool,
}

fn sale(number: i64) -> Sale {
    let city = ["Basel", "Bern", "Chur"][number as usize % 3];
    Sale { number, city: city.to_owned(), total: 100 + number % 977, paid: number % 4 != 0 }
}

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let db = Headwater::builder(folder.path().join("shop.hw")).with::<Sale>().open()?;
    let sales = db.documents::<Sale>()?;
    let all: Vec<Sale> = (0..50_000).map(sale).collect();
    let written = sales.bulk_insert(&all).wait()?;

    // The thousand sales that were written last stay hot. Columns are inferred; one can be declared.
    let lake = Tier::of(db.namespace())?;
    let moved = lake
        .hand_off(&sales, Policy::KeepRows(1_000))
        .column(Column::field("total", "long".parse()?)?)
        .wait()?;
    println!("{} sales moved to {} file(s), {} bytes", moved.rows, moved.files, moved.bytes);
    println!("the lake is at {}", lake.location());

    // Nobody notices: the same documents, by id, by an index, in one order.
    assert_eq!(sales.get(17).wait()?, Some(sale(17)));
    let bern = db.find::<Sale>(field("city").eq("Bern"))?.sort("total", Order::Descending);
    let best = bern.limit(3).run().wait()?;
    println!(
        "the best of Bern: {:?}",
        best.documents.iter().map(|found| found.document.total).collect::<Vec<_>>()
    );

    // A sale of the lake that is changed is hot again, and its event has what it was before.
    sales.update(17, |sale| sale.paid = !sale.paid).wait()?;
    sales.delete(18).wait()?;
    println!("{} sales are there now", sales.count().wait()?);

    // What was, is still known: as it was after the first write of all.
    let then = sales.as_of(written.last);
    println!(
        "{} were there then, and sale 18 was {:?}",
        then.count().wait()?,
        then.get(18).wait()?
    );

    // The next hand-off tells the lake what is over, so that other engines see each sale once.
    let moved = lake.hand_off(&sales, Policy::KeepRows(1_000)).wait()?;
    println!("{} rows of the lake were over; {} more moved", moved.deleted, moved.rows);
    assert_eq!(db.verify()?, Vec::<String>::new());
    Ok(())
}
