//! Index paths are checked against the fields.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Address {
    city: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document, index = "adress.city", index = "a..b", index)]
struct OnStruct {
    #[store(id)]
    id: String,
    address: Address,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document, index = "adress.city", index = "a..b", index = "address.city", unique = "address.city")]
struct Paths {
    #[store(id)]
    id: String,
    address: Address,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct OnFields {
    #[store(id)]
    id: String,
    #[store(index = "city")]
    address: Address,
    #[store(index, unique)]
    email: String,
    #[store(index)]
    #[serde(skip)]
    cache: u32,
    #[store(index)]
    #[serde(rename = "a.b")]
    dotted: u32,
    #[store(index)]
    #[serde(flatten)]
    more: Address,
}

fn main() {}
