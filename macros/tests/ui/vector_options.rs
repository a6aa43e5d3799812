//! What a type of the vector store cannot say on the struct.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(vector)]
struct NoDimensions {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(vector, dim = 0, metric = "euclid", prefixes = [64, 32], index = "id")]
struct Impossible {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(vector, dim = "384")]
struct QuotedNumber {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(vector, dim = 4, prefixes = 2)]
struct OneNumber {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document, dim = 4)]
struct OfDocuments {
    #[store(id)]
    id: String,
    #[store(text)]
    body: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(vector, dim = 4, text)]
struct TextOnStruct {
    #[store(id)]
    id: String,
}

fn main() {}
