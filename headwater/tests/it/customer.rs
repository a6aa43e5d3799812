//! The type that the tests store.

use headwater::Store;
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store(document)]
pub(crate) struct Customer {
    #[store(id)]
    pub(crate) id: String,
    #[store(unique)]
    pub(crate) email: String,
    #[store(index)]
    pub(crate) city: String,
}

/// A customer whose e-mail address follows from the id.
pub(crate) fn customer(id: &str, city: &str) -> Customer {
    Customer { id: id.into(), email: format!("{id}@example.org"), city: city.into() }
}

/// An order, in another collection and with another kind of id.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store(document, name = "sales")]
pub(crate) struct Order {
    #[store(id)]
    pub(crate) number: u32,
    pub(crate) customer: String,
}
