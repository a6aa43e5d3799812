//! An id needs no index, and its attribute is said once.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Indexed {
    #[store(id, unique)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Twice {
    #[store(id)]
    #[store(id)]
    id: String,
}

fn main() {}
