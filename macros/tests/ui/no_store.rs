//! A type must say which store keeps it.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
struct Customer {
    #[store(id)]
    id: String,
}

fn main() {}
