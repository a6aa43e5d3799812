//! The same derive with the facade, with the document crate alone, and by another name.

use headwater_document::{Document, DocumentStore, Store};
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize, Debug, PartialEq)]
#[store(document, crate = headwater_document)]
struct Alone {
    #[store(id)]
    id: i64,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document, crate = "headwater_document")]
struct Quoted {
    #[store(id)]
    id: i64,
}

mod renamed {
    use headwater as hw;
    use serde::{Deserialize, Serialize};

    #[derive(hw::Store, Serialize, Deserialize)]
    #[store(document, crate = hw)]
    pub(super) struct Routed {
        #[store(id)]
        pub(super) id: i64,
    }
}

#[test]
fn the_document_crate_is_enough() {
    let ns = headwater_document::primitives::Namespace::in_memory().unwrap();
    let store: DocumentStore<Alone> = DocumentStore::open_default(&ns).unwrap();
    store.put(&Alone { id: 1 }).wait().unwrap();
    assert_eq!(store.get(1).wait().unwrap(), Some(Alone { id: 1 }));
    assert_eq!(Quoted::collection(), "quoteds");
}

#[test]
fn a_renamed_facade_routes_too() {
    let db = headwater::Headwater::in_memory().unwrap();
    db.put(&renamed::Routed { id: 5 }).wait().unwrap();
    assert_eq!(db.get::<renamed::Routed>(5).wait().unwrap().map(|found| found.id), Some(5));
}
