//! Ids and indexes go by the names that serde writes.

use headwater::Store;
use headwater::document::Document;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Store, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[store(document)]
struct Customer {
    #[store(id)]
    customer_id: String,
    #[store(index)]
    postal_code: String,
    #[serde(rename = "e-mail")]
    #[store(unique)]
    email: String,
    #[serde(rename(serialize = "written", deserialize = "written"))]
    #[store(index)]
    other: u8,
    #[serde(flatten)]
    more: serde_json::Map<String, Value>,
}

#[derive(Store, Serialize, Deserialize)]
#[serde(rename_all(serialize = "SCREAMING_SNAKE_CASE", deserialize = "SCREAMING_SNAKE_CASE"))]
#[store(document)]
struct Loud {
    #[store(id)]
    the_id: i64,
}

#[test]
fn renamed_fields_are_known_by_their_json_names() {
    assert_eq!(Customer::id_field(), "customerId");
    let paths: Vec<&str> = Customer::indexes().iter().map(|index| index.path).collect();
    assert_eq!(paths, ["postalCode", "e-mail", "written"]);
    assert_eq!(Loud::id_field(), "THE_ID");
}

#[test]
fn the_names_are_those_that_serde_writes() {
    let customer = Customer {
        customer_id: "c".into(),
        postal_code: "3000".into(),
        email: "c@example.org".into(),
        other: 1,
        more: serde_json::Map::new(),
    };
    let written = serde_json::to_value(&customer).unwrap();
    assert_eq!(written[Customer::id_field()], json!("c"));
    for index in Customer::indexes() {
        assert!(written.get(index.path).is_some(), "{}", index.path);
    }
    assert_eq!(serde_json::to_value(Loud { the_id: 1 }).unwrap()[Loud::id_field()], json!(1));
}
