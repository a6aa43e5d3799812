//! A consumer of the change log whose results are exact, whatever happens: it stores them in the same
//! transaction as its place in the log.
//!
//! `cargo run --example follow -p headwater-examples`

use std::path::Path;
use std::thread;
use std::time::Duration;

use headwater::cdc::{Batch, EventFilter};
use headwater::prelude::*;
use headwater::{Error, Result};
use serde::{Deserialize, Serialize};

/// What happens.
#[derive(Clone, Debug, Serialize, Deserialize, Store)]
#[store(document)]
struct Sale {
    #[store(id)]
    id: u32,
    product: String,
    cents: i64,
}

/// What the consumer makes of it: one for each product.
#[derive(Clone, Debug, Serialize, Deserialize, Store)]
#[store(document)]
struct Turnover {
    #[store(id)]
    product: String,
    sales: u64,
    cents: i64,
}

const SALES: u32 = 2_000;

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("shop.hw");

    // The first run ends after some batches, as if the process had been restarted.
    let first = run(&path, 0..SALES / 2, Some(5))?;
    println!("first run:  {first} events were handled, then it stopped");
    let second = run(&path, SALES / 2..SALES, None)?;
    println!("second run: {second} events were handled, from where the first had stopped");
    assert_eq!(first + second, u64::from(SALES));

    let db = open(&path)?;
    let mut sales = 0;
    for found in db.find::<Turnover>(Filter::all())?.run().wait()?.documents {
        let Turnover { product, sales: number, cents } = found.document;
        println!("{product:<7} {number:>5} sales {:>9.2}", cents as f64 / 100.0);
        sales += number;
    }
    assert_eq!(sales, u64::from(SALES), "each sale counts once");
    db.close()
}

fn open(path: &Path) -> Result<Headwater> {
    Headwater::builder(path).with::<Sale>().with::<Turnover>().open()
}

/// Sells while another thread follows; returns how many events that one has handled.
fn run(path: &Path, ids: std::ops::Range<u32>, batches: Option<usize>) -> Result<u64> {
    let db = open(path)?;
    let consumer = thread::spawn({
        let db = db.clone();
        move || follow(&db, batches)
    });
    for id in ids {
        let product = ["apples", "bread", "cheese"][id as usize % 3].to_owned();
        db.insert(&Sale { id, product, cents: i64::from(id % 500) + 100 }).wait()?;
    }
    let handled = consumer.join().map_err(|_| Error::invalid("the consumer panicked"))??;
    db.close()?;
    Ok(handled)
}

/// Handles sales until none has come for a while, or so many batches were handled.
fn follow(db: &Headwater, batches: Option<usize>) -> Result<u64> {
    let cursor = db.changes().cursor("turnover").wait()?;
    let filter = EventFilter::all().table("sales");
    let mut subscription = cursor.subscribe(filter)?;
    let mut handled = 0;
    for _ in 0..batches.unwrap_or(usize::MAX) {
        match subscription.next_batch_wait(Duration::from_millis(500))? {
            Some(batch) => handled += add(db, batch)?,
            None => break,
        }
    }
    Ok(handled)
}

/// Adds a batch of sales and moves the cursor past them: both, or neither.
fn add(db: &Headwater, batch: Batch) -> Result<u64> {
    db.transaction(move |tx| {
        let mut handled = 0;
        for event in batch.events() {
            let Some(sale) = event?.after::<Sale>()? else { continue };
            let known = tx.get::<Turnover>(&*sale.product)?;
            let mut turnover =
                known.unwrap_or(Turnover { product: sale.product, sales: 0, cents: 0 });
            turnover.sales += 1;
            turnover.cents += sale.cents;
            tx.put(&turnover)?;
            handled += 1;
        }
        batch.ack_within(tx)?;
        Ok(handled)
    })
    .wait()
}
