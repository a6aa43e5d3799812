//! Unknown options are named, with the nearest known one.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(docment)]
struct Store1 {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Store2 {
    #[store(id)]
    id: String,
    #[store(uniqe)]
    email: String,
    #[store(primary_key)]
    name: String,
}

fn main() {}
