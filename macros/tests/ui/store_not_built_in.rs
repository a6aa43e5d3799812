//! A store of a later release is known by name, whatever else the type says.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(graph)]
struct Person {
    #[store(id)]
    id: String,
}

#[derive(Store)]
#[store(timeseries, crate = headwater_document)]
struct Reading {
    #[store(time)]
    at: u64,
}

#[derive(Store)]
#[store(blob, chunk = "1 MiB")]
enum Picture {
    Png(Vec<u8>),
}

fn main() {}
