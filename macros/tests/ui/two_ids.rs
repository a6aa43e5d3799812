//! A document has one id.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Customer {
    #[store(id)]
    id: String,
    #[store(id)]
    email: String,
}

fn main() {}
