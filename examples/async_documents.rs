//! The same operations awaited: any executor will do, and many writes can be under way at once.
//!
//! `cargo run --example async_documents -p headwater-examples`

use std::time::Instant;

use futures_lite::future;
use headwater::Result;
use headwater::filter::field;
use headwater::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Store)]
#[store(document)]
struct Measurement {
    #[store(id)]
    id: String,
    #[store(index)]
    station: String,
    celsius: f64,
}

fn measurement(number: u32) -> Measurement {
    Measurement {
        id: format!("m{number:04}"),
        station: ["Bern", "Oslo", "Quito"][number as usize % 3].to_owned(),
        celsius: f64::from(number % 40) - 10.0,
    }
}

fn main() -> Result<()> {
    future::block_on(run())
}

async fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let db = Headwater::builder(folder.path().join("weather.hw")).with::<Measurement>().open()?;

    // Each write is a durable commit. Those that wait together share the way to the disk.
    let began = Instant::now();
    let mut accepted = Vec::new();
    for number in 0..500 {
        accepted.push(db.insert(&measurement(number)).submit().await?);
    }
    for pending in accepted {
        pending.await?;
    }
    println!("500 durable writes in {:.0?}", began.elapsed());

    // Two at a time, from two tasks.
    let one = async { db.put(&measurement(500)).await };
    let other = async { db.put(&measurement(501)).await };
    let (one, other) = future::try_zip(one, other).await?;
    println!("written as events {} and {}", one.sequence, other.sequence);

    let read = db.get::<Measurement>("m0007").await?;
    assert_eq!(read, Some(measurement(7)));

    let filter = field("station").eq("Oslo") & field("celsius").lt(0);
    let cold = db.find::<Measurement>(filter)?.sort("celsius", Order::Ascending).limit(3);
    for found in cold.run().await?.documents {
        println!("{} in Oslo: {} °C", found.document.id, found.document.celsius);
    }

    // The closure runs on the writer's thread; its result is awaited like any other.
    let warmer = db
        .transaction(|tx| {
            let mut changed = 0;
            for id in ["m0000", "m0003", "m0006"] {
                if let Some(mut measurement) = tx.get::<Measurement>(id)? {
                    measurement.celsius += 0.5;
                    tx.put(&measurement)?;
                    changed += 1;
                }
            }
            tx.publish("Station.recalibrated", &"Bern")?;
            Ok(changed)
        })
        .await?;
    println!("{warmer} measurements of Bern corrected, in one transaction");
    db.close()
}
