//! The id must stand in the JSON as it is.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Skipped {
    #[store(id)]
    #[serde(skip)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Sometimes {
    #[store(id)]
    #[serde(default, skip_serializing_if = "String::is_empty")]
    id: String,
}

#[derive(Serialize, Deserialize)]
struct Inner {
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Flattened {
    #[store(id)]
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct Custom {
    #[store(id)]
    #[serde(with = "custom")]
    id: String,
}

mod custom {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(id: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        String::deserialize(deserializer)
    }
}

fn main() {}
