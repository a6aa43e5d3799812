//! One type has one store.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(document, vector)]
struct Customer {
    #[store(id)]
    id: String,
}

fn main() {}
