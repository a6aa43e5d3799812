//! What the fields of a type of the vector store cannot be.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(vector, dim = 4)]
struct TwoOfEach {
    #[store(id)]
    id: String,
    #[store(embedding)]
    first: Vec<f32>,
    #[store(embedding)]
    second: Vec<f32>,
    #[store(text, text)]
    title: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(vector, dim = 4)]
struct Mixed {
    #[store(id, filter)]
    id: String,
    #[store(text, filter)]
    body: String,
    #[serde(skip)]
    #[store(embedding)]
    meaning: Vec<f32>,
    #[store(index)]
    year: u16,
    #[serde(rename = "a.b")]
    #[store(filter)]
    dotted: u16,
}

#[derive(Store, Serialize, Deserialize)]
#[store(vector, dim = 4)]
struct OtherTypes {
    #[store(id)]
    id: String,
    #[store(embedding)]
    meaning: Vec<f64>,
    #[store(text)]
    body: u32,
}

fn main() {}
