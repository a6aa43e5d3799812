//! A store of a later release is known by name.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(graph)]
struct Person {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(timeseries, crate = headwater_document)]
struct Reading {
    #[store(id)]
    id: String,
}

fn main() {}
