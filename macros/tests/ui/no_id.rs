//! A document needs an id.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Customer {
    id: String,
}

fn main() {}
