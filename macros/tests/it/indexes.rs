//! Indexes from fields and from the struct.

use headwater::Store;
use headwater::document::{Document, IndexSpec, Uniqueness};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Address {
    city: String,
    phone: Option<String>,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document, index = "address.city", unique = "tags.0")]
struct Customer {
    #[store(id)]
    id: String,
    #[store(unique)]
    email: String,
    #[store(index)]
    tags: Vec<String>,
    #[store(index = "address.phone")]
    address: Address,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document, index = "city")]
struct Flat {
    #[store(id)]
    id: String,
    #[serde(flatten)]
    address: Address,
}

#[test]
fn indexes_of_fields_come_before_those_of_the_struct() {
    let many = |path| IndexSpec { path, uniqueness: Uniqueness::Many };
    let unique = |path| IndexSpec { path, uniqueness: Uniqueness::Unique };
    let expected = [
        unique("email"),
        many("tags"),
        many("address.phone"),
        many("address.city"),
        unique("tags.0"),
    ];
    assert_eq!(Customer::indexes(), expected);
}

#[test]
fn a_struct_with_a_flattened_field_may_index_any_name() {
    assert_eq!(Flat::indexes().len(), 1);
    assert_eq!(Flat::indexes()[0].path, "city");
}

#[derive(Store, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[store(document, index = "kind")]
struct Tagged {
    #[store(id)]
    id: String,
}

#[test]
fn the_tag_that_serde_adds_can_be_indexed() {
    assert_eq!(Tagged::indexes()[0].path, "kind");
}
