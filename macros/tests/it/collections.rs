//! The name of the collection.

use headwater::Store;
use headwater::document::Document;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct OrderLine {
    #[store(id)]
    id: i64,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document, name = "people")]
struct Person {
    #[store(id)]
    id: i64,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
#[store(name = "kinds of things")]
#[allow(non_camel_case_types, reason = "the test is about such a name")]
struct r#type {
    #[store(id)]
    id: i64,
}

#[test]
fn the_type_s_name_gives_the_collection_s() {
    assert_eq!(OrderLine::collection(), "order_lines");
}

#[test]
fn a_name_that_is_given_is_taken() {
    assert_eq!(Person::collection(), "people");
    assert_eq!(r#type::collection(), "kinds of things");
}
