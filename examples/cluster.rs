//! A statement over the lake, run by another engine: a Ballista scheduler and two executors, on loopback.
//!
//! `cargo run --example cluster -p headwater-examples --features cluster`

use std::error::Error;

use ballista::prelude::SessionContextExt as _;
use ballista_core::serde::BallistaCodec;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_executor::new_standalone_executor;
use ballista_scheduler::standalone::new_standalone_scheduler;
use headwater::lake::{Policy, Tier};
use headwater::prelude::*;
use headwater::sql::arrow_array::RecordBatch;
use headwater::sql::datafusion::arrow::util::pretty::pretty_format_batches;
use headwater::sql::datafusion::prelude::SessionContext;
use headwater::sql::{LakePlan, SqlQuery};
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn Error>>;

const EXECUTORS: usize = 2;

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let db = Headwater::open(folder.path().join("shop.hw"))?;
    let (sales, cities) = (db.collection("sales")?, db.collection("cities")?);
    let names = ["Basel", "Bern", "Chur", "Genf"];
    let sale = |n: usize| json!({"id": n, "city": names[n % 4], "total": 100 + n * n % 977});
    sales.bulk_insert(&(0..50_000).map(sale).collect::<Vec<_>>()).wait()?;
    let languages = ["German", "German", "Romansh", "French"];
    let city = |(name, language)| json!({"name": name, "language": language});
    let all: Vec<_> = names.into_iter().zip(languages).map(city).collect();
    cities.bulk_insert(&all).wait()?;

    // What another engine is to read has to be in the lake.
    let lake = Tier::of(db.namespace())?;
    lake.hand_off(&sales, Policy::All).wait()?;
    lake.hand_off(&cities, Policy::All).wait()?;

    let statement = "SELECT c.language, count(*) AS sales, sum(s.total) AS total \
        FROM sales s JOIN cities c ON c.name = s.city GROUP BY c.language ORDER BY c.language";
    let plan = db.sql(statement)?.lake_plan().wait()?;
    let elsewhere = tokio::runtime::Runtime::new()?.block_on(run(&plan))?;
    let elsewhere = pretty_format_batches(&elsewhere)?.to_string();
    println!("{EXECUTORS} executors, over the lake's files:\n{elsewhere}");

    let here = pretty_format_batches(&here(db.sql(statement)?)?)?.to_string();
    assert_eq!(elsewhere, here, "the answers differ");
    println!("The same as here.");
    Ok(())
}

/// Starts a cluster of one scheduler and its executors, on ports that are free, and runs a plan there. The
/// cluster ends with the runtime.
async fn run(plan: &LakePlan) -> Outcome<Vec<RecordBatch>> {
    let port = new_standalone_scheduler().await?.port();
    for _ in 0..EXECUTORS {
        let scheduler = SchedulerGrpcClient::connect(format!("http://localhost:{port}")).await?;
        new_standalone_executor(scheduler, 1, BallistaCodec::default()).await?;
    }
    let cluster = SessionContext::remote(&format!("df://localhost:{port}")).await?;
    Ok(cluster.execute_logical_plan(plan.logical_plan().clone()).await?.collect().await?)
}

fn here(query: SqlQuery) -> Outcome<Vec<RecordBatch>> {
    let mut rows = query.run().wait()?;
    let batches = rows.blocking().collect::<headwater::Result<_>>()?;
    Ok(batches)
}
