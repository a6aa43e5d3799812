//! Ids are text, integers or UUIDs, and always there.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Reading {
    #[store(id)]
    time: f64,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Draft {
    #[store(id)]
    id: Option<String>,
}

fn main() {}
