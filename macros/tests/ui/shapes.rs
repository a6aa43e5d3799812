//! Only structs with named fields are documents.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
enum Payment {
    Card { number: String },
    Cash,
}

#[derive(Store)]
#[store(document)]
union Bits {
    id: u64,
    bytes: [u8; 8],
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Pair(#[store(id)] String, u32);

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Nothing;

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Envelope<T> {
    #[store(id)]
    id: String,
    content: T,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Borrowed<'a> {
    #[store(id)]
    id: &'a str,
}

#[derive(Store, Serialize, Deserialize)]
#[serde(transparent)]
#[store(document)]
struct Transparent {
    #[store(id)]
    id: String,
}

fn main() {}
