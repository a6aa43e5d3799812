//! SQL over documents that are partly in SQLite and partly in Parquet: one table, now and as it was.
//!
//! `cargo run --example sql -p headwater-examples --features sql`

use headwater::Result;
use headwater::lake::{Policy, Tier};
use headwater::prelude::*;
use headwater::sql::SqlQuery;
use headwater::sql::arrow_array::cast::AsArray;
use headwater::sql::arrow_array::types::Int64Type;
use serde_json::json;

fn main() -> Result<()> {
    let db = Headwater::in_memory()?;
    let sales = db.collection("sales")?;
    let cities = ["Basel", "Bern", "Chur"];
    let sale = |n: usize| json!({"id": n, "city": cities[n % 3], "total": 100 + n * n % 977, "lines": [{"sku": n % 7}]});
    let all: Vec<_> = (0..20_000).map(sale).collect();
    sales.bulk_insert(&all[..15_000]).wait()?;
    let written = sales.bulk_insert(&all[15_000..]).wait()?;

    // Three quarters go to the lake. The statement is the same, and so is what it finds.
    let by_city = "SELECT city, count(*) AS sales, sum(total) AS total FROM sales GROUP BY city ORDER BY city";
    println!("all hot:");
    print(db.sql(by_city)?)?;
    Tier::of(db.namespace())?.hand_off(&sales, Policy::KeepRows(5_000)).wait()?;
    println!("a quarter hot, the rest in Parquet:");
    print(db.sql(by_city)?)?;

    // Both tiers change; the past stays what it was.
    for n in 0..300 {
        sales.delete(n * 3).wait()?;
    }
    println!("without 300 sales in Basel, and as it was before:");
    print(db.sql(by_city)?)?;
    print(db.sql(by_city)?.as_of(written.last))?;

    println!("the product that sold best, from within the lines:");
    print(db.sql(
        "SELECT CAST(json_get_int(lines, 0, 'sku') AS VARCHAR) AS sku, count(*) AS sales, \
         sum(total) AS total FROM sales GROUP BY 1 ORDER BY total DESC LIMIT 1",
    )?)?;

    // What is wrong is said with its place.
    match db.sql("SELECT city, totl FROM sales")?.run().wait() {
        Err(error) => println!("refused: {error}"),
        Ok(rows) => println!("{rows:?}"),
    }
    Ok(())
}

/// Prints rows of a text and two numbers.
fn print(query: SqlQuery) -> Result<()> {
    let mut rows = query.run().wait()?;
    for batch in rows.blocking() {
        let batch = batch?;
        let (names, sales) = (batch.column(0), batch.column(1).as_primitive::<Int64Type>());
        let totals = batch.column(2).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let name = names.as_string::<i32>().value(row);
            println!("  {name:<6} {:>6} {:>10}", sales.value(row), totals.value(row));
        }
    }
    Ok(())
}
