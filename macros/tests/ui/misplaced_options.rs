//! Options of the struct and of fields are told apart.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(document, id)]
struct OnStruct {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct OnField {
    #[store(id)]
    id: String,
    #[store(name = "mail")]
    email: String,
}

fn main() {}
