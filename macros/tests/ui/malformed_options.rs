//! Options are written in one way.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(document, name = customers)]
struct Name1 {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document, name)]
struct Name2 {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document, name = "")]
struct Name3 {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document, name = "a", name = "b")]
struct Name4 {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document, crate = 5)]
struct Crate {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Empty {
    #[store(id)]
    id: String,
    #[store()]
    email: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store]
struct Bare {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store = "document"]
struct Equals {
    #[store(id)]
    id: String,
}

fn main() {}
